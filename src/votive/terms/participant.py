"""Who takes part: seats, participants, committees, thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NewType

import msgspec

Seat = NewType("Seat", int)
"""A node's index in the registry, 1…255. It is the node's Shamir x in every key and is never taken from a message."""

MAX_SEAT = 255
MAX_COMMITTEE = 30
MIN_COMMITTEE = 4


def threshold_of(n: int) -> int:
    """Return t = floor(2n/3) + 1, the number of nodes that must agree among ``n``."""
    return 2 * n // 3 + 1


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """One registered node, as the chain's registry states it."""

    seat: Seat
    address: str
    """The node's wallet address, EIP-55 checksummed."""
    url: str
    """Base URL of the node's public HTTP API."""
    peer_host: str
    peer_port: int
    certificate_hash: bytes
    """SHA-256 of the node's peer certificate in DER, 32 bytes."""
    x25519_key: bytes
    """Public key that private protocol messages are sealed to, 32 bytes."""


class Committee(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes of one epoch, in ascending order of seat."""

    network: bytes
    """Identifies the network: see ``terms.session.network_id``, 32 bytes."""
    epoch: int
    members: tuple[Participant, ...]

    def __post_init__(self) -> None:
        """Refuse seats out of range, repeated or out of order, and committees of an unsupported size."""
        seats = self.seats
        if list(seats) != sorted(set(seats)) or any(not 1 <= seat <= MAX_SEAT for seat in seats):
            raise ValueError(f"seats must be ascending, distinct and within 1…{MAX_SEAT}: {seats}")
        if not MIN_COMMITTEE <= len(seats) <= MAX_COMMITTEE:
            raise ValueError(f"a committee has {MIN_COMMITTEE} to {MAX_COMMITTEE} members, not {len(seats)}")

    def __iter__(self) -> Iterator[Participant]:
        """Iterate over the members in ascending order of seat."""
        return iter(self.members)

    def __len__(self) -> int:
        """Return n."""
        return len(self.members)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All seats, ascending."""
        return tuple(member.seat for member in self.members)

    @property
    def threshold(self) -> int:
        """The threshold, floor(2n/3) + 1."""
        return threshold_of(len(self.members))

    def others(self, me: Seat) -> tuple[Seat, ...]:
        """All seats but ``me``, ascending."""
        return tuple(seat for seat in self.seats if seat != me)

    def member(self, seat: Seat) -> Participant:
        """Return the member in ``seat``; KeyError if there is none."""
        for member in self.members:
            if member.seat == seat:
                return member
        raise KeyError(seat)
