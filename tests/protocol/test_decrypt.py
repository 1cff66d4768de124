"""Decrypting together: one round, t of n suffice, one traitor for each way to lie, and nobody honest is blamed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping

import pytest
from tests.protocol.conftest import Scene, perform

from votive.protocol import Blamed, DecryptionFailed, DecryptLimits, IdentitiesDiffer, NotEnoughNodes
from votive.protocol.decrypt import ShareMessage, identity_hash
from votive.protocol.simulation import Sent, Weather
from votive.protocol.simulation.decryption import decrypt_everywhere, toy_combine, toy_decryption_share, toy_fits
from votive.protocol.simulation.traitors import Behaviour, Traitor, changed, edited, extended, flipped, silent, truncated, with_payload
from votive.protocol.wire import decode
from votive.terms.encoding import encode
from votive.terms.errors import VotiveError
from votive.terms.frame import Kind
from votive.terms.participant import Seat

IDENTITY, ANOTHER = b"identity", b"another identity"
Results = Mapping[Seat, bytes | VotiveError]


def the_key(scene: Scene, identity: bytes = IDENTITY) -> bytes:
    """The decryption key that t honest shares make."""
    group, nodes = scene.committee.group, scene.committee.nodes
    seats = scene.committee.seats[: scene.committee.threshold]
    shares = {seat: toy_decryption_share(group, nodes[seat].shares[scene.key], identity) for seat in seats}
    return toy_combine(group, nodes[seats[0]].shares[scene.key], identity, shares)


def assert_all_honest_decrypted(scene: Scene, results: Results) -> None:
    scene.assert_no_honest_node_is_blamed()
    assert all(traitor.deeds for traitor in scene.traitors.values()), "the fault was not exercised"
    assert {results[seat] for seat in scene.honest} == {the_key(scene)}


def last(scene: Scene) -> list[Seat]:
    """As many seats as may fail: n - t."""
    return list(scene.committee.seats[scene.committee.threshold :])


def first(scene: Scene) -> list[Seat]:
    return list(scene.committee.seats[: len(last(scene))])


def everyone_late_but(scene: Scene, early: list[Seat]) -> dict[Seat, float]:
    """The others meet after what ``early`` sent has arrived, so that it is used first."""
    return dict.fromkeys([seat for seat in scene.committee.seats if seat not in early], 0.1)


def test_all_nodes_get_the_same_decryption_key_in_one_round(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        before = len(scene.committee.network.wire)
        assert_all_honest_decrypted(scene, await decrypt_everywhere(scene.committee, scene.key))
        sent = scene.committee.network.wire[before:]
        assert {message.kind for message in sent} == {Kind.DECRYPT_SHARE}
        assert len(sent) == n * (n - 1)

    perform(scenario, n)


def test_t_of_n_suffice(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        dead = last(scene)
        scene.committee.network.kill(*dead)
        results = await decrypt_everywhere(scene.committee, scene.key)
        assert {results[seat] for seat in scene.committee.seats if seat not in dead} == {the_key(scene)}

    perform(scenario, n)


def test_with_fewer_than_t_nodes_there_is_a_clear_error_before_the_deadline(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        dead = scene.committee.seats[scene.committee.threshold - 1 :]
        scene.committee.network.kill(*dead)
        began = scene.committee.clock.now()
        results = await decrypt_everywhere(scene.committee, scene.key)
        assert scene.committee.clock.now() - began < DecryptLimits().deadline / 2
        for seat in set(scene.committee.seats) - set(dead):
            error = results[seat]
            assert isinstance(error, NotEnoughNodes)
            assert set(dead) <= set(error.silent)
            assert "decrypt together" in error.message

    perform(scenario, n)


def test_a_link_that_comes_up_late_is_told_the_share(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        alone, network = scene.committee.seats[-1], scene.committee.network
        network.kill(*scene.committee.seats[1:])
        late = dict.fromkeys(scene.committee.seats[1:], 0.7)

        async def revive() -> None:
            await scene.committee.clock.sleep(0.5)
            network.revive(*scene.committee.seats)

        results, _ = await asyncio.gather(decrypt_everywhere(scene.committee, scene.key, late=late), revive())
        assert results[alone] == results[scene.committee.seats[0]] == the_key(scene)

    perform(scenario, n)


def test_weather_costs_time_at_most() -> None:
    async def scenario(scene: Scene) -> None:
        assert_all_honest_decrypted(scene, await decrypt_everywhere(scene.committee, scene.key))

    for seed in range(20):
        perform(scenario, 7, seed=seed, weather=Weather(delay=(0.0, 1.0), repeat=0.3))


# One traitor for each way to lie: used first, so that the combination fails and it is looked for


def another_seat(payload: bytes) -> bytes:
    """The same share under the number of another seat."""
    return payload.replace(message_of(payload).share, bytes([200]) + message_of(payload).share[1:])


def message_of(payload: bytes) -> ShareMessage:
    return decode(payload, ShareMessage)


def no_point(payload: bytes) -> bytes:
    """A share of the right length that is no point at all."""
    return encode(ShareMessage(identity=message_of(payload).identity, share=message_of(payload).share[:1] + b"\xff" * 96))


def flipped_share(payload: bytes) -> bytes:
    message = message_of(payload)
    return encode(ShareMessage(identity=message.identity, share=message.share[:-1] + bytes([message.share[-1] ^ 1])))


LIES: dict[str, Behaviour] = {
    "a share with a bit flipped": changed(Kind.DECRYPT_SHARE, flipped_share),
    "no point": changed(Kind.DECRYPT_SHARE, no_point),
    "a share under another seat's number": changed(Kind.DECRYPT_SHARE, another_seat),
    "a truncated message": changed(Kind.DECRYPT_SHARE, truncated),
    "an extended message": changed(Kind.DECRYPT_SHARE, extended),
    "no message": changed(Kind.DECRYPT_SHARE, lambda _: b""),
}


@pytest.mark.parametrize("lie", LIES)
def test_who_sends_a_wrong_share_is_named_and_costs_nothing(n: int, lie: str) -> None:
    async def scenario(scene: Scene) -> None:
        for seat in first(scene):
            scene.corrupt(seat, LIES[lie])
        results = await decrypt_everywhere(scene.committee, scene.key, late=everyone_late_but(scene, first(scene)))
        assert_all_honest_decrypted(scene, results)
        assert set(scene.blamed()) == set(first(scene))

    perform(scenario, n)


def test_what_convicts_a_liar_convinces_whoever_was_not_there(n: int) -> None:
    """A31: the message is signed by its author, and the share in it does not verify."""

    async def scenario(scene: Scene) -> None:
        committee, traitor = scene.committee, scene.committee.seats[0]
        scene.corrupt(traitor, changed(Kind.DECRYPT_SHARE, flipped_share))
        assert_all_honest_decrypted(scene, await decrypt_everywhere(committee, scene.key, late=everyone_late_but(scene, [traitor])))
        proves = committee.network.proves(committee.session(scene.key, "request"))
        public = committee.nodes[scene.honest[0]].shares[scene.key]
        found = [event for seat in scene.honest for event in committee.nodes[seat].events if isinstance(event, Blamed)]
        assert len(found) == n - 1
        for blamed in found:
            (envelope,) = blamed.evidence
            assert envelope.sender == blamed.seat == traitor
            assert proves(envelope)
            assert not toy_fits(committee.group, public, IDENTITY, traitor, message_of(envelope.payload).share)

    perform(scenario, n)


def share_of_another_identity(scene: Scene, seat: Seat) -> Callable[[bytes], bytes]:
    share = toy_decryption_share(scene.committee.group, scene.committee.nodes[seat].shares[scene.key], ANOTHER)
    return lambda payload: encode(ShareMessage(identity=message_of(payload).identity, share=share))


def test_a_good_share_of_another_identity_under_this_ones_name_is_a_lie(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.committee.seats[0]
        scene.corrupt(traitor, changed(Kind.DECRYPT_SHARE, share_of_another_identity(scene, traitor)))
        results = await decrypt_everywhere(scene.committee, scene.key, late=everyone_late_but(scene, [traitor]))
        assert_all_honest_decrypted(scene, results)
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_another_nodes_share_does_not_pass_for_the_senders(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, victim = scene.committee.seats[:2]
        stolen = toy_decryption_share(scene.committee.group, scene.committee.nodes[victim].shares[scene.key], IDENTITY)
        scene.corrupt(traitor, edited(Kind.DECRYPT_SHARE, ShareMessage, share=bytes([traitor]) + stolen[1:]))
        results = await decrypt_everywhere(scene.committee, scene.key, late=everyone_late_but(scene, [traitor]))
        assert_all_honest_decrypted(scene, results)
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_who_lies_to_some_is_named_by_them_and_costs_nobody_anything(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, *others = scene.committee.seats
        scene.corrupt(traitor, changed(Kind.DECRYPT_SHARE, flipped_share, to=others[::2]))
        results = await decrypt_everywhere(scene.committee, scene.key, late=everyone_late_but(scene, [traitor]))
        assert_all_honest_decrypted(scene, results)
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_silence_costs_nothing_and_convicts_nobody(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        for seat in last(scene):
            scene.corrupt(seat, silent(Kind.DECRYPT_SHARE))
        assert_all_honest_decrypted(scene, await decrypt_everywhere(scene.committee, scene.key))
        assert scene.blamed() == {}

    perform(scenario, n)


def test_a_second_share_of_one_node_is_not_looked_at(n: int) -> None:
    def twice(sent: Sent) -> list[Sent]:
        wrong = flipped_share(sent.payload)
        return [Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=sent.kind, attempt=1, payload=wrong), sent]

    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.committee.seats[0], twice)
        assert_all_honest_decrypted(scene, await decrypt_everywhere(scene.committee, scene.key))
        assert scene.blamed() == {}

    perform(scenario, n)


def test_more_liars_than_may_be_are_all_named_and_nothing_is_decrypted(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        liars = list(scene.committee.seats[: n - scene.committee.threshold + 1])
        for seat in liars:
            scene.corrupt(seat, changed(Kind.DECRYPT_SHARE, flipped_share))
        results = await decrypt_everywhere(scene.committee, scene.key, late=everyone_late_but(scene, liars))
        for seat in scene.honest:
            error = results[seat]
            assert isinstance(error, DecryptionFailed)
            assert error.culprits == tuple(liars)
        scene.assert_no_honest_node_is_blamed()

    perform(scenario, n)


# As chance has it


@pytest.mark.parametrize("seed", range(40))
def test_whatever_as_many_traitors_as_may_be_send_the_others_decrypt_and_blame_nobody_else(n: int, seed: int) -> None:
    async def scenario(scene: Scene) -> None:
        rng = random.Random(seed)
        for seat in rng.sample(list(scene.committee.seats), len(last(scene))):
            some = rng.sample(list(scene.committee.others(seat)), rng.randrange(1, n))
            scene.traitors[seat] = Traitor(rng.choice([*chances(scene, seat, some), *LIES.values()]))
            scene.committee.network.corrupt(seat, scene.traitors[seat])
        late = {seat: rng.random() * 0.2 for seat in scene.committee.seats}
        results = await decrypt_everywhere(scene.committee, scene.key, late=late)
        scene.assert_no_honest_node_is_blamed()
        assert {results[seat] for seat in scene.honest} == {the_key(scene)}

    perform(scenario, n, seed=seed, weather=Weather(delay=(0.0, 0.3), repeat=0.2))


def chances(scene: Scene, seat: Seat, some: list[Seat]) -> list[Behaviour]:
    return [
        silent(Kind.DECRYPT_SHARE, to=some),
        changed(Kind.DECRYPT_SHARE, flipped_share, to=some),
        changed(Kind.DECRYPT_SHARE, flipped, to=some),
        changed(Kind.DECRYPT_SHARE, share_of_another_identity(scene, seat), to=some),
        edited(Kind.DECRYPT_SHARE, ShareMessage, to=some, identity=identity_hash(ANOTHER)),
    ]


# Nodes that would decrypt different things


def test_a_minority_with_another_identity_costs_the_others_nothing_and_learns_it_at_once(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        others = last(scene)
        began = scene.committee.clock.now()
        results = await decrypt_everywhere(scene.committee, scene.key, identities=dict.fromkeys(others, ANOTHER))
        assert scene.committee.clock.now() - began < 0.5
        for seat in scene.committee.seats:
            result = results[seat]
            if seat in others:
                assert isinstance(result, IdentitiesDiffer)
                assert set(result.identities) == {identity_hash(IDENTITY), identity_hash(ANOTHER)}
            else:
                assert result == the_key(scene)
        assert scene.blamed() == {}

    perform(scenario, n)


def test_if_no_identity_has_t_nodes_all_are_told_so_at_once(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        half = scene.committee.seats[: n // 2]
        began = scene.committee.clock.now()
        results = await decrypt_everywhere(scene.committee, scene.key, identities=dict.fromkeys(half, ANOTHER))
        assert scene.committee.clock.now() - began < 0.5
        assert all(isinstance(error, IdentitiesDiffer) for error in results.values())
        assert scene.blamed() == {}

    perform(scenario, n)


def test_shares_of_one_call_are_nothing_in_another(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.committee.seats[0]
        await decrypt_everywhere(scene.committee, scene.key, ANOTHER, name="first")
        replayed = [sent for sent in scene.committee.network.wire if sent.sender == traitor and sent.kind is Kind.DECRYPT_SHARE]

        def replay(sent: Sent) -> list[Sent]:
            before = next(old for old in replayed if old.to == sent.to)
            return [
                with_payload(sent, encode(ShareMessage(identity=message_of(sent.payload).identity, share=message_of(before.payload).share)))
            ]

        scene.corrupt(traitor, replay)
        results = await decrypt_everywhere(scene.committee, scene.key, name="second", late=everyone_late_but(scene, [traitor]))
        assert_all_honest_decrypted(scene, results)
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_what_fewer_than_t_nodes_approved_is_not_decrypted(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        approving = scene.committee.seats[: scene.committee.threshold - 1]
        results = await decrypt_everywhere(scene.committee, scene.key, seats=approving)
        assert set(results) == set(approving)
        assert all(isinstance(error, NotEnoughNodes) for error in results.values())

    perform(scenario, n)


def test_equal_runs_have_equal_histories() -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.committee.seats[0], changed(Kind.DECRYPT_SHARE, flipped))
        await decrypt_everywhere(scene.committee, scene.key)

    assert perform(scenario, 7, seed=3) == perform(scenario, 7, seed=3)
