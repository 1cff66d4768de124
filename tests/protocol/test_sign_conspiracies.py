"""Traitors that act together, or on and on: what they cost has a bound, and nobody honest is blamed."""

from __future__ import annotations

import pytest
from tests.protocol.conftest import Scene, half, perform

from votive.protocol import Joined, NotEnoughNodes, Signed, SigningFailed
from votive.protocol.simulation import Sent
from votive.protocol.simulation.traitors import (
    saboteur,
    silent,
)
from votive.terms.frame import Kind
from votive.terms.participant import Seat


def test_f_traitors_that_lie_about_their_attempt_take_nobody_along(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        f = n - scene.committee.threshold
        for seat in [scene.leader(attempt) for attempt in range(1, f + 1)]:
            scene.corrupt(seat, lambda sent: [Sent(
                session=sent.session, sender=sent.sender, to=sent.to, kind=sent.kind, attempt=sent.attempt + 900, payload=sent.payload
            )] if sent.kind is Kind.SIGN_READY else [sent])  # fmt: skip
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        assert {results[seat].attempt for seat in scene.honest} == {0}

    perform(scenario, n)


@pytest.mark.parametrize("seed", range(3))
def test_f_persistent_saboteurs_cost_at_most_so_many_sets_as_hold_one_of_them(n: int, seed: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        f = n - committee.threshold
        for number, seat in enumerate(committee.seats[:f]):
            scene.corrupt(seat, saboteur(seed * 10 + number))
        tried: set[tuple[int, tuple[Seat, ...]]] = set()
        signed = 0
        for request in range(60):
            results = await committee.sign(scene.key, name=f"request {request}")
            tried |= {(request * 1000 + attempt, signers) for attempt, signers in scene.joined()}
            for seat in scene.honest:
                committee.nodes[seat].events.clear()
                assert isinstance(results[seat], Signed | SigningFailed | NotEnoughNodes), results[seat]
            signed = signed + 1 if all(isinstance(results[seat], Signed) for seat in scene.honest) else 0
            if signed == 2 * n:
                break
        else:
            pytest.fail("the saboteurs were never avoided")
        spoiled = [(attempt, signers) for attempt, signers in tried if set(signers) & set(scene.traitors)]
        sets = {4: 4, 7: 21, 10: 120}[n]
        assert 0 < len(spoiled) <= sets - 1, len(spoiled)
        assert all(traitor.deeds for traitor in scene.traitors.values())
        assert scene.blamed() == {}

    perform(scenario, n, seed=seed)


def test_a_node_joins_one_proposal_per_attempt_and_never_a_lower_attempt(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader(), saboteur(3))
        await scene.committee.sign(scene.key)
        for seat in scene.honest:
            attempts = [event.attempt for event in scene.committee.nodes[seat].events if isinstance(event, Joined)]
            assert attempts == sorted(set(attempts))

    perform(scenario, n)


def test_a_leader_that_keeps_the_outcome_from_some_costs_them_half_a_second_at_most(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        victims = half(scene, traitor)

        def keep(sent: Sent) -> list[Sent]:
            kept = sent.kind in {Kind.SIGN_ROUND3, Kind.SIGN_OUTCOME} and sent.to in victims
            return [] if kept else [sent]

        scene.corrupt(traitor, keep)
        start = committee.clock.now()
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        assert {results[seat].attempt for seat in scene.honest} == {0}
        assert committee.clock.now() - start < 0.6
        assert scene.blamed() == {}

    perform(scenario, n)


def test_when_the_leader_dies_in_the_last_round_the_others_answer_who_asks(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        scene.corrupt(traitor, silent(Kind.SIGN_OUTCOME))
        start = committee.clock.now()
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert committee.clock.now() - start < 0.5

    perform(scenario, n)
