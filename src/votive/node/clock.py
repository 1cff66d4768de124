"""Time for the ceremonies: monotonic seconds, so that a wall clock that jumps ends no session."""

from __future__ import annotations

import asyncio
import time


class MonotonicClock:
    """The clock of a real process."""

    def now(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds``."""
        await asyncio.sleep(seconds)
