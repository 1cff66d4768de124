"""A right that ended before the request is found out by nodes that approved at a recent block: soon, by all, and at nobody's cost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import combinations

from tests.protocol.conftest import Scene, perform

from votive.protocol import PermissionLost, Signed
from votive.protocol.simulation import Results
from votive.protocol.simulation.committee import SimulatedPermission
from votive.protocol.simulation.traitors import silent
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


def test_where_all_is_well_only_those_that_sign_read_the_chain_once_each(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watched = watch(scene)
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        signers = {signed.signers for signed in results.values() if isinstance(signed, Signed)}
        assert {seat: one.read for seat, one in watched.items() if one.read} == dict.fromkeys(*signers, 1)

    perform(scenario, n)


def test_all_nodes_hear_of_it_at_once_those_that_do_not_sign_too(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert all(isinstance(result, PermissionLost) for result in results.values()), results
        assert not [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert seconds < 0.5

    perform(scenario, n)


def test_it_counts_against_no_set(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        await scene.committee.sign(scene.key)
        assert all(not node.memory.failed for node in scene.committee.nodes.values())
        watch(scene)
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key, name="another"))

    perform(scenario, n)


def test_a_set_that_failed_before_is_not_forgiven_for_it(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watch(scene, lambda: not any(sent.kind is Kind.SIGN_ROUND2 for sent in committee.network.wire))
        every = set(combinations(committee.seats, committee.threshold))
        for node in committee.nodes.values():
            for signers in every:
                node.memory.note_failure(signers)
        results = await committee.sign(scene.key)
        assert all(isinstance(result, PermissionLost) for result in results.values()), results
        assert scene.joined()
        assert all(set(node.memory.failed) == every for node in committee.nodes.values())

    perform(scenario, n)


def test_too_few_that_approved_learn_why_nobody_comes(n: int) -> None:
    """Some nodes read a newer block at the request and refused; the others would wait for them in vain."""

    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        few = scene.committee.seats[: scene.committee.threshold - 1]
        results, seconds = await timed(scene, scene.committee.sign(scene.key, seats=few))
        assert all(isinstance(result, PermissionLost) for result in results.values()), results
        assert seconds < 0.5

    perform(scenario, n)


def test_a_leader_that_refused_leaves_nobody_waiting(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        leader = scene.leader()
        others = [seat for seat in scene.committee.seats if seat != leader]
        results, seconds = await timed(scene, scene.committee.sign(scene.key, seats=others))
        assert all(isinstance(result, PermissionLost) for result in results.values()), results
        assert seconds < 0.5

    perform(scenario, n)


def test_aborts_that_are_kept_from_others_delay_the_error_and_no_more(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        watch(scene, lambda: False)
        scene.corrupt(scene.leader(), silent(Kind.SIGN_ABORT))
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert all(isinstance(results[seat], PermissionLost) for seat in scene.honest), results
        assert seconds < 0.5

    perform(scenario, n)


def test_a_chain_that_went_down_is_the_error_of_the_session(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        def down() -> bool:
            raise WorldError("the chain does not answer")

        watch(scene, down)
        results, seconds = await timed(scene, scene.committee.sign(scene.key))
        assert {str(result) for result in results.values()} == {"the chain does not answer"}
        assert not [sent for sent in scene.committee.network.wire if sent.kind is Kind.SIGN_ROUND3]
        assert seconds < 0.5

    perform(scenario, n)


def test_a_chain_that_one_node_cannot_read_costs_an_attempt_and_no_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        def down() -> bool:
            raise WorldError("the chain does not answer")

        watch(scene)[scene.leader()].answer = down
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results, among=[seat for seat in scene.committee.seats if seat != scene.leader()])

    perform(scenario, n)
