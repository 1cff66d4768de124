"""Gathers one message of each peer, kind by kind, for ceremonies that go in lock step."""

from __future__ import annotations

from collections.abc import Iterable

from votive.protocol.channel import Channel, Clock, Envelope, Kind, within
from votive.terms.participant import Seat


class Aborted(Exception):
    """A peer has said that it left the ceremony. Internal: each ceremony turns it into its own error."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope.sender)
        self.envelope = envelope


class Inbox:
    """What was received in one session and not yet asked for.

    A ceremony in lock step has at most one message of each kind and sender; the channel drops repetitions. Messages of seats
    that do not take part, of other kinds and of other attempts are ignored.
    """

    def __init__(self, channel: Channel, clock: Clock, *, peers: Iterable[Seat], kinds: Iterable[Kind], abort: Kind, until: float) -> None:
        self._channel, self._clock, self._abort, self._until = channel, clock, abort, until
        self._peers = frozenset(peers)
        self._received: dict[Kind, dict[Seat, Envelope]] = {kind: {} for kind in kinds}

    async def gather(self, kind: Kind) -> dict[Seat, Envelope]:
        """Return the message of every peer, by ascending seat.

        Raises:
            TimeoutError: not all came in time; ``missing`` says whose.
            Aborted: a peer left.
        """
        if self.missing(kind):
            await within(self._clock, self._until - self._clock.now(), self._fill(kind))
        return dict(sorted(self._received[kind].items()))

    def extend(self, until: float) -> None:
        """Give the next gathering another deadline."""
        self._until = until

    def missing(self, kind: Kind) -> tuple[Seat, ...]:
        """The peers whose message of this kind has not come, ascending."""
        return tuple(sorted(self._peers - self._received[kind].keys()))

    def received(self, kind: Kind) -> dict[Seat, Envelope]:
        """Return what has come of this kind so far."""
        return dict(self._received[kind])

    async def _fill(self, kind: Kind) -> None:
        while self.missing(kind):
            self._sort(await self._channel.receive())

    def _sort(self, envelope: Envelope) -> None:
        if envelope.sender not in self._peers or envelope.attempt != 0:
            return
        if envelope.kind is self._abort:
            raise Aborted(envelope)
        if envelope.kind in self._received:
            self._received[envelope.kind].setdefault(envelope.sender, envelope)
