"""Frames: the bytes between two nodes, inside TLS.

    prefix    length of the rest (4, big-endian) ‖ version (1) ‖ kind (1)
    route     session (32) ‖ attempt (4) ‖ receiver (1) ‖ wallet signature (65)         not in HELLO, HELLO_ACK, PING
    payload   at most PAYLOAD_LIMIT[kind] bytes

The layout is fixed, so every frame has one encoding. The sender is the link's, never a field. The length is judged by the kind as
soon as six bytes are here, before anything is allocated for the rest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from votive.net.errors import LinkFault, Reason
from votive.net.evidence import Statement
from votive.terms.frame import PAYLOAD_LIMIT, Kind
from votive.terms.participant import Seat

VERSION = 1
PREFIX = struct.Struct(">IBB")
ROUTE = struct.Struct(">32sIB65s")
_HEAD = struct.Struct(">IBB32sIB65s")
"""Both."""
LINK_KINDS = frozenset({Kind.HELLO, Kind.HELLO_ACK, Kind.PING})
"""What two ends of a link say to each other; it belongs to no session and carries no wallet signature."""
CHECKED_LATER = frozenset({Kind.SIGN_READY, Kind.SIGN_ROUND1, Kind.SIGN_ROUND2, Kind.SIGN_ROUND3, Kind.SIGN_OUTCOME, Kind.SIGN_ASK})
"""Most frames of a signature. TLS has proven their sender to us; the wallet's signature is for third parties, so it is checked
before one of them serves as evidence, and by chance (docs/decisions/0072). What is passed on as evidence is checked on arrival."""
MAX_ATTEMPT = 2**32 - 1
_WINDOW = 16 * 1024
"""Bytes taken from a link at a time; one TLS record."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol message on the wire."""

    session: bytes
    kind: Kind
    attempt: int
    receiver: int
    signature: bytes
    payload: bytes

    def statement(self, sender: Seat) -> Statement:
        """Say where this frame belongs, sent by ``sender``."""
        return Statement(session=self.session, kind=self.kind, attempt=self.attempt, sender=sender, receiver=self.receiver)


def signed_frame(place: Statement, signature: bytes, payload: bytes) -> Frame:
    """Put ``payload`` at ``place`` under its sender's signature."""
    return Frame(
        session=place.session, kind=place.kind, attempt=place.attempt, receiver=place.receiver, signature=signature, payload=payload
    )


def limits_of(kind: Kind) -> tuple[int, int]:
    """Return the least and the greatest length of what follows the prefix."""
    route = 0 if kind in LINK_KINDS else ROUTE.size
    return route, route + PAYLOAD_LIMIT[kind]


_LIMITS = {int(kind): (kind, *limits_of(kind)) for kind in Kind}


def encode_link(kind: Kind, payload: bytes) -> bytes:
    """Encode what one end of a link says to the other."""
    return PREFIX.pack(len(payload), VERSION, kind) + payload


def encode_frame(frame: Frame) -> bytes:
    """Encode a protocol message."""
    length = ROUTE.size + len(frame.payload)
    return _HEAD.pack(length, VERSION, frame.kind, frame.session, frame.attempt, frame.receiver, frame.signature) + frame.payload


def decode_frame(kind: Kind, body: bytes | bytearray) -> Frame:
    """Decode what followed the prefix of a protocol message. Any bytes of a length within ``limits_of(kind)`` are one, and only one."""
    session, attempt, receiver, signature = ROUTE.unpack_from(body)
    payload = bytes(memoryview(body)[ROUTE.size :])
    return Frame(session=session, kind=kind, attempt=attempt, receiver=receiver, signature=signature, payload=payload)


def read_prefix(prefix: bytes | bytearray) -> tuple[Kind, int]:
    """Return the kind and the length that six bytes announce; LinkFault if no such frame may come."""
    length, version, number = PREFIX.unpack(prefix)
    if version != VERSION:
        raise LinkFault(Reason.MALFORMED, f"frame version {version} is not {VERSION}")
    if number not in _LIMITS:
        raise LinkFault(Reason.MALFORMED, f"there is no message of kind {number}")
    kind, least, greatest = _LIMITS[number]
    if length < least:
        raise LinkFault(Reason.MALFORMED, f"a {kind.name} frame of {length} bytes is shorter than its route")
    if length > greatest:
        raise LinkFault(Reason.OVERSIZED, f"a {kind.name} frame announces {length} bytes, {greatest} are allowed")
    return kind, length


class Deframer:
    """Cuts a stream into frames. Small frames are cut from one window; a larger one is read straight into its own buffer."""

    def __init__(self) -> None:
        self._window = bytearray(_WINDOW)
        self._filled = 0
        self._body: bytearray | None = None
        self._body_filled = 0
        self._kind = Kind.PING

    def buffer(self) -> memoryview:
        """Return where the next bytes of the stream belong; never empty."""
        if self._body is not None:
            return memoryview(self._body)[self._body_filled :]
        return memoryview(self._window)[self._filled :]

    def filled(self, count: int) -> Iterator[tuple[Kind, bytes | bytearray]]:
        """Take note that ``count`` bytes were written to ``buffer()``; yield the frames (kind, rest) that are complete now."""
        if self._body is None:
            self._filled += count
            yield from self._cut()
            return
        self._body_filled += count
        if self._body_filled == len(self._body):
            kind, body = self._kind, self._body
            self._body = None
            yield kind, body

    def _cut(self) -> Iterator[tuple[Kind, bytes | bytearray]]:
        at = 0
        while self._filled - at >= PREFIX.size:
            kind, length = read_prefix(self._window[at : at + PREFIX.size])
            start, end = at + PREFIX.size, at + PREFIX.size + length
            if end > self._filled:
                if PREFIX.size + length > _WINDOW:
                    self._begin_body(kind, length, start)
                    return
                break
            at = end
            yield kind, bytes(self._window[start:end])
        self._keep_from(at)

    def _begin_body(self, kind: Kind, length: int, start: int) -> None:
        self._kind, self._body = kind, bytearray(length)
        self._body_filled = self._filled - start
        self._body[: self._body_filled] = self._window[start : self._filled]
        self._filled = 0

    def _keep_from(self, at: int) -> None:
        rest = self._window[at : self._filled]
        self._window[: len(rest)] = rest
        self._filled = len(rest)
