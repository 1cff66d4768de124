"""Signing among honest nodes: in calm and in storm, with nodes dead, late, apart, or of another opinion."""

from __future__ import annotations

import asyncio

import pytest
from tests.protocol.conftest import DIGEST, OTHER, Scene, perform

from votive.protocol import (
    Adopted,
    DigestsDiffer,
    NotEnoughNodes,
    PermissionLost,
    SecondDigest,
    Signed,
    SignLimits,
    SignRequest,
)
from votive.protocol.board import Board
from votive.protocol.simulation import BLOCK, Sent, Weather
from votive.protocol.simulation.late import answer_late
from votive.terms.block import Block
from votive.terms.errors import WorldError
from votive.terms.frame import Kind
from votive.terms.participant import Seat


def test_every_node_gets_the_same_verified_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        start = scene.committee.clock.now()
        scene.assert_all_honest_signed(results := await scene.committee.sign(scene.key))
        assert len({result.signature for result in results.values()}) == 1
        assert len({result.signers for result in results.values()}) == 1
        assert scene.committee.clock.now() - start < 0.02, "seven one-way trips of at most 2 ms"

    perform(scenario, n)


def test_exactly_t_nodes_run_the_engine_and_no_attempt_is_wasted(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.committee.sign(scene.key)
        assert len(scene.joined()) == 1
        ((attempt, signers),) = scene.joined()
        assert (attempt, len(signers)) == (0, scene.committee.threshold)

    perform(scenario, n)


@pytest.mark.parametrize("seats", [(3, 37, 200, 255), (1, 2, 254, 255)])
def test_any_seats_of_the_registry_can_sign(seats: tuple[int, ...]) -> None:
    async def scenario(scene: Scene) -> None:
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))

    perform(scenario, seats=seats)


def test_the_same_seed_gives_the_same_history_and_another_seed_another() -> None:
    async def scenario(scene: Scene) -> None:
        scene.committee.network.kill(scene.leader())
        await scene.committee.sign(scene.key)

    stormy = Weather(delay=(0.0, 0.05), drop=0.02, repeat=0.2)
    histories = [perform(scenario, 7, seed=seed, weather=stormy) for seed in (1, 2, 1, 2)]
    assert histories[:2] == histories[2:]
    assert histories[0] != histories[1]


@pytest.mark.parametrize("seed", range(40))
def test_a_storm_delays_a_signature_and_never_makes_a_wrong_one(seed: int) -> None:
    async def scenario(scene: Scene) -> None:
        results = await scene.committee.sign(scene.key)
        scene.assert_no_honest_node_is_blamed()
        signed = [result for result in results.values() if isinstance(result, Signed)]
        assert all(scene.committee.verify(scene.key, DIGEST, s.signature.r, s.signature.s, s.signature.recovery_id) for s in signed)
        # after the storm, everything works
        scene.committee.network.weather = Weather()
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key, name="after the storm"))

    perform(scenario, (4, 7)[seed % 2], seed=seed, weather=Weather(delay=(0.0, 0.2), drop=0.05 * (seed % 4), repeat=0.3))


# Nodes that are down


def test_signing_goes_on_with_f_nodes_killed(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        dead = [scene.leader(attempt) for attempt in range(n - committee.threshold)]
        committee.network.kill(*dead)
        start = committee.clock.now()
        alive = [seat for seat in committee.seats if seat not in dead]
        scene.assert_all_honest_signed(await committee.sign(scene.key, seats=alive), among=alive)
        assert committee.clock.now() - start < 1.0

    perform(scenario, n)


def test_with_one_more_killed_it_says_so_soon_and_signs_nothing(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        dead = committee.seats[: n - committee.threshold + 1]
        committee.network.kill(*dead)
        start = committee.clock.now()
        results = await committee.sign(scene.key, seats=[seat for seat in committee.seats if seat not in dead])
        assert committee.clock.now() - start <= 3.0
        for error in results.values():
            assert isinstance(error, NotEnoughNodes)
            assert set(error.silent) == set(dead)
            assert error.details[0]["needed"] == committee.threshold

    perform(scenario, n)


@pytest.mark.parametrize("moment", range(1, 60, 4))
def test_a_node_killed_at_any_moment_costs_no_signature(moment: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee, victim = scene.committee, scene.leader()
        sent = 0

        def fate(message: Sent) -> list[Sent]:
            nonlocal sent
            sent += 1
            if sent == moment:
                committee.network.kill(victim)
            return [message]

        for seat in committee.seats:
            committee.network.corrupt(seat, fate)
        results = await committee.sign(scene.key)
        alive = [seat for seat in committee.seats if seat != victim]
        scene.assert_all_honest_signed(results, among=alive)

    perform(scenario, 4)


def test_reachable_nodes_that_never_approve_end_the_session_at_its_deadline(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        approving = committee.seats[: committee.threshold - 1]
        start = committee.clock.now()
        results = await committee.sign(scene.key, seats=approving)
        assert 7.9 <= committee.clock.now() - start <= 8.1
        for error in results.values():
            assert isinstance(error, NotEnoughNodes)
            assert set(error.silent) == set(committee.seats) - set(approving)

    perform(scenario, n)


# Nodes that are apart


def test_one_pair_apart_costs_nothing_while_all_others_are_up(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        one, other = scene.leader(0), scene.leader(1)
        committee.nodes[one].table.forget(other)
        results = await committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        assert not {one, other} <= set(results[one].signers)

    perform(scenario, n)


@pytest.mark.parametrize("cut_link", [False, True])
def test_one_pair_apart_and_a_third_node_killed_is_said_clearly(cut_link: bool) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        one, other, dead, last = committee.seats
        committee.nodes[one].table.forget(other)
        if cut_link:
            committee.network.cut(one, other)
        committee.network.kill(dead)
        results = await committee.sign(scene.key, seats=[one, other, last])
        assert isinstance(results[last], NotEnoughNodes)
        if not cut_link:
            assert (one, other) in results[last].apart
            assert "set-ups with one another" in results[last].message
        assert all(isinstance(results[seat], NotEnoughNodes) for seat in (one, other))
        assert results[last].details[0]["silent"] == [dead]
        assert scene.joined() == set()

    perform(scenario, 4)


def test_a_pair_that_comes_together_in_time_saves_the_session() -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        one, other, dead, _ = committee.seats
        committee.network.kill(dead)
        committee.nodes[one].table.forget(other)
        committee.nodes[other].table.forget(one)
        signing = asyncio.ensure_future(committee.sign(scene.key, seats=[seat for seat in committee.seats if seat != dead]))
        await committee.clock.sleep(1.0)
        assert await committee.set_up_pairs([(one, other)]) == []
        scene.assert_all_honest_signed(await signing, among=[seat for seat in committee.seats if seat != dead])

    perform(scenario, 4)


def test_a_link_that_comes_up_in_time_saves_the_session(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        away = committee.seats[: n - committee.threshold + 1]
        committee.network.kill(*away)
        signing = asyncio.ensure_future(committee.sign(scene.key))
        await committee.clock.sleep(1.0)
        committee.network.revive(*away)
        scene.assert_all_honest_signed(await signing)

    perform(scenario, n)


# Digests


def test_digests_of_which_none_has_a_quorum_end_the_request_at_once_with_who_had_which(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        half = committee.seats[: n // 2]
        start = committee.clock.now()
        results = await committee.sign(scene.key, digests=dict.fromkeys(half, OTHER))
        assert committee.clock.now() - start < 0.05
        for error in results.values():
            assert isinstance(error, DigestsDiffer)
            found = [set(seats) for seats in error.digests.values()]
            assert all(seats <= set(half) or not seats & set(half) for seats in found)
        scene.assert_no_honest_node_is_blamed()

    perform(scenario, n)


def test_one_node_of_another_digest_does_not_stop_the_others_and_learns_of_it(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        odd = scene.leader()
        results = await scene.committee.sign(scene.key, digests={odd: OTHER})
        scene.assert_all_honest_signed(results, among=[seat for seat in scene.committee.seats if seat != odd])
        assert isinstance(results[odd], DigestsDiffer)
        assert scene.blamed() == {}

    perform(scenario, n)


def test_a_second_digest_under_one_session_is_refused_for_ten_minutes() -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        await committee.sign(scene.key)
        with pytest.raises(SecondDigest):
            await committee.sign_at(committee.seats[0], scene.key, OTHER)
        await committee.clock.sleep(601)
        error = (await committee.sign(scene.key, OTHER, seats=committee.seats[:1]))[committee.seats[0]]
        assert not isinstance(error, SecondDigest)

    perform(scenario, 4)


def test_a_session_that_ended_well_is_answered_from_memory_without_a_message() -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        first = await committee.sign(scene.key)
        messages = len(committee.network.wire)
        again = await committee.sign_at(committee.seats[0], scene.key, DIGEST)
        assert again == first[committee.seats[0]]
        assert len(committee.network.wire) == messages

    perform(scenario, 4)


# Lateness and permission


def test_a_node_that_approves_late_finds_the_outcome(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        late = scene.leader(1)
        results = await scene.committee.sign(scene.key, late={late: 3.0})
        scene.assert_all_honest_signed(results)

    perform(scenario, n)


def test_a_node_whose_link_was_down_gets_the_outcome_from_who_answers_late() -> None:
    async def scenario(scene: Scene) -> None:
        committee, late = scene.committee, scene.committee.seats[-1]
        committee.network.kill(late)
        early = committee.seats[:-1]
        results = await committee.sign(scene.key, seats=early)
        committee.network.revive(late)
        session = committee.session(scene.key, "request")
        committee.network.mailbox(session, early[0]).closed = False
        request = SignRequest(session=session, public_key=scene.key, digest=DIGEST, block=BLOCK)
        channel = committee.network.open(session, early[0])
        answering = asyncio.ensure_future(answer_late(channel, request, results[early[0]], clock=committee.clock))
        signed = await committee.sign_at(late, scene.key, DIGEST)
        assert signed.signature == results[early[0]].signature
        await answering

    perform(scenario, 4)


def test_a_revocation_that_is_final_before_the_last_message_prevents_the_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee

        def revoke(sent: Sent) -> list[Sent]:
            if sent.kind is Kind.SIGN_ROUND2:
                for node in committee.nodes.values():
                    node.permission.revoked = True
            return [sent]

        for seat in committee.seats:
            committee.network.corrupt(seat, revoke)
        results = await committee.sign(scene.key)
        assert not [sent for sent in committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert not [result for result in results.values() if isinstance(result, Signed)]
        assert any(isinstance(result, PermissionLost) for result in results.values())

    perform(scenario, n)


def test_a_chain_that_cannot_be_read_lets_no_last_message_out() -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee

        async def unreadable() -> bool:
            raise WorldError("the chain does not answer")

        for node in committee.nodes.values():
            node.permission.permits_now = unreadable  # type: ignore[method-assign]
        results = await committee.sign(scene.key)
        assert not [sent for sent in committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert not [result for result in results.values() if isinstance(result, Signed)]

    perform(scenario, 4, limits=SignLimits(deadline=3.0))


def test_nodes_at_different_final_blocks_sign_at_the_lowest(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        blocks = {seat: Block(number=90 + index, hash=bytes([90 + index]) * 32) for index, seat in enumerate(committee.seats)}
        for seat, block in blocks.items():
            committee.nodes[seat].permission.height = block.number
        scene.assert_all_honest_signed(await committee.sign(scene.key, blocks=blocks))
        assert {attempt for attempt, _ in scene.joined()} == {0}

    perform(scenario, n)


def test_many_sessions_at_once_all_end_well(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        requests = [scene.committee.sign(scene.key, name=f"request {number}") for number in range(8)]
        for results in await asyncio.gather(*requests):
            scene.assert_all_honest_signed(results)

    perform(scenario, n)


def test_who_signs_reports_its_own_signature_and_who_does_not_names_its_source(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        results = await scene.committee.sign(scene.key)
        for seat in scene.committee.seats:
            (adopted,) = [event for event in scene.committee.nodes[seat].events if isinstance(event, Adopted)]
            outsider = seat not in results[seat].signers
            assert not outsider or adopted.sender in set(scene.committee.seats) - {seat, Seat(0)}

    perform(scenario, n)


def test_the_leader_alone_tells_the_outcome_where_all_is_well(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.committee.sign(scene.key)
        await scene.committee.clock.sleep(11.0)
        told = [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_OUTCOME]
        assert {sent.sender for sent in told} == {scene.leader()}
        assert {sent.to for sent in told} == set(scene.committee.seats) - set(scene.joined().pop()[1]), "those that did not sign"
        assert len(told) == n - scene.committee.threshold
        assert not any(sent.kind is Kind.SIGN_ASK for sent in scene.committee.network.wire)

    perform(scenario, n)


def test_a_defect_in_hearing_ends_the_session_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(board: Board, envelope: object) -> None:
        raise RuntimeError("a defect of our own")

    async def scenario(scene: Scene) -> None:
        start = scene.committee.clock.now()
        with pytest.raises(RuntimeError, match="a defect of our own"):
            await scene.committee.sign(scene.key)
        assert scene.committee.clock.now() - start < 0.1 + SignLimits().hush, "READYs come to others than the leader after the hush"

    monkeypatch.setattr(Board, "_hear_ready", broken)  # there is no message that breaks it
    perform(scenario, 4)
