"""The stand-in engine: the same handles as the core, over a small group, with every coin from a seeded generator.

Same rounds, same kinds of message, same errors. The key generation is Pedersen's with proofs of possession; the signature is
Schnorr's instead of ECDSA, put into (r, s, recovery id), with pairwise authenticated rounds in place of the oblivious
transfers: a message that was altered fails the check and destroys the pair's set-up, as in DKLs23. It shows what the
ceremonies do, not that DKLs23 is secure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from votive.core.errors import CheckFailed, InvalidInput, PeerFault, SetupGone
from votive.protocol.simulation.group import ELEMENT_BYTES, Group
from votive.protocol.simulation.keygen import ToyShare
from votive.protocol.simulation.pairs import ToyPairTable
from votive.protocol.simulation.steps import Once, digest_of
from votive.terms.participant import Seat

_TAG = 32


class ToySigningParty:
    """Three rounds over live set-ups, as ``core.SigningParty``: commit to R_i, open it, then (u, w) with u + w = s_i."""

    def __init__(
        self, *, group: Group, table: ToyPairTable, share: ToyShare, threshold: int, signers: Sequence[Seat], sign_id: bytes, digest: bytes
    ) -> None:
        if len(signers) != threshold or list(signers) != sorted(set(signers)) or share.seat not in signers:
            raise InvalidInput(f"a set of exactly {threshold} with our own seat signs, not {list(signers)}")
        self._group, self._table, self._share, self._signers = group, table, share, tuple(signers)
        self._others = tuple(seat for seat in signers if seat != share.seat)
        self._keys = {seat: self._key(seat) for seat in self._others}
        self._id, self._digest = digest_of(sign_id, digest, share.public_key, bytes(signers)), digest
        self._nonce = 1 + table.rng.randrange(group.q - 1)
        self._point = group.encode(group.exp(self._nonce))
        self._once = Once("round1", "round2", "round3", "finish")
        self._commitments: dict[Seat, bytes] = {}
        self._sum, self._r = 0, 0

    def _key(self, seat: Seat) -> bytes:
        key = self._table.keys.get(seat)
        if key is None:
            raise SetupGone(f"no live set-up with node {seat}", details=[seat])
        return key

    def _check_alive(self) -> None:
        gone = [seat for seat, key in self._keys.items() if self._table.keys.get(seat) != key]
        if gone:
            raise SetupGone(f"the set-ups with {gone} ended", details=gone)

    def _tag(self, seat: Seat, step: bytes, sender: Seat, value: bytes) -> bytes:
        return digest_of(b"round", self._keys[seat], self._id, step, bytes([sender]), value)

    def _checked(self, step: bytes, received: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """Return the values without their tags; a wrong tag destroys the pair's set-up."""
        self._check_alive()
        if sorted(received) != sorted(self._others):
            raise InvalidInput("not exactly the other signers")
        for seat, message in sorted(received.items()):
            if len(message) != ELEMENT_BYTES + _TAG:
                raise PeerFault("a message of the wrong length", culprits=[seat])
            if message[ELEMENT_BYTES:] != self._tag(seat, step, seat, message[:ELEMENT_BYTES]):
                self._destroy(seat)
        return {seat: message[:ELEMENT_BYTES] for seat, message in received.items()}

    def _destroy(self, seat: Seat) -> None:
        self._table.forget(seat)
        raise CheckFailed(f"the check of node {seat}'s message failed; the set-up with it is destroyed", culprits=[seat])

    def round1(self) -> dict[Seat, bytes]:
        """H(R_i)."""
        self._once.take("round1")
        self._check_alive()
        value = digest_of(b"point", self._id, bytes([self._share.seat]), self._point)
        return {seat: value + self._tag(seat, b"1", self._share.seat, value) for seat in self._others}

    def round2(self, received: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """R_i."""
        self._once.take("round2")
        self._commitments = self._checked(b"1", received)
        return {seat: self._point + self._tag(seat, b"2", self._share.seat, self._point) for seat in self._others}

    def round3(self, received: Mapping[Seat, bytes]) -> bytes:
        """(u, w)."""
        self._once.take("round3")
        points = self._checked(b"2", received)
        for seat, point in sorted(points.items()):
            if digest_of(b"point", self._id, bytes([seat]), point) != self._commitments[seat]:
                self._destroy(seat)
        group = self._group
        self._r = group.product([int.from_bytes(point, "big") for point in (self._point, *points.values())])
        lagrange = group.lagrange(self._share.seat, self._signers)
        challenge = schnorr_challenge(group, self._share.public_key, self._digest, group.encode(self._r))
        self._sum = (self._nonce + challenge * lagrange * self._share.secret) % group.q
        u = self._table.rng.randrange(group.q)
        return u.to_bytes(ELEMENT_BYTES, "big") + ((self._sum - u) % group.q).to_bytes(ELEMENT_BYTES, "big")

    def finish(self, received: Mapping[Seat, bytes]) -> tuple[bytes, bytes, int]:
        """(R, s, 0), verified."""
        self._once.take("finish")
        malformed = [seat for seat, message in received.items() if len(message) != 2 * ELEMENT_BYTES]
        if malformed:
            raise PeerFault("a last message of the wrong length", culprits=malformed)
        scalars = [
            int.from_bytes(half, "big") for message in received.values() for half in (message[:ELEMENT_BYTES], message[ELEMENT_BYTES:])
        ]
        s = ((self._sum + sum(scalars)) % self._group.q).to_bytes(ELEMENT_BYTES, "big")
        r = self._group.encode(self._r)
        if not toy_verify(self._group, self._share.public_key, self._digest, r, s, 0):
            raise PeerFault("the signature does not verify")
        return r, s, 0


def schnorr_challenge(group: Group, public_key: bytes, digest: bytes, r: bytes) -> int:
    """C = H(R, key, digest) mod q."""
    return int.from_bytes(digest_of(b"challenge", r, public_key, digest), "big") % group.q


def toy_verify(group: Group, public_key: bytes, digest: bytes, /, r: bytes, s: bytes, recovery_id: int) -> bool:  # noqa: PLR0917
    """Return whether g^s = R · Y^c."""
    try:
        key, point, scalar = group.decode(public_key), group.decode(r), group.scalar(s)
    except ValueError:
        return False
    expected = point * group.power(key, schnorr_challenge(group, public_key, digest, r)) % group.p
    return recovery_id == 0 and group.exp(scalar) == expected
