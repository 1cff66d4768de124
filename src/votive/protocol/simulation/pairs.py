"""The stand-in engine's pair set-ups: a key for each pair, made of two nonces that were committed before they were shown."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from votive.core.errors import CheckFailed, PeerFault
from votive.protocol.simulation.steps import Once, digest_of
from votive.terms.participant import Seat

_COMMITMENT = 32


@dataclass
class ToyPairTable:
    """Live set-ups of one simulated process."""

    seat: Seat
    rng: random.Random
    keys: dict[Seat, bytes] = field(default_factory=dict)

    def begin(self, peer: Seat, session: bytes) -> ToyPairSetup:
        """Start a set-up."""
        return ToyPairSetup(self, peer, session)

    def live(self) -> list[Seat]:
        """Peers with a live set-up."""
        return sorted(self.keys)

    def forget(self, peer: Seat) -> None:
        """Destroy a set-up."""
        self.keys.pop(peer, None)


class ToyPairSetup:
    """Both sides contribute a nonce, committed before it is shown."""

    def __init__(self, table: ToyPairTable, peer: Seat, session: bytes) -> None:
        self._table, self._peer, self._session = table, peer, session
        self._nonce, self._commit, self._key = table.rng.randbytes(32), b"", b""
        self._once = Once("commit", "transfer", "confirm", "finish")

    def commit(self) -> bytes:
        """H(sid, our seat, nonce)."""
        self._once.take("commit")
        return digest_of(b"half", self._session, bytes([self._table.seat]), self._nonce)

    def transfer(self, commit: bytes) -> bytes:
        """The nonce."""
        self._once.take("transfer")
        if len(commit) != _COMMITMENT:
            raise PeerFault("a malformed commitment", culprits=[self._peer])
        self._commit = commit
        return self._nonce

    def confirm(self, transfer: bytes) -> bytes:
        """H(sid, both nonces)."""
        self._once.take("confirm")
        if digest_of(b"half", self._session, bytes([self._peer]), transfer) != self._commit:
            raise CheckFailed("the half does not open its commitment", culprits=[self._peer])
        self._key = digest_of(b"pair", self._session, *sorted((self._nonce, transfer)))
        return digest_of(b"confirm", self._key)

    def finish(self, confirm: bytes) -> None:
        """Install if equal."""
        self._once.take("finish")
        if confirm != digest_of(b"confirm", self._key):
            raise PeerFault("the digests of the set-up differ")
        self._table.keys[self._peer] = self._key
