"""Keeping the stock: carries the chain's news to ``transitions`` and its commands to the ceremonies.

Nothing is decided here. Every tick reads the state anew at a final block; events of the chain only wake the loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from votive.chain.finality import Block
from votive.chain.keys import Keys, RegisteredKey
from votive.chain.token import token_id
from votive.node.control import BatchAnnounced, BatchDeclined, Control
from votive.node.custody import Custody
from votive.node.keygen import KeyGeneration
from votive.node.permission import SharedBlocks
from votive.node.transitions import (
    Abandon,
    Announce,
    Announced,
    BatchPlan,
    Command,
    Decline,
    Declined,
    Event,
    Failed,
    Generate,
    Generated,
    Phase,
    Refill,
    Registered,
    StagedView,
    StockPolicy,
    StockView,
    Tick,
    settle,
    step,
)
from votive.node.verification import check_share
from votive.store import StagedBatch, Store
from votive.terms.errors import OurError, VotiveError, WorldError
from votive.terms.key import BatchVote, KeyId, Purpose
from votive.terms.participant import Committee, Seat

log = structlog.get_logger()

HURRY_SECONDS = 0.25
"""How often to look while a batch is due or its registration is awaited."""
CONNECT_PATIENCE = 10.0
"""So long a node that was invited to a batch waits for its own links to all others."""


@dataclass(frozen=True)
class ChainView:
    """What one reading of the chain said."""

    block: Block
    unminted: int
    next_batch: int


class Coordinator:
    """Runs the stock's state machine for one purpose in one epoch."""

    def __init__(
        self,
        *,
        committee: Committee,
        policy: StockPolicy,
        generation: KeyGeneration,
        control: Control,
        keys: Keys,
        blocks: SharedBlocks,
        store: Store,
        custody: Custody,
        signing: Callable[[], bool],
        changed: asyncio.Event,
        poll_seconds: float,
    ) -> None:
        self._committee, self._policy, self._generation, self._control = committee, policy, generation, control
        self._keys, self._blocks, self._store, self._custody, self._signing = keys, blocks, store, custody, signing
        self._changed, self._poll_seconds = changed, poll_seconds
        self._purpose = Purpose.PKP_ECDSA
        self._state = Refill()
        self._seen: ChainView | None = None
        self._task: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._settling = asyncio.Lock()
        self._settled: tuple[bytes, int] | None = None
        control.listen(BatchAnnounced, self._on_announced)
        control.listen(BatchDeclined, self._on_declined)

    @property
    def state(self) -> Refill:
        """The machine's state, for the status."""
        return self._state

    @property
    def seen(self) -> ChainView | None:
        """What the chain said last."""
        return self._seen

    @property
    def staged(self) -> int:
        """How many batches wait for the chain's decision."""
        return self._settled[1] if self._settled is not None else 0

    async def run(self) -> None:
        """Keep the stock, for ever."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._vote_again()
            while True:
                await self.look()
                await self._next_look()

    async def look(self) -> None:
        """Read the chain, settle what is staged, and take the step that is due; a chain that fails is asked again later."""
        try:
            view = await self._read()
            await self._settle(view.block)
        except WorldError as error:
            log.warning("the chain cannot be read; trying again", why=error.message)
            return
        self._apply(Tick(self._now(), self._stock(view), secrets.randbelow(self._policy.deadline_blocks)))

    async def settle_now(self) -> None:
        """Promote what the chain has registered by now: somebody asked for a key that we do not use yet."""
        await self._settle(await self._blocks.final_block())

    async def _next_look(self) -> None:
        hurry = self._state.phase in (Phase.WANTED, Phase.AWAITING)
        try:
            async with asyncio.timeout(min(self._poll_seconds, HURRY_SECONDS) if hurry else self._poll_seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        finally:
            self._changed.clear()

    async def _read(self) -> ChainView:
        block = await self._blocks.final_block()
        if self._seen is None or self._seen.block.hash != block.hash:
            unminted, next_batch = await asyncio.gather(
                self._keys.stock(block), self._keys.next_batch(self._committee.epoch, self._purpose, block)
            )
            self._seen = ChainView(block, unminted, next_batch)
        return self._seen

    def _stock(self, view: ChainView) -> StockView:
        used = self._store.batches_used(self._committee.epoch, self._purpose)
        return StockView(
            me=self._generation.me,
            seats=self._committee.seats,
            epoch=self._committee.epoch,
            purpose=self._purpose,
            unminted=view.unminted,
            next_batch=max(view.next_batch, 1 + max(used, default=0)),
            head=view.block.number,
            connected=self._connected(),
            signing=self._signing(),
        )

    def _connected(self) -> bool:
        return self._generation.mesh.reachable() >= set(self._committee.others(self._generation.me))

    def _now(self) -> float:
        return self._generation.clock.now()

    # -- what is staged ------------------------------------------------------------------------------------------------

    async def _settle(self, block: Block) -> None:
        """Decide on everything staged, unless the chain has not moved since and nothing was staged since."""
        async with self._settling:
            staged = await asyncio.to_thread(self._store.staged)
            if (block.hash, len(staged)) == self._settled:
                return
            for batch in staged:
                await self._settle_batch(batch, block)
            self._settled = (block.hash, len(await asyncio.to_thread(self._store.staged)))

    async def _settle_batch(self, staged: StagedBatch, block: Block) -> None:
        keys = await asyncio.to_thread(self._store.staged_keys, staged)
        registered = await self._registered(keys, block)
        view = StagedView(staged.batch, staged.deadline_block, keys, frozenset(registered))
        settlement = settle(view, block.number)
        for key in settlement.promote:
            await asyncio.to_thread(self._store.promote, key, staged.epoch)
        if settlement.promote:
            self._custody.refresh()
            for key in settlement.promote:
                await check_share(self._custody, key, registered[key])
            log.info("keys registered; their shares are in use", batch=staged.batch, keys=len(settlement.promote), block=block.number)
            self._apply(Registered(self._now(), staged.batch))
        if settlement.discard:
            await asyncio.to_thread(self._store.discard, staged.epoch, staged.purpose, staged.batch)
            log.info("batch discarded: its deadline passed without the chain registering it", batch=staged.batch, block=block.number)

    async def _registered(self, keys: Sequence[KeyId], block: Block) -> dict[KeyId, RegisteredKey]:
        tokens = {token_id(key.public_key): key for key in keys}
        registered = await self._keys.registered(list(tokens), block)
        return {tokens[token]: key for token, key in registered.items()}

    # -- the machine ---------------------------------------------------------------------------------------------------

    def _apply(self, event: Event) -> None:
        before, (self._state, commands) = self._state, step(self._state, event, self._policy)
        if before.phase is not self._state.phase:
            log.info(
                "stock",
                phase=self._state.phase.name.lower(),
                why=type(event).__name__.lower(),
                batch=self._state.plan and self._state.plan.batch,
            )
        for command in commands:
            self._obey(command)
        if before.phase is Phase.AWAITING and isinstance(event, Tick) and self._state.phase is not Phase.AWAITING:
            self._spawn(self._vote_again())

    def _obey(self, command: Command) -> None:
        if isinstance(command, Announce):
            self._spawn(self._control.announce(announcement(command.plan)))
        elif isinstance(command, Decline):
            log.info("batch declined", batch=command.plan.batch, why=command.reason)
            self._spawn(self._control.announce(refusal(command)))
        elif isinstance(command, Abandon):
            self._stop_generating()
        else:
            self._stop_generating()
            self._task = self._spawn(self._generate(command))

    def _stop_generating(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _generate(self, command: Generate) -> None:
        """Take part in a batch and report how it ended; a vote goes on by itself."""
        plan = command.plan
        try:
            await self._connect()
            batch = await self._generation.take_part(plan)
        except Exception as error:  # noqa: BLE001  # peers drive this ceremony: even a defect met in it may not end the process
            log_failure(plan, error)
            self._task = None
            self._apply(Failed(self._now(), plan))
            return
        self._task = None
        log.info("batch generated", batch=plan.batch, keys=len(batch.keys))
        self._apply(Generated(self._now(), plan))
        self._spawn(self._vote(batch.vote()))

    async def _vote(self, vote: BatchVote) -> None:
        await self._generation.vote(vote)
        self._changed.set()

    async def _vote_again(self) -> None:
        """Repeat the votes for confirmed batches: ours may have been lost with a process, or by a reorganisation of the chain."""
        for vote in await self._generation.confirmed():
            self._spawn(self._vote(vote))

    async def _connect(self) -> None:
        """Wait for our own links: a leader may see all nodes connected a moment before we do."""
        deadline = self._now() + CONNECT_PATIENCE
        while not self._connected():
            if self._now() > deadline:
                raise WorldError("not all nodes are connected to this one, and key generation takes all of them")
            await self._generation.clock.sleep(0.1)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise OurError("the coordinator is not running")
        return self._tasks.create_task(work)

    # -- what other nodes say ------------------------------------------------------------------------------------------

    def _on_announced(self, seat: Seat, message: BatchAnnounced) -> None:
        if self._tasks is not None:
            self._spawn(self._hear(seat, message))

    async def _hear(self, seat: Seat, message: BatchAnnounced) -> None:
        """Judge an announcement by the chain as it is now, not as it was at the last look."""
        try:
            view = await self._read()
        except WorldError as error:
            log.warning("a batch was announced but the chain cannot be read", why=error.message)
            return
        plan = BatchPlan(message.epoch, message.purpose, message.batch, message.count, message.deadline_block)
        self._apply(Announced(self._now(), self._stock(view), seat, plan))

    def _on_declined(self, seat: Seat, message: BatchDeclined) -> None:
        plan = BatchPlan(message.epoch, message.purpose, message.batch, message.count, message.deadline_block)
        if self._state.plan == plan:
            log.info("a node declined the batch", peer=seat, batch=plan.batch, why=message.reason[:200])
        self._apply(Declined(self._now(), seat, plan, message.next_batch))


def log_failure(plan: BatchPlan, error: Exception) -> None:
    """Say why an attempt ended; what was not raised on purpose is a defect, with its trace."""
    if isinstance(error, VotiveError):
        log.warning("batch failed", batch=plan.batch, why=error.message, culprits=list(getattr(error, "culprits", ())))
    else:
        log.error("batch failed by a defect", batch=plan.batch, exc_info=error)


def announcement(plan: BatchPlan) -> BatchAnnounced:
    """Write ``plan`` as the control message that announces it."""
    return BatchAnnounced(epoch=plan.epoch, purpose=plan.purpose, batch=plan.batch, count=plan.count, deadline_block=plan.deadline_block)


def refusal(command: Decline) -> BatchDeclined:
    """Write a refusal as its control message."""
    plan = command.plan
    return BatchDeclined(
        epoch=plan.epoch,
        purpose=plan.purpose,
        batch=plan.batch,
        count=plan.count,
        deadline_block=plan.deadline_block,
        next_batch=command.next_batch,
        reason=command.reason,
    )
