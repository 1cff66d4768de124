"""How many requests a node works on at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from votive.terms.errors import CallerError, ErrorCode


class Gate:
    """Lets so many requests work at once and turns the others away at the door."""

    def __init__(self, places: int) -> None:
        self._places, self._taken = places, 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; CallerError 429 if there is none."""
        if self._taken >= self._places:
            raise CallerError(
                f"this node works on {self._places} requests already. Try again in a moment.",
                code=ErrorCode.CONCURRENCY_OVERLOAD,
                status=429,
                details=[{"limit": "concurrent_requests", "value": self._places}],
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
