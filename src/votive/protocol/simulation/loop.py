"""An event loop in virtual time: it never waits, and the same program runs the same way every time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(RuntimeError):
    """Every task waits for another, and no timer is set: in real time this program would hang for ever."""


class _NothingToSelect(selectors.SelectSelector):
    """Answers at once that no file is ready, and lets the clock jump to the next timer instead."""

    advance: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("every task waits and no timer is set")
        self.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when there is nothing else to do."""

    def __init__(self) -> None:
        selector = _NothingToSelect()
        selector.advance = self._advance
        self._virtual = 0.0
        super().__init__(selector)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual

    def _advance(self, seconds: float) -> None:
        self._virtual += seconds


class VirtualClock:
    """The running loop's time, as ceremonies see it."""

    def now(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of virtual time pass."""
        await asyncio.sleep(seconds)

    def later(self, seconds: float, act: Callable[[], None], /) -> asyncio.TimerHandle:
        """Call ``act`` once ``seconds`` of virtual time have passed."""
        return asyncio.get_running_loop().call_later(seconds, act)


async def directly(step: Callable[[], T], /) -> T:
    """Run a step of the engine at once: threads would make the order of things a matter of luck."""
    return step()


def simulate(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
