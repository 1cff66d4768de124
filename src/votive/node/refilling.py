"""One purpose's state machine, made to act: its commands become ceremonies and votes, and their ends become its events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from votive.node.control import BatchAnnounced, BatchDeclined, Control
from votive.node.keygen import KeyGeneration
from votive.node.transitions import (
    Abandon,
    Announce,
    BatchPlan,
    Command,
    Decline,
    Event,
    Failed,
    Generate,
    Generated,
    Phase,
    Refill,
    StockPolicy,
    Tick,
    step,
)
from votive.terms.errors import VotiveError, WorldError
from votive.terms.key import BatchVote, Purpose

log = structlog.get_logger()

CONNECT_PATIENCE = 10.0
"""So long a node that was invited to a batch waits for its own links to all others."""


class Refilling:
    """Makes keys of one purpose whenever the machine says so."""

    def __init__(
        self,
        purpose: Purpose,
        policy: StockPolicy,
        *,
        generation: KeyGeneration,
        control: Control,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        changed: asyncio.Event,
    ) -> None:
        self.purpose, self.policy = purpose, policy
        self._generation, self._control, self._spawn, self._changed = generation, control, spawn, changed
        self._state = Refill()
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> Refill:
        """The machine's state."""
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a batch is due or its registration is awaited."""
        return self._state.phase in (Phase.WANTED, Phase.AWAITING)

    def apply(self, event: Event) -> None:
        """Take ``event``, and do what follows from it."""
        before, (self._state, commands) = self._state, step(self._state, event, self.policy)
        if before.phase is not self._state.phase:
            log.info(
                "stock",
                purpose=self.purpose.value,
                phase=self._state.phase.name.lower(),
                why=type(event).__name__.lower(),
                batch=self._state.plan and self._state.plan.batch,
            )
        for command in commands:
            self._obey(command)
        if before.phase is Phase.AWAITING and isinstance(event, Tick) and self._state.phase is not Phase.AWAITING:
            self._spawn(self.vote_again())

    async def vote_again(self) -> None:
        """Repeat the votes for confirmed batches: ours may have been lost with a process, or by a reorganisation of the chain."""
        for vote in await self._generation.confirmed(self.purpose):
            self._spawn(self._vote(vote))

    def _obey(self, command: Command) -> None:
        if isinstance(command, Announce):
            self._spawn(self._control.announce(announcement(command.plan)))
        elif isinstance(command, Decline):
            log.info("batch declined", purpose=self.purpose.value, batch=command.plan.batch, why=command.reason)
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
            self.apply(Failed(self._now(), plan))
            return
        self._task = None
        log.info("batch generated", purpose=self.purpose.value, batch=plan.batch, keys=len(batch.keys))
        self.apply(Generated(self._now(), plan))
        self._spawn(self._vote(batch.vote()))

    async def _vote(self, vote: BatchVote) -> None:
        await self._generation.vote(vote)
        self._changed.set()

    async def _connect(self) -> None:
        """Wait for our own links: a leader may see all nodes connected a moment before we do."""
        deadline = self._now() + CONNECT_PATIENCE
        while not self._generation.connected():
            if self._now() > deadline:
                raise WorldError("not all nodes are connected to this one, and key generation takes all of them")
            await self._generation.clock.sleep(0.1)

    def _now(self) -> float:
        return self._generation.clock.now()


def log_failure(plan: BatchPlan, error: Exception) -> None:
    """Say why an attempt ended; what was not raised on purpose is a defect, with its trace."""
    named = {"purpose": plan.purpose.value, "batch": plan.batch}
    if isinstance(error, VotiveError):
        log.warning("batch failed", **named, why=error.message, culprits=list(getattr(error, "culprits", ())))
    else:
        log.error("batch failed by a defect", **named, exc_info=error)


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


def plan_of(message: BatchAnnounced | BatchDeclined) -> BatchPlan:
    """Read the plan that a control message speaks of."""
    return BatchPlan(message.epoch, message.purpose, message.batch, message.count, message.deadline_block)
