"""How much a mesh takes and how long it waits; one frozen struct, read once."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class MeshLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one mesh. Times are in seconds."""

    handshake_seconds: float = 5.0
    """From the accepted or dialled connection to hello and ack."""
    handshakes: int = 64
    """Incoming handshakes under way at once; one more ends the oldest."""
    ping_seconds: float = 5.0
    silence_seconds: float = 15.0
    """A link on which nothing came for this long is closed."""
    backlog_bytes: int = 8 * MIB
    """Bytes that may wait for a peer that does not read."""
    first_backoff_seconds: float = 0.1
    last_backoff_seconds: float = 3.0
    settled_seconds: float = 10.0
    """A link that lived this long resets the back-off."""
    last_bar_seconds: float = 30.0
    """Longest time for which a peer that broke the protocol is not let in."""
    frames_per_second: int = 2000
    """A link that brings more is read no further until the second is over: checking them costs one core about a tenth of its time."""
    spot_checks: float = 1 / 32
    """Probability that a frame of ``CHECKED_LATER`` has its wallet signature checked on arrival."""
    inline_bytes: int = 256 * 1024
    """Larger payloads are hashed in a thread."""
    waiting_frames: int = 1024
    """Frames per peer that wait for sessions not yet opened."""
    waiting_bytes: int = 4 * MIB
    waiting_seconds: float = 40.0
    """An action may run for 30 s before it reaches the call that opens the session."""
    pending_frames: int = 1024
    """Frames per peer and open session that nobody has received yet."""
    pending_bytes: int = 8 * MIB
    seen_frames: int = 8192
    """Distinct (kind, attempt) per peer and open session, received or not."""
    tombstones: int = 16384
    """Closed sessions remembered, so that what comes late is dropped at once."""
