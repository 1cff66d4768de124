"""What happens in a signing session besides its result: for logs, metrics, the back-off of set-ups, and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from votive.protocol.channel import Envelope
from votive.protocol.leader import Signers
from votive.protocol.messages import Reason
from votive.terms.participant import Seat


@dataclass(frozen=True)
class Entered:
    """This node announced itself for an attempt."""

    attempt: int


@dataclass(frozen=True)
class Joined:
    """This node joined a proposal and will run the engine."""

    attempt: int
    signers: Signers


@dataclass(frozen=True)
class Left:
    """This node left an attempt; ``seats`` are those it misses or that left before it."""

    attempt: int
    reason: Reason | None
    """None: no proposal came, or the others had gone on."""
    seats: Signers = ()


@dataclass(frozen=True)
class Blamed:
    """A seat broke the protocol, and ``evidence`` (messages it signed) shows it. Never raised for silence."""

    seat: Seat
    why: str
    evidence: tuple[Envelope, ...] = ()
    """The messages whose signatures hold. Where a check of the engine convicts, only this node can repeat it upon them."""


@dataclass(frozen=True)
class Unsigned:
    """A message of ``seat`` was to serve as evidence, and its signature does not hold: that is a fault of its own."""

    seat: Seat
    why: str


@dataclass(frozen=True)
class PairLost:
    """A consistency check failed: the set-up with ``peer`` is destroyed. Count it before the next set-up (``pause_before``)."""

    peer: Seat


@dataclass(frozen=True)
class Adopted:
    """This node holds the verified signature: computed by itself, or taken from ``sender``."""

    attempt: int
    sender: Seat | None


Event = Entered | Joined | Left | Blamed | Unsigned | PairLost | Adopted
Observe = Callable[[Event], None]


def unobserved(event: Event) -> None:
    """Observe nothing."""
