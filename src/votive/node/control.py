"""The standing session of an epoch, in which nodes announce batches and pair set-ups to one another.

A message here is a wish, never a fact: whoever acts on one checks it against chain, store and table first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Annotated, Protocol, TypeVar

import msgspec
import structlog

from votive.terms.encoding import encode
from votive.terms.frame import Envelope, Kind
from votive.terms.key import Purpose
from votive.terms.participant import Seat

log = structlog.get_logger()

Number = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
"""Counts and block numbers: what a peer sends never outgrows what the core and the contracts count in."""
Nonce = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


ALLOWED, ALLOWED_OF_A_KIND = (64, 8.0), (16, 1.0)
"""Messages of one seat that are heard at once, and for each second; honest nodes pause at least a second between attempts."""


class ControlMessage(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """Base of all control messages."""


class BatchAnnounced(ControlMessage, frozen=True, kw_only=True, tag="votive/control/batch/v1"):
    """The sender leads this batch and takes part in it from now on."""

    epoch: Number
    purpose: Purpose
    batch: Number
    count: Number
    deadline_block: Number


class BatchDeclined(ControlMessage, frozen=True, kw_only=True, tag="votive/control/batch-declined/v1"):
    """The sender does not take part in this batch."""

    epoch: Number
    purpose: Purpose
    batch: Number
    count: Number
    deadline_block: Number
    next_batch: Number
    reason: str


class SetupInvited(ControlMessage, frozen=True, kw_only=True, tag="votive/control/setup/v1"):
    """The lower seat starts set-up number ``counter`` between these two processes."""

    lower_nonce: Nonce
    higher_nonce: Nonce
    counter: Number


class SetupWanted(ControlMessage, frozen=True, kw_only=True, tag="votive/control/setup-wanted/v1"):
    """The higher seat has no live set-up between these two processes and asks for one."""

    lower_nonce: Nonce
    higher_nonce: Nonce


Message = BatchAnnounced | BatchDeclined | SetupInvited | SetupWanted
M = TypeVar("M", BatchAnnounced, BatchDeclined, SetupInvited, SetupWanted)

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class StandingChannel(Protocol):
    """The session's channel, as the mesh gives it."""

    async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send to one seat."""

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send to all other seats."""

    async def receive(self) -> Envelope:
        """Return the next message."""


class Allowance:
    """How often something may happen: ``burst`` times at once, then ``per_second``; counted apart for each key."""

    def __init__(self, burst: float, per_second: float, clock: Callable[[], float]) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> bool:
        """Use one; False if there is none left."""
        now = self._clock()
        left, since = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        return left >= 1


class Control:
    """One node's end of the standing session.

    What a peer says here costs the others far more than the peer: a log line, a reading of the chain, an answer to all nodes,
    a set-up. Messages beyond ``ALLOWED`` are dropped, for each seat and kind apart, so that honest nodes never feel it.
    """

    def __init__(self, channel: StandingChannel, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._sequence = 0
        self._any, self._kinds = Allowance(*ALLOWED, clock), Allowance(*ALLOWED_OF_A_KIND, clock)
        self._listeners: dict[type[ControlMessage], Callable[[Seat, ControlMessage], None]] = {}

    def listen(self, kind: type[M], listener: Callable[[Seat, M], None]) -> None:
        """Hand every message of ``kind`` to ``listener``, with the seat it came from. One listener a kind."""
        self._listeners[kind] = listener  # type: ignore[assignment]  # run() calls it with this kind only

    async def tell(self, to: Seat, message: Message) -> None:
        """Send ``message`` to one seat; lost if there is no link."""
        await self._channel.send(to, Kind.CONTROL, encode(message), self._next())

    async def announce(self, message: Message) -> None:
        """Send ``message`` to all other seats."""
        await self._channel.broadcast(Kind.CONTROL, encode(message), self._next())

    async def run(self) -> None:
        """Hand out what arrives, for ever."""
        while True:
            self._hand_out(await self._channel.receive())

    def _hand_out(self, envelope: Envelope) -> None:
        if not self._any.take(envelope.sender):
            return
        message = decode(envelope)
        listener = self._listeners.get(type(message)) if message is not None else None
        if message is not None and listener is not None and self._kinds.take((envelope.sender, type(message))):
            listener(envelope.sender, message)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def decode(envelope: Envelope) -> Message | None:
    """Decode a control message; None, and a line in the log, for what is not one in its canonical form."""
    try:
        if envelope.kind is not Kind.CONTROL:
            raise msgspec.ValidationError(f"kind {envelope.kind} does not belong here")
        message = _decoder.decode(envelope.payload)
        if encode(message) != envelope.payload:
            raise msgspec.ValidationError("not in canonical form")
    except msgspec.MsgspecError as error:
        log.warning("control message refused", peer=envelope.sender, why=str(error))
        return None
    return message
