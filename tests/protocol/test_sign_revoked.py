"""A right that ended before the approval, which may rest on a block read before: it is found out soon, by all, and at nobody's cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import combinations, count

import pytest
from tests.protocol.conftest import Scene, follower, perform

from votive.protocol import PermissionLost, Signed, SignLimits
from votive.protocol.simulation import Results, Sent, Weather
from votive.protocol.simulation.committee import SimulatedPermission
from votive.protocol.simulation.network import CALM
from votive.protocol.simulation.traitors import aborting, silent
from votive.terms.block import Block
from votive.terms.errors import WorldError
from votive.terms.frame import Kind
from votive.terms.participant import Seat


class Watched(SimulatedPermission):
    """Counts how often the newest block was read; permits at the block of approval, whatever has happened since."""

    def __init__(self, answer: Callable[[], bool]) -> None:
        super().__init__()
        self.answer = answer
        self.read = 0

    async def permits(self, block: Block) -> bool:
        return True

    async def permits_now(self) -> bool:
        self.read += 1
        return self.answer()


def watch(scene: Scene, answer: Callable[[], bool] = lambda: True) -> dict[Seat, Watched]:
    """Let every node read the chain by ``answer``."""
    watched = {seat: Watched(answer) for seat in scene.committee.seats}
    for seat, permission in watched.items():
        scene.committee.nodes[seat].permission = permission
    return watched


async def timed(scene: Scene, signing: Awaitable[Results]) -> tuple[Results, float]:
    """Return what came of it, and after how many seconds."""
    start = scene.committee.clock.now()
    return await signing, scene.committee.clock.now() - start


ROUND_TRIPS = 0.05
"""Seconds in which all messages of an attempt come, where links are quick."""
HUSH = SignLimits().hush


def down() -> bool:
    raise WorldError("the chain does not answer")


def gone_in_round_two(scene: Scene) -> Callable[[], bool]:
    """Return whether the right is still there: it ends while nodes sign."""
    return lambda: not any(sent.kind is Kind.SIGN_ROUND2 for sent in scene.committee.network.wire)


def all_lost(results: Results) -> bool:
    return all(isinstance(result, PermissionLost) for result in results.values())


def test_where_all_is_well_only_those_that_sign_read_the_chain_once_each(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watched = watch(scene)
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        signers = {signed.signers for signed in results.values() if isinstance(signed, Signed)}
        assert {seat: one.read for seat, one in watched.items() if one.read} == dict.fromkeys(*signers, 1)

    perform(scenario, n)


def test_on_slow_links_all_look_once_more_and_nobody_waits_for_it(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watched = watch(scene)
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        signers = next(iter({signed.signers for signed in results.values() if isinstance(signed, Signed)}))
        assert {seat: one.read - (seat in signers) for seat, one in watched.items()} == dict.fromkeys(scene.committee.seats, 1)

    perform(scenario, n, weather=Weather(delay=(0.04, 0.04)))


def test_those_that_sign_find_out_at_once_and_all_others_soon(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert all_lost(results), results
        assert scene.joined()
        assert not [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert seconds < HUSH + ROUND_TRIPS

    perform(scenario, n)


def test_it_counts_against_no_set_and_no_node(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene)
        scene.assert_all_honest_signed(await committee.sign(scene.key, name="before"))
        ((_, worked),) = scene.joined()
        watch(scene, lambda: False)
        for number in range(5):
            assert all_lost(await committee.sign(scene.key, name=f"request {number}"))
        again = next(name for name in map(str, count()) if scene.leader(name=name) in worked)
        assert all_lost(await committee.sign(scene.key, name=again, seats=worked))
        for node in committee.nodes.values():
            assert not node.memory.failed
            assert not any(node.memory.suspicion(other) for other in committee.seats)
            assert node.memory.worked == worked

    perform(scenario, n)


def test_a_set_that_failed_before_is_not_forgiven_for_it(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene, gone_in_round_two(scene))
        every = set(combinations(committee.seats, committee.threshold))
        for node in committee.nodes.values():
            for signers in every:
                node.memory.note_failure(signers)
        assert all_lost(await committee.sign(scene.key))
        assert scene.joined()
        assert all(set(node.memory.failed) == every for node in committee.nodes.values())

    perform(scenario, n)


def test_a_failure_of_another_session_at_the_same_time_stays(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene, gone_in_round_two(scene))
        failed: set[tuple[Seat, ...]] = set()

        def fails_elsewhere(sent: Sent) -> list[Sent]:
            if sent.kind is Kind.SIGN_ROUND2 and not failed:
                ((_, signers),) = scene.joined()
                failed.add(signers)
                for node in committee.nodes.values():
                    node.memory.notes().note_failure(signers)
            return [sent]

        for seat in committee.seats:
            committee.network.corrupt(seat, fails_elsewhere)
        assert all_lost(await committee.sign(scene.key))
        assert failed
        assert all(set(node.memory.failed) == failed for node in committee.nodes.values())

    perform(scenario, n)


def too_few(scene: Scene) -> tuple[Seat, ...]:
    return scene.committee.seats[: scene.committee.threshold - 1]


def all_but_the_leader(scene: Scene) -> tuple[Seat, ...]:
    return scene.committee.others(scene.leader())


@pytest.mark.parametrize("approved", [too_few, all_but_the_leader])
def test_those_that_approved_learn_why_the_others_do_not_come(n: int, approved: Callable[[Scene], tuple[Seat, ...]]) -> None:
    """Some nodes read a newer block for the approval and refused; the others would wait for them in vain."""

    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        results, seconds = await timed(scene, scene.committee.sign(scene.key, seats=approved(scene)))
        assert all_lost(results), results
        assert seconds < HUSH + ROUND_TRIPS

    perform(scenario, n)


def test_aborts_that_are_kept_from_others_delay_the_error_and_no_more(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        for seat in scene.committee.seats[: scene.committee.threshold]:
            scene.corrupt(seat, silent(Kind.SIGN_ABORT))
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert all_lost({seat: results[seat] for seat in scene.honest}), results
        assert seconds < HUSH + ROUND_TRIPS

    perform(scenario, n)


@pytest.mark.parametrize("rounds", [(Kind.SIGN_ROUND1,), (Kind.SIGN_ROUND2,)])
def test_a_signer_that_is_silent_delays_the_error_by_no_round(n: int, rounds: tuple[Kind, ...]) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        scene.corrupt(scene.leader(), silent(*rounds))
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert all_lost({seat: results[seat] for seat in scene.honest}), results
        assert seconds < HUSH + ROUND_TRIPS

    perform(scenario, n)


@pytest.mark.parametrize("delay", [0.05, 0.06])  # a proposal that has come by then, and one that comes later
def test_who_learns_of_it_first_tells_the_others_before_it_goes(n: int, delay: float) -> None:
    """Its chain is ahead of theirs; they do not wait for its rounds, and sign without it."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene)[first := follower(scene)].answer = lambda: False
        results, seconds = await timed(scene, committee.sign(scene.key))
        assert isinstance(results[first], PermissionLost)
        scene.assert_all_honest_signed(results, among=committee.others(first))
        assert seconds < 1.0, "a round that is waited for in vain takes 1.5 s"

    perform(scenario, n, weather=Weather(delay=(delay - 0.001, delay - 0.001)))


def test_a_right_that_ends_while_all_wait_is_seen_before_the_time_is_over(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene, lambda: committee.clock.now() - start < 1.0)
        start = committee.clock.now()
        results, seconds = await timed(scene, committee.sign(scene.key, seats=committee.seats[: committee.threshold - 1]))
        assert all_lost(results), results
        assert seconds < 2.5

    perform(scenario, n)


def test_whoevers_last_message_is_out_does_not_say_that_it_released_nothing(n: int) -> None:
    """The right ends as the last messages leave; they are on their way when all look."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene, lambda: not any(sent.kind is Kind.SIGN_ROUND3 for sent in committee.network.wire))
        results = await committee.sign(scene.key)
        ((_, signers),) = scene.joined()
        scene.assert_all_honest_signed(results, among=signers)

    perform(scenario, n, weather=Weather(delay=(0.0225, 0.0225)))


def test_a_chain_that_went_down_is_the_error_of_the_session(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, down)
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert {str(result) for result in results.values()} == {"the chain does not answer"}
        assert not [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert seconds < 2 * SignLimits().grace

    perform(scenario, n)


@pytest.mark.parametrize("weather", [CALM, Weather(delay=(0.045, 0.055))])
@pytest.mark.parametrize("fault", [None, Kind.SIGN_ROUND1])
def test_one_reading_that_fails_costs_no_answer(n: int, weather: Weather, fault: Kind | None) -> None:
    """At every node, one after the other; beside a leader that is silent, too."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watched = watch(scene)
        if fault is not None:
            scene.corrupt(scene.leader(), silent(fault))
        fails = iter(scene.honest)

        def once() -> bool:
            for seat in fails:
                watched[seat].answer = lambda: True
                raise WorldError(f"node {seat} cannot read the chain now")
            return True

        for seat in scene.honest:
            watched[seat].answer = once
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert any(one.answer is not once for one in watched.values())

    perform(scenario, n, weather=weather)


def test_a_node_that_can_never_read_the_chain_costs_an_attempt_and_adopts_the_answer(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene)[scene.leader()].answer = down
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))

    perform(scenario, n)


def test_a_chain_that_never_answers_keeps_nobody_from_the_answer_of_the_others(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        worked = tuple(sorted([scene.leader(), *committee.others(scene.leader())][: committee.threshold]))
        for node in committee.nodes.values():
            node.memory.note_success(worked)
        watched = watch(scene)
        for seat in set(committee.seats) - set(worked):
            watched[seat].permits_now = asyncio.Event().wait  # type: ignore[method-assign,assignment]  # stands in for one node's reading, which never ends
        scene.assert_all_honest_signed(await committee.sign(scene.key))

    perform(scenario, n, weather=Weather(delay=(0.04, 0.04)))


def test_readings_that_are_slow_delay_no_attempt(n: int) -> None:
    """Saboteurs spoil attempts one after the other; a reading takes longer than an attempt."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee

        async def slowly() -> bool:
            await committee.clock.sleep(0.2)
            return True

        for one in watch(scene).values():
            one.permits_now = slowly  # type: ignore[method-assign]  # stands in for every reading, which takes its time
        for seat in committee.seats[: len(committee.seats) - committee.threshold]:
            scene.corrupt(seat, aborting())
        name = next(name for name in map(str, count()) if scene.leader(name=name) in scene.traitors)
        results, seconds = await timed(scene, committee.sign(scene.key, name=name))
        scene.assert_all_honest_signed(results)
        attempts = max(result.attempt for result in results.values() if isinstance(result, Signed))
        assert attempts > 0
        assert seconds < 0.2 + ROUND_TRIPS * (attempts + 1)

    perform(scenario, n)


def test_an_older_answer_that_comes_after_a_newer_one_lets_no_last_message_follow() -> None:
    """Each node's two readings end in one moment: the one for the last message began before the right ended, the look after it."""

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        until = committee.clock.now() + 2 * HUSH

        def reading() -> Callable[[], Awaitable[bool]]:
            answers = iter((True, False))

            async def ends_with_the_other() -> bool:
                permitted = next(answers, False)
                await committee.clock.sleep(max(0.0, until - committee.clock.now()))
                return permitted

            return ends_with_the_other

        for one in watch(scene).values():
            one.permits_now = reading()  # type: ignore[method-assign]  # stands in for every reading, which takes its time
        await committee.sign(scene.key)
        gone: set[Seat] = set()
        for sent in committee.network.wire:
            assert sent.kind is not Kind.SIGN_ROUND3 or sent.sender not in gone
            if sent.kind is Kind.SIGN_ABORT:
                gone.add(sent.sender)
        assert gone

    perform(scenario, 4)
