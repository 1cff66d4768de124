"""READY goes to the leader alone while nothing has failed, and to all as soon as more than the leader need it."""

from __future__ import annotations

from collections.abc import Collection

from tests.protocol.conftest import OTHER, Scene, perform

from votive.protocol import DigestsDiffer, Joined, NotEnoughNodes, Reason, SignLimits
from votive.protocol.simulation import Sent
from votive.protocol.simulation.traitors import aborting, loud, silent
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


def test_a_node_that_alone_remembers_a_failure_still_refuses_that_set(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee, leader = scene.committee, scene.leader()
        failed = tuple(sorted([leader, *committee.others(leader)[: committee.threshold - 1]]))
        scholar = next(seat for seat in failed if seat != leader)
        committee.nodes[scholar].memory.note_failure(failed)
        late = {seat: 0.03 for seat in committee.seats if seat not in failed}  # so that the leader proposes this set
        scene.assert_all_honest_signed(await committee.sign(scene.key, late=late))
        joined = {seat: [e.signers for e in committee.nodes[seat].events if isinstance(e, Joined)] for seat in (leader, scholar)}
        assert joined[leader][0] == failed
        assert failed not in joined[scholar]

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
