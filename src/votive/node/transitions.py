"""Keeping enough keys of one purpose: the whole state machine, pure. State and event in, state and commands out.

Of keys that are minted there is a stock, filled when it runs low; of each of the network's own keys there is one, made once.
Everything that decides when a batch of keys is made, who leads it, who joins and what happens when it fails lives in this
file; it knows no clock, chain, store or network. Times are monotonic seconds that the caller hands in.

What is staged on disk is not part of this machine: ``settle`` decides it from chain and store alone, so that a node which
missed everything else still keeps its share of a key that the chain has registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat


class Phase(Enum):
    """Where this node stands in making keys of a purpose; the value is what an operator reads."""

    IDLE = "There are keys enough; nothing to do."
    WANTED = "Keys are wanted; waiting for all nodes to be connected, for the pause after a failure, or for our turn to lead."
    GENERATING = "A batch of keys is being generated; this needs every node of the committee."
    AWAITING = "Our shares are stored and our vote is on its way; waiting for the chain to register the keys."


@dataclass(frozen=True)
class BatchPlan:
    """What a leader announces: one attempt at one batch."""

    epoch: int
    purpose: Purpose
    batch: int
    count: int
    deadline_block: int


@dataclass(frozen=True)
class StockPolicy:
    """The marks, sizes and pauses; see ``config.StockSection`` and ``network_key_policy``."""

    low: int
    high: int
    first_batch: int
    batch: int
    deadline_blocks: int
    surplus: int
    """So many keys above the high mark a batch that others announce may bring: they may have seen a mint that we did not."""
    turn_seconds: float = 12.0
    """If the leader whose turn it is stays silent so long, the next seat's turn begins."""
    connect_seconds: float = 12.0
    """So long an attempt may run before a missing link ends it: a leader may see all links up a moment before we do."""
    await_seconds: float = 90.0
    """If the chain did not register a batch after so long, another one is made; the staged shares stay."""
    first_pause: float = 1.0
    longest_pause: float = 60.0
    yield_seconds: float = 30.0
    """So long a refill waits for signing to pause, unless the stock is empty."""


def network_key_policy(deadline_blocks: int, count: int = 1) -> StockPolicy:
    """The policy of a purpose of which the network has so many keys, made in one batch, and never makes another."""
    return StockPolicy(low=count, high=count, first_batch=count, batch=count, deadline_blocks=deadline_blocks, surplus=0)


@dataclass(frozen=True)
class StockView:
    """What this node sees at a tick, from chain, store and mesh."""

    me: Seat
    seats: tuple[Seat, ...]
    epoch: int
    purpose: Purpose
    held: int
    """Keys that the chain has registered: unminted ones, or, of a purpose that is never minted, all."""
    next_batch: int
    """Above every number that the chain has registered and this node has ever used."""
    head: int
    """Number of the newest final block."""
    connected: bool
    """All other seats are reachable."""
    signing: bool
    """A signature was in progress within the last moments."""


@dataclass(frozen=True)
class Refill:
    """The state."""

    phase: Phase = Phase.IDLE
    since: float = 0.0
    """When this phase began."""
    not_before: float = 0.0
    failures: int = 0
    """Failed attempts in a row."""
    floor: int = 1
    """No lower batch number is proposed: other nodes have used those below."""
    plan: BatchPlan | None = None
    filling: bool = False
    """The stock fell below its low mark and has not reached its high mark since."""


@dataclass(frozen=True)
class Tick:
    """Time passed, or the chain moved."""

    now: float
    view: StockView
    jitter: int
    """Random, 0 ≤ jitter < deadline_blocks: keeps the deadlines, and so the sessions, of two attempts apart."""


@dataclass(frozen=True)
class Announced:
    """Another node announced a batch."""

    now: float
    view: StockView
    sender: Seat
    plan: BatchPlan


@dataclass(frozen=True)
class Declined:
    """Another node will not take part in ``plan``; as it takes all nodes, the attempt is over."""

    now: float
    sender: Seat
    plan: BatchPlan
    next_batch: int
    """The lowest number that node would accept."""


@dataclass(frozen=True)
class Generated:
    """Our part of ``plan`` is staged and n equal confirms are held."""

    now: float
    plan: BatchPlan


@dataclass(frozen=True)
class Failed:
    """Our part of ``plan`` ended without n equal confirms."""

    now: float
    plan: BatchPlan


@dataclass(frozen=True)
class Registered:
    """The chain has registered the keys of batch number ``batch``, at a final block."""

    now: float
    batch: int


Event = Tick | Announced | Declined | Generated | Failed | Registered


@dataclass(frozen=True)
class Announce:
    """Tell all other nodes of ``plan``."""

    plan: BatchPlan


@dataclass(frozen=True)
class Generate:
    """Take part in ``plan``."""

    plan: BatchPlan


@dataclass(frozen=True)
class Decline:
    """Tell all other nodes that we do not take part in ``plan``, and which number we would accept."""

    plan: BatchPlan
    next_batch: int
    reason: str


@dataclass(frozen=True)
class Abandon:
    """Stop taking part in ``plan``; what is staged stays staged."""

    plan: BatchPlan


Command = Announce | Generate | Decline | Abandon
Step = tuple[Refill, tuple[Command, ...]]

FLOOR_LEAP = 1000
"""A peer's word moves our floor at most so far, so that no peer uses up the numbers."""


def step(state: Refill, event: Event, policy: StockPolicy) -> Step:
    """Return the next state and what to do now. What the table does not name changes nothing."""
    handler = TRANSITIONS.get((state.phase, type(event)))
    return handler(state, event, policy) if handler is not None else (state, ())


def _consider(state: Refill, event: Tick, policy: StockPolicy) -> Step:
    if not _wanted(state, event.view, policy):
        return replace(state, filling=False), ()
    return _turn(replace(state, phase=Phase.WANTED, since=event.now, filling=True), event, policy)


def _turn(state: Refill, event: Tick, policy: StockPolicy) -> Step:
    """Lead a batch if it is our turn and nothing speaks against it."""
    view, now = event.view, event.now
    if not _wanted(state, view, policy):
        return replace(state, phase=Phase.IDLE, since=now, filling=False), ()
    if not view.connected or now < state.not_before:
        return replace(state, since=now), ()
    waited = now - state.since
    if view.signing and view.held > 0 and waited < policy.yield_seconds:
        return state, ()
    number = max(view.next_batch, state.floor)
    if waited < _rank(view, number) * policy.turn_seconds:
        return state, ()
    plan = BatchPlan(view.epoch, view.purpose, number, _size(view, policy), view.head + policy.deadline_blocks + event.jitter)
    return replace(state, phase=Phase.GENERATING, since=now, plan=plan), (Announce(plan), Generate(plan))


def _join(state: Refill, event: Announced, policy: StockPolicy) -> Step:
    reason = objection(event.plan, event.view, policy)
    if reason is not None:
        return state, (Decline(event.plan, max(event.view.next_batch, state.floor), reason),)
    return replace(state, phase=Phase.GENERATING, since=event.now, plan=event.plan), (Generate(event.plan),)


def _busy(state: Refill, event: Announced, _policy: StockPolicy) -> Step:
    if event.plan == state.plan:
        return state, ()
    return state, (Decline(event.plan, max(event.view.next_batch, state.floor), "another batch is in progress here"),)


def _declined(state: Refill, event: Declined, policy: StockPolicy) -> Step:
    if event.plan != state.plan:
        return state, ()
    floor = max(state.floor, min(event.next_batch, event.plan.batch + FLOOR_LEAP), event.plan.batch + 1)
    return _pause(replace(state, floor=floor), event.now, policy), (Abandon(event.plan),)


def _failed(state: Refill, event: Failed, policy: StockPolicy) -> Step:
    if event.plan != state.plan:
        return state, ()
    return _pause(replace(state, floor=max(state.floor, event.plan.batch + 1)), event.now, policy), ()


def _generated(state: Refill, event: Generated, _policy: StockPolicy) -> Step:
    if event.plan != state.plan:
        return state, ()
    return replace(state, phase=Phase.AWAITING, since=event.now), ()


def _registered(state: Refill, event: Registered, _policy: StockPolicy) -> Step:
    if state.plan is None or event.batch != state.plan.batch:
        return state, ()
    return replace(state, phase=Phase.IDLE, since=event.now, plan=None, failures=0, not_before=0.0), ()


def _registered_without_us(state: Refill, event: Registered, policy: StockPolicy) -> Step:
    """The others held enough confirms though we still miss some: our shares are staged, and ``settle`` promotes them."""
    after, _ = _registered(state, event, policy)
    return after, (Abandon(state.plan),) if after.plan is None and state.plan is not None else ()


def _watch(state: Refill, event: Tick, policy: StockPolicy) -> Step:
    """Key generation takes every node: once one of them is gone, this attempt cannot end well."""
    if event.view.connected or state.plan is None or event.now - state.since < policy.connect_seconds:
        return state, ()
    floor = max(state.floor, state.plan.batch + 1)
    return _pause(replace(state, floor=floor), event.now, policy), (Abandon(state.plan),)


def _await(state: Refill, event: Tick, policy: StockPolicy) -> Step:
    if event.now - state.since < policy.await_seconds:
        return state, ()
    return _pause(state, event.now, policy), ()


def _pause(state: Refill, now: float, policy: StockPolicy) -> Refill:
    pause = min(policy.first_pause * 2**state.failures, policy.longest_pause)
    return replace(state, phase=Phase.WANTED, since=now, plan=None, failures=min(state.failures + 1, 16), not_before=now + pause)


TRANSITIONS: Mapping[tuple[Phase, type], Callable[[Refill, Any, StockPolicy], Step]] = {
    (Phase.IDLE, Tick): _consider,
    (Phase.IDLE, Announced): _join,
    (Phase.WANTED, Tick): _turn,
    (Phase.WANTED, Announced): _join,
    (Phase.GENERATING, Tick): _watch,
    (Phase.GENERATING, Announced): _busy,
    (Phase.GENERATING, Declined): _declined,
    (Phase.GENERATING, Generated): _generated,
    (Phase.GENERATING, Failed): _failed,
    (Phase.GENERATING, Registered): _registered_without_us,
    (Phase.AWAITING, Tick): _await,
    (Phase.AWAITING, Announced): _join,
    (Phase.AWAITING, Registered): _registered,
}
"""Every legal move. A leader's announcement while we await an older batch means that it has given that one up: we join."""


def _wanted(state: Refill, view: StockView, policy: StockPolicy) -> bool:
    return view.held < (policy.high if state.filling else policy.low)


def _rank(view: StockView, number: int) -> int:
    """How many seats' turns come before ours: the leader of batch b is entry b mod n of the committee, then its successors."""
    n = len(view.seats)
    return (view.seats.index(view.me) - number) % n


def _size(view: StockView, policy: StockPolicy) -> int:
    if view.held == 0:
        return policy.first_batch
    return max(1, min(policy.batch, policy.high - view.held))


def objection(plan: BatchPlan, view: StockView, policy: StockPolicy) -> str | None:
    """Say why this node, by its own view of chain and store, does not take part in ``plan``; None if it does."""
    nearest, farthest = view.head + policy.deadline_blocks // 2, view.head + 3 * policy.deadline_blocks
    reasons = {
        f"the plan is for another epoch or purpose than {view.epoch} and {view.purpose}": (plan.epoch, plan.purpose)
        != (view.epoch, view.purpose),
        f"batch {plan.batch} was used before": plan.batch < view.next_batch,
        f"batch {plan.batch} is far above the next one, {view.next_batch}": plan.batch > view.next_batch + FLOOR_LEAP,
        f"{plan.count} keys are not what this node makes at once": not 1 <= plan.count <= max(policy.batch, policy.first_batch),
        f"there are {view.held} keys already": view.held + plan.count > policy.high + policy.surplus,
        f"deadline block {plan.deadline_block} is not within {nearest} and {farthest}": not nearest <= plan.deadline_block <= farthest,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass(frozen=True)
class StagedView:
    """One staged batch, with what the chain says of its keys at a final block."""

    batch: int
    deadline_block: int
    keys: Sequence[KeyId]
    registered: frozenset[KeyId]


@dataclass(frozen=True)
class Settlement:
    """What to do with one staged batch."""

    promote: tuple[KeyId, ...]
    discard: bool


def settle(staged: StagedView, final_block: int) -> Settlement:
    """Decide on a staged batch from a final block.

    A registered key is promoted, even if we had missed confirms. Nothing is discarded before a final block is past the
    deadline; on a chain whose blocks stand still, staged shares simply stay.
    """
    promote = tuple(key for key in staged.keys if key in staged.registered)
    return Settlement(promote=promote, discard=final_block > staged.deadline_block and len(promote) < len(staged.keys))
