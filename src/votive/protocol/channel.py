"""What a ceremony needs from below: a channel to the committee, a clock, and a place to run the core's steps.

Stated here by the one who needs it and given by the node (links, monotonic time, threads) or by the simulation (virtual
time, direct calls). A ceremony knows no socket, no wall clock, no store and no chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, Protocol, TypeVar

from votive.terms.frame import Envelope, Kind
from votive.terms.participant import Seat

__all__ = ["Alarm", "Channel", "Clock", "Envelope", "Kind", "Proves", "Run", "settle", "within"]

T = TypeVar("T")


class Channel(Protocol):
    """One session's side of authenticated links to the whole committee.

    The sender of an envelope is the link's peer. At most one message of each (sender, kind, attempt) is delivered, the first;
    messages may be lost, late or out of order, never altered. Messages that came before the channel was opened wait in it.
    """

    @property
    def me(self) -> Seat:
        """Our seat."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The whole committee, ascending, ours among it."""

    async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send to one other seat; never waits for it. What cannot be delivered is lost."""

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0, *, to: Collection[Seat] | None = None) -> None:
        """Send the same to all other seats, or to those of ``to`` alone, under one signature for all."""

    async def receive(self) -> Envelope:
        """Return the next message of this session, of any kind."""

    def listen(self, hear: Callable[[Envelope], None] | None) -> None:
        """Give every message to ``hear`` from now on, those that wait at once; it must not raise. None: let them wait again."""


class Clock(Protocol):
    """Monotonic time."""

    def now(self) -> float:
        """Seconds since some fixed moment."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""

    def later(self, seconds: float, act: Callable[[], None], /) -> Alarm:
        """Call ``act`` after ``seconds``, unless the alarm is cancelled before."""


class Alarm(Protocol):
    """What is to happen at some time."""

    def cancel(self) -> None:
        """Let it not happen."""


class Run(Protocol):
    """Runs one step of the core and returns its result: in a thread in the node, directly in the simulation."""

    def __call__(self, step: Callable[[], T], /) -> Awaitable[T]:
        """Run ``step``; its exceptions come through."""


Proves = Callable[[Envelope], bool]
"""Whether an envelope's evidence convinces anyone that its sender said this, to whomever, in this session, kind and attempt.

To whomever: what must be the same for all convicts its author by two different texts, even if each was signed for one receiver.
"""


async def within(clock: Clock, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns; TimeoutError once ``seconds`` have passed on ``clock``, with ``work`` cancelled."""
    task, timer = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(max(seconds, 0.0)))
    try:
        await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        await settle(task, timer)


async def settle(*tasks: asyncio.Future[Any]) -> None:
    """Cancel ``tasks`` and wait until they are over, so that none outlives its owner; their results are dropped."""
    for task in tasks:
        task.cancel()
    if not all(task.done() for task in tasks):
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        _ = task.cancelled() or task.exception()  # read, so that asyncio does not complain of it
