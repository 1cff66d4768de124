"""The stand-in engine's key generation: Pedersen's, with proofs of possession, over the small group."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from votive.core.errors import PeerFault
from votive.protocol.simulation.group import ELEMENT_BYTES, Group
from votive.protocol.simulation.steps import Once, digest_of
from votive.terms.participant import Seat

_SALT = 32
_TAG = 32


@dataclass(frozen=True, kw_only=True)
class ToyShare:
    """A share of a key over the small group. Unlike the core's it shows its secret: that is what a simulation is for."""

    seat: Seat
    secret: int
    public_key: bytes
    verification_shares: dict[Seat, bytes]

    @property
    def public_key_uncompressed(self) -> bytes:
        """The key again: this group has one encoding."""
        return self.public_key


@dataclass(frozen=True)
class ToySealing:
    """Stands for sealing to a registered key: who holds neither end's key sees noise."""

    secret: bytes

    def seal(self, sender: Seat, to: Seat, context: bytes, value: bytes) -> bytes:
        """Return ``value`` masked, and a tag that fails if anything differs."""
        mask = self._stream(sender, to, context, len(value))
        masked = bytes(a ^ b for a, b in zip(value, mask, strict=True))
        return masked + digest_of(b"seal", self.secret, bytes([sender, to]), context, masked)

    def open(self, sender: Seat, to: Seat, context: bytes, sealed: bytes) -> bytes | None:
        """Return what was sealed, or None."""
        masked, tag = sealed[:-_TAG], sealed[-_TAG:]
        if tag != digest_of(b"seal", self.secret, bytes([sender, to]), context, masked):
            return None
        return bytes(a ^ b for a, b in zip(masked, self._stream(sender, to, context, len(masked)), strict=True))

    def _stream(self, sender: Seat, to: Seat, context: bytes, length: int) -> bytes:
        return hashlib.shake_256(digest_of(b"mask", self.secret, bytes([sender, to]), context)).digest(length)


class ToyDkgParty:
    """Pedersen's key generation with proofs of possession, as ``core.DkgParty``."""

    def __init__(
        self,
        *,
        group: Group,
        rng: random.Random,
        sealing: ToySealing,
        context: bytes,
        seat: Seat,
        seats: Sequence[Seat],
        threshold: int,
        count: int,
    ) -> None:
        self._group, self._rng, self._sealing, self._context = group, rng, sealing, context
        self._seat, self._seats, self._t, self._count = seat, tuple(seats), threshold, count
        self.polynomials = [[1 + rng.randrange(group.q - 1) for _ in range(threshold)] for _ in range(count)]
        self._once = Once("commit", "reveal", "deal", "finish")
        self._vectors: dict[Seat, list[list[int]]] = {}
        self._reveal = self._rng.randbytes(_SALT) + b"".join(self._package(number, f) for number, f in enumerate(self.polynomials))

    def _package(self, number: int, polynomial: Sequence[int]) -> bytes:
        group, nonce = self._group, 1 + self._rng.randrange(self._group.q - 1)
        commitments = [group.exp(a) for a in polynomial]
        challenge = self._challenge(self._seat, number, commitments[0], group.exp(nonce))
        proof = (nonce + challenge * polynomial[0]) % group.q
        return b"".join(map(group.encode, commitments)) + group.encode(group.exp(nonce)) + proof.to_bytes(ELEMENT_BYTES, "big")

    def _challenge(self, seat: Seat, number: int, key: int, nonce: int) -> int:
        parts = (self._context, bytes([seat]), number.to_bytes(4, "big"), self._group.encode(key), self._group.encode(nonce))
        return int.from_bytes(digest_of(b"possession", *parts), "big") % self._group.q

    def commit(self) -> bytes:
        """C_i."""
        self._once.take("commit")
        return digest_of(b"commit", self._context, bytes([self._seat]), self._reveal)

    def reveal(self) -> bytes:
        """Salt, then t elements and a proof for each key."""
        self._once.take("reveal")
        return self._reveal

    def deal(self, commitments: Mapping[Seat, bytes], reveals: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        """f_i(j) of each key, sealed to each j."""
        self._once.take("deal")
        culprits = [seat for seat in sorted(reveals) if not self._accept(seat, commitments[seat], reveals[seat])]
        if culprits:
            raise PeerFault(f"reveals of {culprits} do not open their commitments or prove nothing", culprits=culprits)
        self._vectors[self._seat] = [[self._group.exp(a) for a in f] for f in self.polynomials]
        return {seat: self._seal(seat) for seat in self._seats if seat != self._seat}

    def _accept(self, seat: Seat, commitment: bytes, reveal: bytes) -> bool:
        per_key = (self._t + 2) * ELEMENT_BYTES
        if digest_of(b"commit", self._context, bytes([seat]), reveal) != commitment or len(reveal) != _SALT + self._count * per_key:
            return False
        packages = [reveal[_SALT + number * per_key :][:per_key] for number in range(self._count)]
        vectors = [self._open(seat, number, package) for number, package in enumerate(packages)]
        self._vectors[seat] = [vector for vector in vectors if vector is not None]
        return None not in vectors

    def _open(self, seat: Seat, number: int, package: bytes) -> list[int] | None:
        pieces = [package[start : start + ELEMENT_BYTES] for start in range(0, len(package), ELEMENT_BYTES)]
        group = self._group
        try:
            *vector, nonce = map(group.decode, pieces[:-1])
            proof = group.scalar(pieces[-1])
        except ValueError:
            return None
        challenge = self._challenge(seat, number, vector[0], nonce)
        return vector if group.exp(proof) == nonce * group.power(vector[0], challenge) % group.p else None

    def _seal(self, to: Seat) -> bytes:
        values = b"".join(self._evaluate(f, to).to_bytes(ELEMENT_BYTES, "big") for f in self.polynomials)
        return self._sealing.seal(self._seat, to, self._context, values)

    def _evaluate(self, polynomial: Sequence[int], at: int) -> int:
        return sum(a * pow(at, k, self._group.q) for k, a in enumerate(polynomial)) % self._group.q

    def finish(self, deals: Mapping[Seat, bytes]) -> list[ToyShare]:
        """Check the shares dealt to us and add them up."""
        self._once.take("finish")
        dealt = {seat: self._opened(seat, deal) for seat, deal in sorted(deals.items())}
        culprits = [seat for seat, values in dealt.items() if values is None]
        if culprits:
            raise PeerFault(f"the shares dealt by {culprits} do not fit their commitments", culprits=culprits)
        return [self._share(number, [values[number] for values in dealt.values() if values is not None]) for number in range(self._count)]

    def _opened(self, dealer: Seat, deal: bytes) -> list[int] | None:
        values = self._sealing.open(dealer, self._seat, self._context, deal)
        if values is None or len(values) != self._count * ELEMENT_BYTES:
            return None
        shares = [int.from_bytes(values[start : start + ELEMENT_BYTES], "big") for start in range(0, len(values), ELEMENT_BYTES)]
        fits = all(
            self._group.exp(share) == self._image(vector, self._seat) for share, vector in zip(shares, self._vectors[dealer], strict=True)
        )
        return shares if fits else None

    def _image(self, vector: Sequence[int], at: int) -> int:
        return self._group.product([self._group.power(element, pow(at, k, self._group.q)) for k, element in enumerate(vector)])

    def _share(self, number: int, dealt: Sequence[int]) -> ToyShare:
        group, vectors = self._group, [vectors[number] for vectors in self._vectors.values()]
        key = group.product([vector[0] for vector in vectors])
        images = {seat: group.encode(group.product([self._image(vector, seat) for vector in vectors])) for seat in self._seats}
        secret = (sum(dealt) + self._evaluate(self.polynomials[number], self._seat)) % group.q
        return ToyShare(seat=self._seat, secret=secret, public_key=group.encode(key), verification_shares=images)
