"""What ceremonies ask of the engine. The core gives it; the simulation gives a stand-in over a small group.

Secrets stay behind these handles: a ceremony carries public values and sealed messages only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from votive.terms.participant import Seat


class Share(Protocol):
    """A key share, as far as a ceremony may look: its public parts."""

    @property
    def public_key_uncompressed(self) -> bytes:
        """SEC1 uncompressed, 65 bytes."""

    @property
    def verification_shares(self) -> dict[Seat, bytes]:
        """share_j·G of every seat j."""


S_co = TypeVar("S_co", bound=Share, covariant=True)


class DkgParty(Protocol[S_co]):
    """One node's part in one batch: ``votive.core.DkgParty``. The mappings hold the other seats only."""

    def commit(self) -> bytes:
        """Round 0."""

    def reveal(self) -> bytes:
        """Round 1."""

    def deal(self, commitments: Mapping[Seat, bytes], reveals: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """Round 2; PeerFault."""

    def finish(self, deals: Mapping[Seat, bytes]) -> Sequence[S_co]:
        """Round 3; PeerFault."""


class PairSetup(Protocol):
    """One side of a pair's set-up: ``votive.core.PairSetup``."""

    def commit(self) -> bytes:
        """Draw our half and commit to it."""

    def transfer(self, commit: bytes) -> bytes:
        """Return our half; PeerFault."""

    def confirm(self, transfer: bytes) -> bytes:
        """Check the peer's half and return the digest of what both share; PeerFault, CheckFailed."""

    def finish(self, confirm: bytes) -> None:
        """Install the set-up if the digests are equal; PeerFault without culprits if not."""


class SigningParty(Protocol):
    """One node's part in one attempt at a signature: ``votive.core.SigningParty``. The mappings hold the other signers only."""

    def round1(self) -> dict[Seat, bytes]:
        """By receiver."""

    def round2(self, received: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """By receiver; CheckFailed, SetupGone, PeerFault."""

    def round3(self, received: Mapping[Seat, bytes]) -> bytes:
        """(u, w), for all signers; CheckFailed, SetupGone, PeerFault."""

    def finish(self, received: Mapping[Seat, bytes]) -> tuple[bytes, bytes, int]:
        """(r, s, recovery id), verified; PeerFault."""


class Assemble(Protocol):
    """Puts a signing party together from the live set-ups and the key's share, for one attempt."""

    def __call__(self, *, signers: Sequence[Seat], sign_id: bytes) -> SigningParty:
        """Return a party that is used once and dropped; SetupGone if a set-up is missing."""


class Verify(Protocol):
    """Checks a signature: ``votive.core.verify``."""

    def __call__(self, public_key: bytes, digest: bytes, r: bytes, s: bytes, recovery_id: int) -> bool:
        """Return whether (r, s) is a low-s signature of ``digest`` whose R has this recovery id; False for anything malformed."""
