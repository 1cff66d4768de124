"""Why a link ends, a frame is refused, or a session cannot be had."""

from __future__ import annotations

from enum import StrEnum

from votive.terms.errors import OurError, PeerError, WorldError
from votive.terms.participant import Seat


class Reason(StrEnum):
    """Why a link ended or a connection was refused. The value is what an operator sees in logs and metrics."""

    PREAMBLE = "preamble"
    """The peer's first bytes are not those of this protocol."""
    UNREGISTERED = "unregistered-certificate"
    """The certificate is not the one that the registry holds for this node."""
    WRONG_SIDE = "wrong-side"
    """The higher seat dials, the lower one listens; this node did the opposite."""
    TLS = "tls"
    """The TLS handshake failed: another version, no certificate, or no proof that the peer has its key."""
    HELLO = "hello"
    """The peer speaks for another seat, epoch, network or protocol version."""
    OVERSIZED = "oversized"
    """A frame announced more than its kind may have."""
    MALFORMED = "malformed"
    """A frame is not what this protocol writes."""
    SIGNATURE = "signature"
    """The wallet signature of a frame is not the sender's over exactly this frame."""
    MISADDRESSED = "misaddressed"
    """A frame is addressed to another seat."""
    BARRED = "barred"
    """The peer broke the protocol a moment ago and has to wait before it may come back."""
    TIMEOUT = "timeout"
    """The handshake did not end in time."""
    CROWDED = "crowded"
    """Too many handshakes were under way; the oldest gave way."""
    SILENT = "silent"
    """Nothing came for several ping intervals: the connection is half open or the peer stands still."""
    BACKLOG = "backlog"
    """The peer does not read: more waits for it than may wait."""
    REPLACED = "replaced"
    """A second live link for the same identity took the place of this one."""
    UNREACHABLE = "unreachable"
    """No connection to the peer's address could be made."""
    LOST = "lost"
    """The connection broke, or the peer closed it."""
    DEFECT = "defect"
    """This node failed on what came, by a defect of its own; its log has the trace. The peer may come back at once."""
    CLOSED = "closed"
    """This node shut down."""


PEER_FAULTS = frozenset({Reason.HELLO, Reason.OVERSIZED, Reason.MALFORMED, Reason.SIGNATURE, Reason.MISADDRESSED})
"""Reasons for which an authenticated peer has to wait before it may come back."""


class LinkFault(PeerError):
    """A connection ended for ``reason``; ``seat`` is the authenticated peer, 0 while it is not known."""

    def __init__(self, reason: Reason, message: str, *, seat: int = 0) -> None:
        super().__init__(message, culprits=[Seat(seat)] if seat and reason in PEER_FAULTS else [])
        self.reason = reason
        self.seat = seat

    def by(self, seat: Seat) -> LinkFault:
        """Return this fault as that of the authenticated peer in ``seat``."""
        return LinkFault(self.reason, self.message, seat=seat)


class EvidenceInvalid(PeerError):
    """A piece of evidence does not prove that the named sender said this."""


class SessionRefused(OurError):
    """This session is open already, or was closed: a session is opened once."""


class MeshClosed(OurError):
    """The mesh has shut down; nothing can be sent or received any more."""


class PeerPortTaken(WorldError):
    """The peer port cannot be listened on."""
