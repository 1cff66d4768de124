"""BLS keys of a committee, for the tests of the core."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tests.core.ceremony import Committee, KeyShares, key_shares

from votive.core import bls_combine
from votive.terms.participant import Seat

SEATS = [Seat(3), Seat(37), Seat(200), Seat(255)]
THRESHOLD = 3


def identity(*, conditions: bytes = b"conditions", data_hash: bytes = b"\x11" * 32) -> bytes:
    """The identity of conditions, given as what their hash hashes."""
    return b"lit-accesscontrolcondition://%s/%s" % (hashlib.sha256(conditions).hexdigest().encode(), data_hash.hex().encode())


class BlsKey:
    """The shares of one key of four seats."""

    def __init__(self, purpose: str) -> None:
        self.shares: KeyShares = key_shares(Committee(SEATS).generate(purpose=purpose))
        self.public_key = self.shares[SEATS[0]].public_key
        self.verification_shares = self.shares[SEATS[0]].verification_shares

    def decryption_shares(self, identity: bytes, seats: Sequence[Seat] = SEATS) -> dict[Seat, bytes]:
        """Each seat's share of the decryption key of ``identity``."""
        return {seat: self.shares[seat].decryption_share(identity) for seat in seats}

    def decryption_key(self, identity: bytes, seats: Sequence[Seat] = SEATS) -> bytes:
        """The decryption key of ``identity``, made by ``seats``."""
        return bls_combine(self.public_key, THRESHOLD, self.decryption_shares(identity, seats), identity)

    def session_signature(self, digest: bytes) -> bytes:
        """The signature over a session's digest."""
        shares = {seat: share.session_share(digest) for seat, share in self.shares.items()}
        return bls_combine(self.public_key, THRESHOLD, shares, digest)
