"""Counting what peers do, and saying it in the log without letting them fill the disk."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable

import structlog

from votive.net.errors import LinkFault

UNKNOWN = 0
"""Seat under which things are counted that no authenticated peer did."""
_QUIET_SECONDS = 1.0

_log = structlog.get_logger("votive.net")


class Tally:
    """Counters by name and seat."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()
        self._clock = clock
        self._said: dict[tuple[str, int], float] = {}
        self._unsaid: Counter[tuple[str, int]] = Counter()

    def count(self, name: str, seat: int = UNKNOWN, by: int = 1) -> None:
        """Add ``by`` to the counter ``name`` of ``seat``."""
        self._counts[name, seat] += by

    def frame(self, name: str, content: str, seat: int, size: int) -> None:
        """Add 1 to the counter ``name`` of ``seat``, and ``size`` to its counter ``content``."""
        self._counts[name, seat] += 1
        self._counts[content, seat] += size

    def fault(self, fault: LinkFault) -> None:
        """Count why a connection ended; log it at most once a second for each seat and reason."""
        self.count(f"ended_{fault.reason.replace('-', '_')}", fault.seat)
        about = (str(fault.reason), fault.seat)
        now = self._clock()
        if now - self._said.get(about, -_QUIET_SECONDS) < _QUIET_SECONDS:
            self._unsaid[about] += 1
            return
        self._said[about] = now
        _log.warning("link_ended", seat=fault.seat, reason=str(fault.reason), why=fault.message, unsaid=self._unsaid.pop(about, 0))

    def snapshot(self) -> dict[str, dict[int, int]]:
        """Return all counters: name → seat → count."""
        shown: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for (name, seat), value in self._counts.items():
            shown[name][seat] = value
        return dict(shown)
