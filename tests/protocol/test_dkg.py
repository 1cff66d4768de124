"""Key generation: honest, with one traitor for each way to break it, and cut off at every step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import msgspec
import pytest

from votive.protocol import ConfirmsMissing, DkgAborted, DkgOutcome, NodesSilent, SetupsDiffer
from votive.protocol.dkg import _Commit, _Confirm, _Reveal
from votive.protocol.simulation import Committee, Sent, simulate
from votive.protocol.simulation.traitors import Behaviour, Traitor, changed, edited, extended, flipped, silent, truncated
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.key import Purpose
from votive.terms.participant import Seat

TRAITOR = Seat(2)


def generated(n: int, behaviour: Behaviour | None = None, seats: Iterable[Seat] | None = None) -> tuple[Committee, dict]:
    """Generate a batch, perhaps with a traitor in seat 2; return what came of it everywhere."""

    async def play() -> tuple[Committee, dict]:
        committee = Committee(range(1, n + 1), seed=11)
        traitor = Traitor(behaviour) if behaviour is not None else None
        if traitor is not None:
            committee.network.corrupt(TRAITOR, traitor)
        results = await committee.generate_everywhere(seats=seats)
        assert traitor is None or traitor.deeds, "the fault was not exercised"
        return committee, results

    return simulate(play())


def honest(committee: Committee) -> list[Seat]:
    return [seat for seat in committee.seats if seat != TRAITOR]


def kinds_sent_by(committee: Committee, seats: Iterable[Seat]) -> set[Kind]:
    return {sent.kind for sent in committee.network.wire if sent.sender in set(seats)}


def test_all_nodes_generate_the_same_keys_and_hold_n_equal_confirms(n: int) -> None:
    committee, results = generated(n)
    outcomes = list(results.values())
    assert all(isinstance(outcome, DkgOutcome) for outcome in outcomes)
    assert len({(outcome.batch.transcript_hash, outcome.batch.keys) for outcome in outcomes}) == 1
    assert all(set(outcome.confirms) == set(committee.others(seat)) and all(outcome.confirms.values()) for seat, outcome in results.items())


def test_any_t_shares_make_the_key_and_each_fits_its_verification_share(n: int) -> None:
    committee, results = generated(n)
    group, shares = committee.group, {seat: outcome.batch.shares[0] for seat, outcome in results.items()}
    for seats in (committee.seats[: committee.threshold], committee.seats[-committee.threshold :]):
        secret = sum(group.lagrange(seat, seats) * shares[seat].secret for seat in seats)
        assert group.encode(group.exp(secret)) == shares[seats[0]].public_key
    assert all(group.encode(group.exp(share.secret)) == share.verification_shares[seat] for seat, share in shares.items())


def test_a_node_confirms_only_after_its_batch_is_durably_staged(n: int) -> None:
    async def play() -> None:
        committee = Committee(range(1, n + 1), seed=3)
        staged: set[Seat] = set()
        network = committee.network

        def stage_of(seat: Seat):
            async def stage(batch) -> None:
                await committee.clock.sleep(0.01 * seat)
                assert not [sent for sent in network.wire if sent.sender == seat and sent.kind is Kind.DKG_CONFIRM]
                staged.add(seat)

            return stage

        await asyncio.gather(*(committee.generate_at(seat, committee.dkg_setup(), stage_of(seat)) for seat in committee.seats))
        assert staged == set(committee.seats)

    simulate(play())


def test_a_node_that_cannot_store_confirms_nothing_and_nobody_votes(n: int) -> None:
    async def play() -> None:
        committee = Committee(range(1, n + 1), seed=3)

        async def full(batch) -> None:
            raise OSError("no space left on device")

        broken, *others = committee.seats
        works = [committee.generate_at(broken, committee.dkg_setup(), full)]
        works += [committee.generate_at(seat, committee.dkg_setup(), seconds=1.0) for seat in others]
        first, *rest = await asyncio.gather(*works, return_exceptions=True)
        assert isinstance(first, OSError)
        assert all(isinstance(error, ConfirmsMissing) and error.missing == (broken,) for error in rest)

    simulate(play())


CHANGES = {
    "network": b"\x06" * 32,
    "epoch": 2,
    "batch": 2,
    "count": 2,
    "threshold": 2,
    "seats": (1, 2, 3, 5),
    "deadline_block": 501,
    "purpose": "other",
}


@pytest.mark.parametrize("field", CHANGES)
def test_any_difference_in_the_setup_ends_it_before_anything_is_revealed(n: int, field: str) -> None:
    async def play() -> None:
        committee = Committee(range(1, n + 1), seed=5)
        setup, value = committee.dkg_setup(), CHANGES[field]
        if field == "seats":
            value = (*committee.seats[:-1], Seat(77))
        if field == "purpose":
            value = next((purpose for purpose in Purpose if purpose != setup.purpose), "unknown-purpose")
        other = msgspec.structs.replace(setup, **{field: value})
        session = setup.session
        works = {}
        for seat in committee.seats:
            works[seat] = generate_in(committee, session, seat, other if seat == TRAITOR else setup)
        results = dict(zip(works, await asyncio.gather(*works.values(), return_exceptions=True), strict=True))
        for seat in honest(committee):
            assert isinstance(results[seat], SetupsDiffer | DkgAborted), results[seat]
            assert results[seat].culprits == ()
        assert any(isinstance(result, SetupsDiffer) for result in results.values())
        assert not kinds_sent_by(committee, committee.seats) & {Kind.DKG_REVEAL, Kind.DKG_DEAL, Kind.DKG_CONFIRM}
        assert not any(node.staged for node in committee.nodes.values())

    simulate(play())


async def generate_in(committee: Committee, session: bytes, seat: Seat, setup):
    """As ``Committee.generate_at``, in a session that does not follow from the set-up: the nodes meet and disagree."""
    from votive.protocol import generate
    from votive.protocol.simulation import directly

    async def stage(batch) -> None:
        committee.nodes[seat].staged.append(batch)

    return await generate(
        committee.network.open(session, seat),
        setup,
        make_party=lambda context: committee._dkg_party(seat, setup, context),
        stage=stage,
        run=directly,
        clock=committee.clock,
        seconds=2.0,
    )


NAMED = {
    "a commitment that is no message": changed(Kind.DKG_COMMIT, truncated),
    "a commitment with a suffix": changed(Kind.DKG_COMMIT, extended),
    "a reveal that is no message": changed(Kind.DKG_REVEAL, truncated),
    "a reveal with a suffix": changed(Kind.DKG_REVEAL, extended),
    "a reveal that does not open its commitment": changed(Kind.DKG_REVEAL, flipped),
    "an empty reveal": edited(Kind.DKG_REVEAL, _Reveal, packages=b""),
}


@pytest.mark.parametrize("fault", NAMED)
def test_a_traitor_that_everyone_can_convict_is_named_by_everyone(n: int, fault: str) -> None:
    committee, results = generated(n, NAMED[fault])
    named = [results[seat].culprits for seat in honest(committee)]
    assert (TRAITOR,) in named
    assert set(named) <= {(TRAITOR,), ()}
    assert all(isinstance(results[seat], DkgAborted) for seat in honest(committee))
    assert Kind.DKG_CONFIRM not in kinds_sent_by(committee, committee.seats)
    assert not any(committee.nodes[seat].staged for seat in honest(committee))


def test_a_copied_commitment_opens_for_its_author_only(n: int) -> None:
    def copy(sent: Sent) -> list[Sent]:
        """A rushing traitor repeats what seat 1 committed and revealed as its own."""
        to = sent.sender if sent.to == TRAITOR else sent.to
        twin = Sent(session=sent.session, sender=TRAITOR, to=to, kind=sent.kind, attempt=0, payload=sent.payload)
        return [sent, twin] if sent.kind in (Kind.DKG_COMMIT, Kind.DKG_REVEAL) else [sent]

    async def play() -> None:
        committee = Committee(range(1, n + 1), seed=11)
        committee.network.corrupt(Seat(1), copy)
        traitor = Traitor(silent(Kind.DKG_COMMIT, Kind.DKG_REVEAL, Kind.DKG_ABORT))
        committee.network.corrupt(TRAITOR, traitor)
        results = await committee.generate_everywhere()
        assert traitor.deeds
        culprits = {seat: getattr(results[seat], "culprits", None) for seat in committee.seats[2:]}
        assert (TRAITOR,) in culprits.values()
        assert set(culprits.values()) <= {(TRAITOR,), ()}

    simulate(play())


def test_a_lie_about_what_was_received_ends_it_and_convicts_nobody(n: int) -> None:
    committee, results = generated(n, edited(Kind.DKG_REVEAL, _Reveal, commits=b"\x09" * 32))
    assert all(isinstance(results[seat], DkgAborted) and results[seat].culprits == () for seat in honest(committee))
    assert Kind.DKG_DEAL not in kinds_sent_by(committee, honest(committee))


@pytest.mark.parametrize("change", [flipped, truncated, extended, lambda deal: b""], ids=range(4))
def test_a_share_that_does_not_fit_names_its_dealer_to_its_receiver_only(n: int, change) -> None:
    committee, results = generated(n, changed(Kind.DKG_DEAL, change, to=[Seat(1)]))
    assert results[Seat(1)].culprits == (TRAITOR,)
    for seat in honest(committee):
        error = results[seat]
        assert isinstance(error, DkgAborted | ConfirmsMissing)
        assert set(getattr(error, "culprits", ())) <= {TRAITOR}
    assert not any(isinstance(result, DkgOutcome) for result in results.values())


def test_different_commitments_to_different_nodes_are_found_before_a_share_is_dealt_and_named(n: int) -> None:
    committee, results = generated(n, edited(Kind.DKG_COMMIT, _Commit, to=[Seat(1)], commitment=b"\x09" * 32))
    assert Kind.DKG_DEAL not in kinds_sent_by(committee, honest(committee))
    assert all(isinstance(results[seat], DkgAborted) and set(results[seat].culprits) <= {TRAITOR} for seat in honest(committee))
    assert all(results[seat].culprits == (TRAITOR,) for seat in honest(committee)), "every honest node sees both of them"


def test_different_reveals_to_different_nodes_name_their_sender(n: int) -> None:
    committee, results = generated(n, changed(Kind.DKG_REVEAL, flipped, to=[Seat(1)]))
    assert results[Seat(1)].culprits == (TRAITOR,)
    assert not any(isinstance(result, DkgOutcome) for result in results.values())
    assert all(set(getattr(results[seat], "culprits", ())) <= {TRAITOR} for seat in honest(committee))


@pytest.mark.parametrize("kind", [Kind.DKG_COMMIT, Kind.DKG_REVEAL, Kind.DKG_DEAL])
@pytest.mark.parametrize("to", [None, [Seat(1)]], ids=["all", "one"])
def test_silence_stops_it_names_who_was_silent_and_blames_nobody(n: int, kind: Kind, to: list[Seat] | None) -> None:
    committee, results = generated(n, silent(kind, Kind.DKG_ABORT, to=to))
    for seat in honest(committee):
        assert isinstance(results[seat], NodesSilent | DkgAborted | ConfirmsMissing), results[seat]
        assert not getattr(results[seat], "culprits", ())
    assert any(isinstance(results[seat], NodesSilent) and results[seat].silent == (TRAITOR,) for seat in honest(committee))


def test_an_abort_ends_it_for_all_and_blames_nobody(n: int) -> None:
    def abort(sent: Sent) -> list[Sent]:
        payload = msgspec.msgpack.encode([1, [1], []])
        aborted = Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=Kind.DKG_ABORT, attempt=0, payload=payload)
        return [aborted] if sent.kind is Kind.DKG_COMMIT else [sent]

    committee, results = generated(n, abort)
    for seat in honest(committee):
        assert isinstance(results[seat], DkgAborted)
        assert results[seat].culprits == (), "an accusation is not evidence"


def test_a_confirm_of_another_transcript_is_not_counted(n: int) -> None:
    committee, results = generated(n, edited(Kind.DKG_CONFIRM, _Confirm, to=[Seat(1)], transcript=b"\x01" * 32))
    assert isinstance(results[Seat(1)], ConfirmsMissing)
    assert results[Seat(1)].differing == (TRAITOR,)
    assert committee.nodes[Seat(1)].staged, "it keeps what it staged: the others may have voted"
    assert all(committee.nodes[seat].staged for seat in honest(committee))


# Rule 4: one honest vote proves that every honest node has stored


def assert_a_registered_key_has_all_honest_shares(committee: Committee, results: dict, traitors: set[Seat]) -> bool:
    """Count the votes as the chain does: traitors vote in any case, honest nodes when ``generate`` returned."""
    voters = {seat for seat, result in results.items() if isinstance(result, DkgOutcome)} | traitors
    registered = 3 * len(voters) > 2 * len(committee.seats)
    if registered:
        transcripts = {committee.nodes[seat].staged[0].transcript_hash for seat in committee.seats if seat not in traitors}
        assert len(transcripts) == 1
    return registered


async def killed_at(n: int, victim: Seat, moment: int, drops: set[tuple[Seat, Seat]] = frozenset()) -> tuple[Committee, dict]:
    """Generate with ``victim`` killed when the ``moment``-th message leaves, and some confirms lost."""
    committee = Committee(range(1, n + 1), seed=moment)
    tasks: dict[Seat, asyncio.Task] = {}
    sent_so_far = 0

    def fate(sent: Sent) -> list[Sent]:
        nonlocal sent_so_far
        sent_so_far += 1
        if sent_so_far == moment:
            committee.network.kill(victim)
            tasks[victim].cancel()
        lost = sent.kind is Kind.DKG_CONFIRM and (sent.sender, sent.to) in drops
        return [] if lost else [sent]

    for seat in committee.seats:
        committee.network.corrupt(seat, fate)
        tasks[seat] = asyncio.ensure_future(committee.generate_at(seat, committee.dkg_setup(), seconds=1.0))
    results = dict(zip(tasks, await asyncio.gather(*tasks.values(), return_exceptions=True), strict=True))
    return committee, results


@pytest.mark.parametrize("victim", [1, 4])
def test_a_node_killed_at_any_step_never_leaves_a_registered_key_without_its_share(victim: int) -> None:
    outcomes = set()
    for moment in range(1, 50):
        committee, results = simulate(killed_at(4, Seat(victim), moment))
        outcomes.add(assert_a_registered_key_has_all_honest_shares(committee, results, set()))
    assert outcomes == {True, False}, "both ends were reached"


def test_confirms_to_any_subset_never_make_a_registered_key_that_some_honest_node_lacks() -> None:
    rng = random.Random(1)
    directions = [(Seat(a), Seat(b)) for a in range(1, 5) for b in range(1, 5) if a != b]
    outcomes = set()
    for number in range(120):
        drops = {direction for direction in directions if rng.random() < number / 240}
        committee, results = simulate(killed_at(4, Seat(4), rng.randrange(30, 60), drops))
        outcomes.add(assert_a_registered_key_has_all_honest_shares(committee, results, set()))
    assert outcomes == {True, False}


@pytest.mark.parametrize("told", range(8))
def test_a_traitor_that_confirms_to_some_only_makes_no_key_that_an_honest_node_lacks(told: int) -> None:
    spared = [seat for bit, seat in enumerate([Seat(1), Seat(3), Seat(4)]) if told >> bit & 1]
    untold = [seat for seat in (Seat(1), Seat(3), Seat(4)) if seat not in spared]
    committee, results = generated(4, silent(Kind.DKG_CONFIRM, to=untold) if untold else lambda sent: [sent, sent])
    assert_a_registered_key_has_all_honest_shares(committee, results, {TRAITOR})
    assert all(committee.nodes[seat].staged for seat in honest(committee))
    assert {seat for seat in honest(committee) if isinstance(results[seat], DkgOutcome)} == set(spared)


def test_shares_withheld_from_one_node_leave_nothing_to_vote_for_even_if_the_traitor_confirms() -> None:
    for victim in (Seat(1), Seat(3), Seat(4)):
        committee, results = generated(4, silent(Kind.DKG_DEAL, Kind.DKG_ABORT, to=[victim]))
        assert not committee.nodes[victim].staged
        assert not assert_a_registered_key_has_all_honest_shares(committee, results, {TRAITOR})


def test_a_proof_of_possession_of_another_batch_is_refused(n: int) -> None:
    async def play() -> None:
        committee = Committee(range(1, n + 1), seed=2)
        first = await committee.generate_everywhere()
        assert all(isinstance(result, DkgOutcome) for result in first.values())
        old = {sent.kind: sent.payload for sent in committee.network.wire if sent.sender == TRAITOR}
        packages = msgspec.msgpack.decode(old[Kind.DKG_REVEAL])[2]
        setup = committee.dkg_setup(batch=2)
        committee.network.corrupt(TRAITOR, Traitor(edited(Kind.DKG_REVEAL, _Reveal, packages=packages)))
        results = await asyncio.gather(*(committee.generate_at(seat, setup) for seat in committee.seats), return_exceptions=True)
        culprits = {getattr(result, "culprits", None) for seat, result in zip(committee.seats, results, strict=True) if seat != TRAITOR}
        assert (TRAITOR,) in culprits
        assert culprits <= {(TRAITOR,), ()}

    simulate(play())


def test_messages_of_strangers_are_ignored() -> None:
    async def play() -> None:
        committee = Committee((1, 2, 3, 4), seed=2)
        session = committee.dkg_setup().session
        works = [asyncio.ensure_future(committee.generate_at(seat, committee.dkg_setup())) for seat in committee.seats]
        await asyncio.sleep(0)
        for to in committee.seats:
            committee.network.inject(Sent(session=session, sender=Seat(1), to=to, kind=Kind.SIGN_READY, attempt=0, payload=b"x"))
            committee.network.inject(Sent(session=session, sender=Seat(1), to=to, kind=Kind.DKG_ABORT, attempt=3, payload=b"x"))
        assert all(isinstance(outcome, DkgOutcome) for outcome in await asyncio.gather(*works))

    simulate(play())


def test_the_one_encoding_of_a_message_is_the_only_one() -> None:
    from votive.protocol.wire import MalformedError, decode

    message = _Confirm(transcript=b"\x01" * 32)
    assert decode(encode(message), _Confirm) == message
    for other in (encode(message) + b"\x00", b"\xdc\x00\x02\x01\xc4\x20" + b"\x01" * 32, b"\x93\x01\xc4\x20" + b"\x01" * 32 + b"\x01"):
        with pytest.raises(MalformedError):
            decode(other, _Confirm)
