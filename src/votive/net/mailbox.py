"""Where frames wait for the ceremony that wants them; bounded in every direction.

A peer may be ahead of us: its frames wait until our own node opens the session, within limits of count, bytes and age for each
peer, so that one peer can crowd out only itself. A session is opened once. What comes for a closed one is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from enum import Enum, auto

from votive.net.errors import MeshClosed, SessionRefused
from votive.net.limits import MeshLimits
from votive.terms.frame import Envelope, Kind
from votive.terms.participant import Seat

_Place = tuple[Seat, Kind, int]
_OVERHEAD = 512
"""Bytes counted for each frame beside its payload: evidence, objects, table entries."""


class Fate(Enum):
    """What became of a delivered frame."""

    RECEIVED = auto()
    """Its session is open; the ceremony gets it."""
    WAITING = auto()
    """Its session is not open yet."""
    REPEATED = auto()
    """The sender said something at this place before; only the first counts."""
    LATE = auto()
    """Its session is closed."""
    CROWDED = auto()
    """The sender has too much waiting in this open session; the frame was dropped."""


def _weight(envelope: Envelope) -> int:
    return len(envelope.payload) + _OVERHEAD


class Inbox:
    """The frames of one open session, in order of arrival; each (sender, kind, attempt) once."""

    def __init__(self, limits: MeshLimits) -> None:
        self._limits = limits
        self._queue: asyncio.Queue[Envelope | None] = asyncio.Queue()
        self._seen: defaultdict[Seat, set[tuple[Kind, int]]] = defaultdict(set)
        self._last_control: dict[Seat, int] = {}
        self._frames: defaultdict[Seat, int] = defaultdict(int)
        self._bytes: defaultdict[Seat, int] = defaultdict(int)
        self._closed = False
        self._hear: Callable[[Envelope], None] | None = None

    def put(self, envelope: Envelope) -> Fate:
        """Hand ``envelope`` to who listens, or queue it; unless it repeats, or too much of its sender is queued."""
        sender, place = envelope.sender, (envelope.kind, envelope.attempt)
        seen, control = self._seen[sender], envelope.kind is Kind.CONTROL
        if place in seen or (control and envelope.attempt <= self._last_control.get(sender, -1)):
            return Fate.REPEATED
        if len(seen) >= self._limits.seen_frames or (self._hear is None and self._crowded(envelope)):
            return Fate.CROWDED
        if control:  # it lives in a standing session: a rising number needs no memory of all that came before
            self._last_control[sender] = envelope.attempt
        else:
            seen.add(place)
        if self._hear is not None:
            self._hear(envelope)  # at once: nothing of it waits
            return Fate.RECEIVED
        self._frames[sender] += 1
        self._bytes[sender] += _weight(envelope)
        self._queue.put_nowait(envelope)
        return Fate.RECEIVED

    async def get(self) -> Envelope:
        """Return the next frame; MeshClosed when the session or the mesh was closed."""
        envelope = None if self._closed and self._queue.empty() else await self._queue.get()
        if envelope is None:
            self._queue.put_nowait(None)  # for whoever else waits
            raise MeshClosed("the session is closed: nothing can be received in it any more")
        self._taken(envelope)
        return envelope

    def listen(self, hear: Callable[[Envelope], None] | None) -> None:
        """Give what is queued to ``hear``, and from now on what comes; None: queue it again."""
        self._hear = hear
        while self._hear is not None and not self._closed and not self._queue.empty():
            envelope = self._queue.get_nowait()
            if envelope is not None:
                self._taken(envelope)
                self._hear(envelope)

    def renew(self, sender: Seat) -> None:
        """Let the sequence numbers of ``sender``'s CONTROL messages begin anew: it is another process now."""
        self._last_control.pop(sender, None)

    def close(self) -> None:
        """Wake whoever waits."""
        self._closed = True
        self._queue.put_nowait(None)

    def _taken(self, envelope: Envelope) -> None:
        self._frames[envelope.sender] -= 1
        self._bytes[envelope.sender] -= _weight(envelope)

    def _crowded(self, envelope: Envelope) -> bool:
        frames, size = self._frames[envelope.sender], self._bytes[envelope.sender]
        return frames >= self._limits.pending_frames or size + _weight(envelope) > self._limits.pending_bytes


class _Early:
    """Frames of one peer for sessions not yet opened, oldest first."""

    def __init__(self) -> None:
        self.at: OrderedDict[tuple[bytes, _Place], float] = OrderedDict()
        self.bytes = 0


class Mailbox:
    """All sessions of one node: not yet opened, open, closed."""

    def __init__(self, limits: MeshLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._open: dict[bytes, Inbox] = {}
        self._early: defaultdict[Seat, _Early] = defaultdict(_Early)
        self._by_session: dict[bytes, OrderedDict[_Place, Envelope]] = {}
        self._tombstones: OrderedDict[bytes, None] = OrderedDict()

    def deliver(self, session: bytes, envelope: Envelope) -> Fate:
        """Hand an authenticated frame to its session, or let it wait."""
        if session in self._tombstones:
            return Fate.LATE
        inbox = self._open.get(session)
        return inbox.put(envelope) if inbox is not None else self._wait(session, envelope)

    def open(self, session: bytes) -> Inbox:
        """Open ``session`` with what already waits for it; SessionRefused if it is open or was closed."""
        if session in self._open:
            raise SessionRefused(f"session {session.hex()} is open already: one ceremony at a time has it")
        if session in self._tombstones:
            raise SessionRefused(f"session {session.hex()} was closed: a session is opened once, begin another")
        inbox = self._open[session] = Inbox(self._limits)
        for place in list(self._by_session.get(session, ())):
            inbox.put(self._take(session, place))
        return inbox

    def close(self, session: bytes) -> None:
        """Close ``session`` for good; what comes for it later is dropped."""
        inbox = self._open.pop(session, None)
        if inbox is None:
            return
        inbox.close()
        self._tombstones[session] = None
        while len(self._tombstones) > self._limits.tombstones:
            self._tombstones.popitem(last=False)

    def close_all(self) -> None:
        """Close every session, so that nobody waits for a mesh that is gone."""
        for session in list(self._open):
            self.close(session)

    def renew(self, sender: Seat) -> None:
        """Take note that ``sender`` is another process than before."""
        for inbox in self._open.values():
            inbox.renew(sender)

    def expire(self) -> int:
        """Drop what waited too long; return how many frames that were."""
        before = self._clock() - self._limits.waiting_seconds
        dropped = 0
        for early in self._early.values():
            while early.at and next(iter(early.at.values())) <= before:
                self._take(*next(iter(early.at)))
                dropped += 1
        return dropped

    def waiting(self, sender: Seat) -> tuple[int, int]:
        """Return how many frames of ``sender`` wait for sessions not yet opened, and their bytes."""
        early = self._early[sender]
        return len(early.at), early.bytes

    def _wait(self, session: bytes, envelope: Envelope) -> Fate:
        place = (envelope.sender, envelope.kind, envelope.attempt)
        if place in self._by_session.get(session, ()):
            return Fate.REPEATED
        if _weight(envelope) > self._limits.waiting_bytes:
            return Fate.CROWDED
        early = self._early[envelope.sender]
        early.at[session, place] = self._clock()
        early.bytes += _weight(envelope)
        self._by_session.setdefault(session, OrderedDict())[place] = envelope
        while len(early.at) > self._limits.waiting_frames or early.bytes > self._limits.waiting_bytes:
            self._take(*next(iter(early.at)))
        return Fate.WAITING

    def _take(self, session: bytes, place: _Place) -> Envelope:
        envelopes = self._by_session[session]
        envelope = envelopes.pop(place)
        if not envelopes:
            del self._by_session[session]
        early = self._early[place[0]]
        del early.at[session, place]
        early.bytes -= _weight(envelope)
        return envelope
