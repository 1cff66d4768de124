"""How long to wait before trying again: longer each time, never in step with others."""

from __future__ import annotations

import random


class Backoff:
    """Doubling waits between ``first`` and ``last`` seconds, each drawn from its upper half so that peers do not march in step."""

    def __init__(self, first: float, last: float, *, jitter: random.Random | None = None) -> None:
        self._first = first
        self._last = last
        self._next = first
        self._jitter = jitter or random.Random()  # noqa: S311  # spreads retries in time; no secret

    def failed(self) -> float:
        """Return how many seconds to wait now, and wait twice as long the next time."""
        wait = self._next * (0.5 + self._jitter.random() / 2)
        self._next = min(self._next * 2, self._last)
        return wait

    def reset(self) -> None:
        """Begin anew: the last attempt went well for long enough."""
        self._next = self._first
