"""Keeping keys of every purpose: carries the chain's and the nodes' news to each purpose's machine.

Nothing is decided here. Every tick reads the state anew at a final block; events of the chain only wake the loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from votive.chain.finality import Block
from votive.chain.keys import Keys
from votive.node.control import BatchAnnounced, BatchDeclined, Control
from votive.node.custody import Custody
from votive.node.keygen import KeyGeneration
from votive.node.permission import SharedBlocks
from votive.node.refilling import Refilling, plan_of
from votive.node.settling import Settling
from votive.node.transitions import Announced, Declined, Refill, Registered, StockPolicy, StockView, Tick
from votive.node.verification import find_network_keys
from votive.store import Store
from votive.terms.errors import OurError, WorldError
from votive.terms.key import NETWORK_KEYS, Purpose
from votive.terms.participant import Committee, Seat

log = structlog.get_logger()

HURRY_SECONDS = 0.25
"""How often to look while a batch is due or its registration is awaited."""


@dataclass(frozen=True)
class Count:
    """What the chain said of one purpose's keys."""

    held: int
    next_batch: int


@dataclass(frozen=True)
class ChainView:
    """What one reading of the chain said."""

    block: Block
    counts: Mapping[Purpose, Count]

    @property
    def unminted(self) -> int:
        """PKPs that wait to be minted."""
        return self.counts[Purpose.PKP_ECDSA].held


class Coordinator:
    """Runs the state machines of all purposes in one epoch."""

    def __init__(
        self,
        *,
        committee: Committee,
        policies: Mapping[Purpose, StockPolicy],
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
        self._committee, self._generation = committee, generation
        self._keys, self._blocks, self._store, self._custody, self._signing = keys, blocks, store, custody, signing
        self._changed, self._poll_seconds = changed, poll_seconds
        self._refilling = {
            purpose: Refilling(purpose, policy, generation=generation, control=control, spawn=self._spawn, changed=changed)
            for purpose, policy in policies.items()
        }
        self._settling = Settling(keys=keys, store=store, custody=custody)
        self._seen: ChainView | None = None
        self._tasks: asyncio.TaskGroup | None = None
        control.listen(BatchAnnounced, self._on_announced)
        control.listen(BatchDeclined, self._on_declined)

    @property
    def states(self) -> dict[Purpose, Refill]:
        """The machines' states, for the status."""
        return {purpose: refilling.state for purpose, refilling in self._refilling.items()}

    @property
    def seen(self) -> ChainView | None:
        """What the chain said last."""
        return self._seen

    @property
    def staged(self) -> int:
        """How many batches wait for the chain's decision."""
        return self._settling.staged

    async def run(self) -> None:
        """Keep keys of all purposes, for ever."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for refilling in self._refilling.values():
                await refilling.vote_again()
            while True:
                await self.look()
                await self._next_look()

    async def look(self) -> None:
        """Read the chain, settle what is staged, and take the steps that are due; a chain that fails is asked again later."""
        try:
            view = await self._read()
            await self._settle(view.block)
        except WorldError as error:
            log.warning("the chain cannot be read; trying again", why=error.message)
            return
        for purpose, refilling in self._refilling.items():
            jitter = secrets.randbelow(refilling.policy.deadline_blocks)
            refilling.apply(Tick(self._now(), self._stock(purpose, view), jitter))

    async def settle_now(self) -> None:
        """Promote what the chain has registered by now: somebody asked for a key that we do not use yet."""
        await self._settle(await self._blocks.final_block())

    async def _settle(self, block: Block) -> None:
        for batch in await self._settling.settle(block):
            if batch.purpose in self._refilling:
                self._refilling[batch.purpose].apply(Registered(self._now(), batch.batch))

    async def _next_look(self) -> None:
        hurry = any(refilling.busy for refilling in self._refilling.values())
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
            counts = await asyncio.gather(*(self._count(purpose, block) for purpose in self._refilling))
            self._seen = ChainView(block, dict(zip(self._refilling, counts, strict=True)))
        return self._seen

    async def _count(self, purpose: Purpose, block: Block) -> Count:
        held = self._keys.stock(block) if purpose.mintable else find_network_keys(self._custody, self._keys, purpose, block)
        if purpose in NETWORK_KEYS and self._custody.network_keys(purpose):
            return Count(held=await held, next_batch=1)  # there will never be another batch to number
        return Count(*await asyncio.gather(held, self._keys.next_batch(self._committee.epoch, purpose, block)))

    def _stock(self, purpose: Purpose, view: ChainView) -> StockView:
        used, count = self._store.batches_used(self._committee.epoch, purpose), view.counts[purpose]
        return StockView(
            me=self._generation.me,
            seats=self._committee.seats,
            epoch=self._committee.epoch,
            purpose=purpose,
            held=count.held,
            next_batch=max(count.next_batch, 1 + max(used, default=0)),
            head=view.block.number,
            connected=self._generation.connected(),
            signing=self._signing(),
        )

    def _now(self) -> float:
        return self._generation.clock.now()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise OurError("the coordinator is not running")
        return self._tasks.create_task(work)

    # -- what other nodes say ------------------------------------------------------------------------------------------

    def _on_announced(self, seat: Seat, message: BatchAnnounced) -> None:
        if self._tasks is not None and message.purpose in self._refilling:
            self._spawn(self._hear(seat, message))

    async def _hear(self, seat: Seat, message: BatchAnnounced) -> None:
        """Judge an announcement by the chain as it is now, not as it was at the last look."""
        try:
            view = await self._read()
        except WorldError as error:
            log.warning("a batch was announced but the chain cannot be read", why=error.message)
            return
        self._refilling[message.purpose].apply(Announced(self._now(), self._stock(message.purpose, view), seat, plan_of(message)))

    def _on_declined(self, seat: Seat, message: BatchDeclined) -> None:
        plan, refilling = plan_of(message), self._refilling.get(message.purpose)
        if refilling is None:
            return
        if refilling.state.plan == plan:
            log.info("a node declined the batch", peer=seat, purpose=plan.purpose.value, batch=plan.batch, why=message.reason[:200])
        refilling.apply(Declined(self._now(), seat, plan, message.next_batch))
