"""Frames: the bytes between two nodes, inside TLS.

    prefix    length of the rest (4, big-endian) ‖ version (1) ‖ kind (1)
    route     session (32) ‖ attempt (4) ‖ receiver (1) ‖ wallet signature (65)         not in HELLO, HELLO_ACK, PING
    payload   at most PAYLOAD_LIMIT[kind] bytes

The layout is fixed, so every frame has one encoding. The sender is the link's, never a field. The length is judged by the kind as
soon as six bytes are here, before anything is allocated for the rest.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from votive.core import FrameReader
from votive.net.errors import LinkFault, Reason
from votive.net.evidence import Statement
from votive.terms.frame import PAYLOAD_LIMIT, Envelope, Kind
from votive.terms.participant import Seat

VERSION = 1
PREFIX = struct.Struct(">IBB")
ROUTE = struct.Struct(">32sIB65s")
_HEAD = struct.Struct(">IBB32sIB65s")
"""Both."""
LINK_KINDS = frozenset({Kind.HELLO, Kind.HELLO_ACK, Kind.PING})
"""What two ends of a link say to each other; it belongs to no session and carries no wallet signature."""
CHECKED_LATER = frozenset(
    {Kind.SIGN_READY, Kind.SIGN_PROPOSE, Kind.SIGN_ROUND1, Kind.SIGN_ROUND2, Kind.SIGN_ROUND3, Kind.SIGN_OUTCOME, Kind.SIGN_ASK}
)
"""Most frames of a signature. TLS has proven their sender to us; the wallet's signature is for third parties, so it is checked
before one of them serves as evidence or is passed on as such, and by chance (docs/decisions/0072, 0079)."""
MAX_ATTEMPT = 2**32 - 1
_WINDOW = 128 * 1024
"""Bytes taken from a link at a time: a round of a signature for two seats is one reading."""

Cut: TypeAlias = tuple[Kind, bytes, int, bytes, Envelope | bytes]
"""Kind, session, receiver, signature and envelope of a frame; or kind, b"", 0, b"" and the body, of a word of the link itself."""


def limits_of(kind: Kind) -> tuple[int, int]:
    """Return the least and the greatest length of what follows the prefix."""
    route = 0 if kind in LINK_KINDS else ROUTE.size
    return route, route + PAYLOAD_LIMIT[kind]


_LIMITS = {int(kind): (kind, *limits_of(kind)) for kind in Kind}


def encode_link(kind: Kind, payload: bytes) -> bytes:
    """Encode what one end of a link says to the other."""
    return PREFIX.pack(len(payload), VERSION, kind) + payload


def encode_signed(place: Statement, signature: bytes, payload: bytes) -> bytes:
    """Encode ``payload`` at its place, under its sender's signature."""
    length = ROUTE.size + len(payload)
    return _HEAD.pack(length, VERSION, place.kind, place.session, place.attempt, place.receiver, signature) + payload


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


def reader_of(sender: Seat) -> FrameReader:
    """Return what reads the frames of ``sender``."""
    kinds = [(kind, number, least, greatest) for number, (kind, least, greatest) in _LIMITS.items()]
    return FrameReader(kinds=kinds, sender=sender, envelope=Envelope)


class Deframer:
    """Cuts the stream of one sender into frames, in ``rust/wire``; one larger than the window is read into its own buffer."""

    def __init__(self, sender: Seat) -> None:
        self._reader = reader_of(sender)
        self._window = bytearray(_WINDOW)
        self._view = memoryview(self._window)
        self._filled = 0
        self._body: bytearray | None = None
        self._body_filled = 0
        self._kind = Kind.PING

    def buffer(self) -> memoryview:
        """Return where the next bytes of the stream belong; never empty."""
        if self._body is not None:
            return memoryview(self._body)[self._body_filled :]
        return self._view[self._filled :]

    def filled(self, count: int) -> list[Cut]:
        """Take note that ``count`` bytes were written to ``buffer()``; return the frames that are complete now.

        LinkFault if a frame begins that may not come; those before it are lost, as their link is.
        """
        if self._body is not None:
            return self._fill_body(self._body, count)
        self._filled += count
        frames, at = self._reader.cut(self._window, self._filled)
        if at == self._filled:
            self._filled = 0
        else:
            self._begin(at)
        return frames

    def _begin(self, at: int) -> None:
        """Keep the beginning of a frame, or begin the buffer of one that is larger than the window."""
        rest = self._window[at : self._filled]
        if len(rest) >= PREFIX.size:
            kind, length = read_prefix(rest[: PREFIX.size])
            if PREFIX.size + length > _WINDOW:
                self._kind, self._body = kind, bytearray(length)
                self._body_filled = len(rest) - PREFIX.size
                self._body[: self._body_filled] = rest[PREFIX.size :]
                self._filled = 0
                return
        self._window[: len(rest)] = rest
        self._filled = len(rest)

    def _fill_body(self, body: bytearray, count: int) -> list[Cut]:
        self._body_filled += count
        if self._body_filled < len(body):
            return []
        self._body = None
        return [self._reader.read(self._kind, body)]
