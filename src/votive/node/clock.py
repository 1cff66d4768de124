"""Time for the ceremonies: monotonic seconds, so that a wall clock that jumps ends no session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class MonotonicClock:
    """The clock of a real process."""

    def now(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds``."""
        await asyncio.sleep(seconds)

    def later(self, seconds: float, act: Callable[[], None], /) -> asyncio.TimerHandle:
        """Call ``act`` after ``seconds``."""
        return asyncio.get_running_loop().call_later(seconds, act)
