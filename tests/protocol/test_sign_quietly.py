"""READY goes to the leader alone while nothing has failed, and to all as soon as more than the leader need it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from itertools import combinations

import msgspec
import pytest
from tests.protocol.conftest import OTHER, Scene, perform

from votive.protocol import DigestsDiffer, Joined, NotEnoughNodes, Reason, Signed, SignLimits
from votive.protocol.messages import Abort, Proposal
from votive.protocol.simulation import Sent, Weather
from votive.protocol.simulation.traitors import ROUNDS, aborting, loud, silent
from votive.protocol.wire import decode
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat


def readies(scene: Scene) -> list[Sent]:
    """Every READY that left a node."""
    return [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_READY]


def told(scene: Scene, attempt: int = 0) -> set[tuple[Seat, Seat]]:
    """Who told whom that it is ready for ``attempt``."""
    return {(sent.sender, sent.to) for sent in readies(scene) if sent.attempt == attempt}


def everybody(seats: Collection[Seat]) -> set[tuple[Seat, Seat]]:
    return {(one, other) for one in seats for other in seats if one != other}


def test_where_all_is_well_the_leader_alone_hears_who_is_ready(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        await scene.committee.clock.sleep(11.0)
        leader = scene.leader()
        assert sorted((sent.sender, sent.to) for sent in readies(scene)) == [(s, leader) for s in scene.committee.others(leader)]

    perform(scenario, n)


def test_a_leader_that_does_not_propose_costs_the_hush_and_its_patience(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        scene.corrupt(traitor, silent(Kind.SIGN_PROPOSE, Kind.SIGN_READY))
        start = committee.clock.now()
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        limits = SignLimits()
        assert committee.clock.now() - start < limits.hush + limits.patience + 0.1
        assert {results[seat].attempt for seat in scene.honest} == {1}
        assert everybody(scene.honest) <= told(scene)

    perform(scenario, n)


def test_a_leader_whose_process_never_approves_costs_the_same(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee, absent = scene.committee, scene.leader()
        start = committee.clock.now()
        present = [seat for seat in committee.seats if seat != absent]
        scene.assert_all_honest_signed(await committee.sign(scene.key, seats=present), among=present)
        limits = SignLimits()
        assert committee.clock.now() - start < limits.hush + limits.patience + 0.1

    perform(scenario, n)


def test_who_learns_first_that_no_digest_can_win_tells_the_others(n: int) -> None:
    """Half and half: only with the leader's own READY can the others know as well."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        camp = set(committee.seats[::2]) ^ ({scene.leader()} if n % 2 else set())
        start = committee.clock.now()
        results = await committee.sign(scene.key, digests=dict.fromkeys(camp, OTHER))
        assert all(isinstance(result, DigestsDiffer) for result in results.values()), results
        assert committee.clock.now() - start < SignLimits().hush + 0.05

    perform(scenario, n)


def test_a_node_that_remembers_a_failure_is_heard_by_all_and_hears_all_but_the_leader(n: int) -> None:
    """Only so can it refuse a set that failed while another exists. The leader, which needs nobody's call, is known by its proposal."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        scholar = next(seat for seat in committee.seats if seat != scene.leader())
        committee.nodes[scholar].memory.note_failure(tuple(committee.seats[: committee.threshold]))
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert {(scholar, seat) for seat in committee.others(scholar)} <= told(scene)
        assert {(seat, scholar) for seat in committee.others(scholar) if seat != scene.leader()} <= told(scene)

    perform(scenario, n)


async def refuses(scene: Scene, failed: tuple[Seat, ...], scholar: Seat) -> None:
    """The leader proposes ``failed``, of which only the scholar knows, and the scholar does not join it."""
    committee = scene.committee
    late = {seat: 0.03 for seat in committee.seats if seat not in failed}  # so that the leader proposes this set
    scene.assert_all_honest_signed(await committee.sign(scene.key, late=late))
    joined = {seat: [e.signers for e in committee.nodes[seat].events if isinstance(e, Joined)] for seat in (scene.leader(), scholar)}
    assert joined[scene.leader()][0] == failed
    assert failed not in joined[scholar]


@pytest.mark.parametrize("all_without_the_leader", [False, True], ids=["one", "and all without the leader"])
def test_a_node_that_alone_remembers_a_failure_still_refuses_that_set(n: int, all_without_the_leader: bool) -> None:  # a case
    """Another set counts though the leader, who is in each of them at last, tells nobody that it is ready."""

    async def scenario(scene: Scene) -> None:
        committee, leader = scene.committee, scene.leader()
        others = committee.others(leader)
        failed = tuple(sorted([leader, *others[: committee.threshold - 1]]))
        scholar = next(seat for seat in failed if seat != leader)
        for signers in [failed, *(combinations(others, committee.threshold) if all_without_the_leader else ())]:
            committee.nodes[scholar].memory.note_failure(tuple(signers))
        await refuses(scene, failed, scholar)

    perform(scenario, n)


def test_the_second_attempt_is_told_to_all(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader(), aborting())
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert any(left.reason is Reason.SETUP_GONE or left.reason is Reason.LEFT for left in scene.left())
        assert everybody(scene.honest) <= told(scene, 1)

    perform(scenario, n)


def test_one_that_shouts_makes_the_others_speak_once_and_costs_no_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(1), scene.committee
        scene.corrupt(traitor, loud(committee.seats))
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        assert {results[seat].attempt for seat in scene.honest} == {0}
        heard = [(sent.sender, sent.to) for sent in readies(scene) if sent.sender != traitor]
        assert len(heard) == len(set(heard))
        assert set(heard) >= {(one, other) for one in scene.honest for other in scene.honest if one != other and one != scene.leader()}

    perform(scenario, n)


def test_too_few_that_approve_say_so_with_all_that_were_heard(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        present = [scene.leader(), *committee.others(scene.leader())][: committee.threshold - 1]
        results = await committee.sign(scene.key, seats=present)
        for error in results.values():
            assert isinstance(error, NotEnoughNodes)
            assert set(error.details[0]["ready"]) == set(present)

    perform(scenario, n)


@pytest.mark.parametrize("withheld_from_all", [True, False])
def test_who_was_sent_ahead_by_the_leader_alone_is_told_by_those_that_sign(n: int, withheld_from_all: bool) -> None:  # a case
    """The leader aborts to one node only and keeps the outcome back: that node's READY for the next attempt comes before the end."""

    async def scenario(scene: Scene) -> None:
        committee, leader = scene.committee, scene.leader()
        victim = committee.others(leader)[-1]

        def send_ahead(sent: Sent) -> list[Sent]:
            if sent.kind is Kind.SIGN_OUTCOME and (withheld_from_all or sent.to == victim):
                return []
            if sent.kind is Kind.SIGN_PROPOSE and sent.to == victim:
                return [sent, replace(sent, kind=Kind.SIGN_ABORT, payload=encode(Abort(reason=Reason.SETUP_GONE)))]
            return [sent]

        scene.corrupt(leader, send_ahead)
        start = committee.clock.now()
        scene.assert_all_honest_signed(await committee.sign(scene.key, late={victim: 0.004}))
        assert committee.clock.now() - start < 0.5

    perform(scenario, n)


def test_who_saw_no_proposal_and_said_ready_again_is_told_when_the_others_end(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee, leader = scene.committee, scene.leader()
        victim = committee.others(leader)[-1]

        def slow(sent: Sent) -> list[Sent]:
            if sent.to == victim and sent.kind in {Kind.SIGN_PROPOSE, Kind.SIGN_OUTCOME}:
                return []
            if sent.kind is Kind.SIGN_ROUND3:
                asyncio.get_running_loop().call_later(0.7, committee.network.inject, replace(sent, attempt=sent.attempt))
                return []
            return [sent]

        scene.corrupt(leader, slow)
        start = committee.clock.now()
        results = await committee.sign(scene.key, late={victim: 0.004})
        assert committee.clock.now() - start < 3.0
        assert all(isinstance(results[seat], Signed) for seat in scene.honest)

    perform(scenario, n)


@pytest.mark.parametrize("delay", [(0.0005, 0.002), (0.02, 0.04), (0.04, 0.06)])
def test_a_node_without_a_link_to_the_leader_has_the_signature_with_the_others(n: int, delay: tuple[float, float]) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        committee.network.cut(scene.leader(), scene.leader(2))
        start = committee.clock.now()
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert committee.clock.now() - start < 0.8

    perform(scenario, n, weather=Weather(delay=delay))


def test_a_failure_learned_while_sessions_are_quiet_counts_in_them(n: int) -> None:
    """One leader proposes one set in ten sessions, one after the other, and leaves it in the first."""

    async def scenario(scene: Scene) -> None:
        committee, traitor = scene.committee, scene.committee.seats[0]
        names = [name for name in (f"request {number}" for number in range(500)) if scene.leader(0, name) == traitor][:10]
        order = {committee.session(scene.key, name): place for place, name in enumerate(names)}
        signers = tuple(committee.seats[: committee.threshold])

        def meanly(sent: Sent) -> list[Sent]:
            place, loop = order[sent.session], asyncio.get_running_loop()
            if sent.kind in ROUNDS:
                return []
            if sent.kind is not Kind.SIGN_PROPOSE or sent.attempt:
                return [sent]
            payload = encode(msgspec.structs.replace(decode(sent.payload, Proposal), signers=signers))
            loop.call_later(0.008 * place, committee.network.inject, replace(sent, payload=payload))
            if place == 0:
                abort = replace(sent, kind=Kind.SIGN_ABORT, payload=encode(Abort(reason=Reason.SETUP_GONE)))
                loop.call_later(0.004, committee.network.inject, abort)
            return []

        scene.corrupt(traitor, meanly)
        await asyncio.gather(*(committee.sign(scene.key, name=name) for name in names))
        events = [event for event in committee.nodes[signers[1]].events if isinstance(event, Joined) and event.attempt == 0]
        assert [event.signers for event in events].count(signers) <= 2

    perform(scenario, n)
