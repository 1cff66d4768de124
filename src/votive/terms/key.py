"""Keys: one scheme and one purpose each, fixed at birth."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

import msgspec

from votive.terms.claim import ROOT_KEYS
from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.participant import Seat

SECP256K1_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""floor(q/2): an s above it is the malleable second form of a signature (EIP-2)."""


class Scheme(Enum):
    """Signature scheme of a key; the value is the contracts' ``scheme`` number (``keyType``)."""

    ECDSA_SECP256K1 = 2
    BLS12381_G1 = 1


class Purpose(StrEnum):
    """What a key may be used for. No key ever works under another purpose."""

    PKP_ECDSA = "pkp-ecdsa"
    """Signs for whoever the token's permissions allow."""
    ENCRYPTION_BLS = "encryption-bls"
    """Its signature over an identity is that identity's decryption key; it signs nothing else, for nobody."""
    SESSION_BLS = "session-bls"
    """Signs the delegations to session keys that the nodes completed themselves, and nothing else."""
    ROOT_ECDSA = "root-ecdsa"
    """One of the ordered keys of which claimed keys are derived (``terms.claim``); it signs nothing."""

    @property
    def scheme(self) -> Scheme:
        """The scheme of every key of this purpose."""
        return Scheme.ECDSA_SECP256K1 if self in {Purpose.PKP_ECDSA, Purpose.ROOT_ECDSA} else Scheme.BLS12381_G1

    @property
    def mintable(self) -> bool:
        """Whether keys of this purpose become tokens; the others are the network's own."""
        return self.value.startswith("pkp-")


NETWORK_PURPOSES = (Purpose.ENCRYPTION_BLS, Purpose.SESSION_BLS)
"""A network has one key of each of these, generated when it starts."""
NETWORK_KEYS: Mapping[Purpose, int] = {**dict.fromkeys(NETWORK_PURPOSES, 1), Purpose.ROOT_ECDSA: ROOT_KEYS}
"""How many keys of a purpose a network has for its own use, generated when it starts: the first that the chain registered."""


class KeyId(msgspec.Struct, frozen=True, kw_only=True):
    """Names a key in every store, session and message."""

    purpose: Purpose
    public_key: bytes
    """Compressed point: SEC1, 33 bytes, for secp256k1; 48 bytes, a point of G1, for BLS12-381."""


class _VerificationShares(HashInput, frozen=True, kw_only=True, tag="votive/verification-shares/v1"):
    shares: tuple[tuple[int, bytes], ...]


def verification_hash(shares: dict[Seat, bytes]) -> bytes:
    """Hash the verification shares (share_j·G, compressed, by ascending seat) as the chain's vote carries it."""
    return tagged_hash(_VerificationShares(shares=tuple(sorted((int(seat), point) for seat, point in shares.items()))))


class KeyVote(msgspec.Struct, frozen=True, kw_only=True):
    """What one node says of one generated key; only equal votes add up."""

    public_key: bytes
    """SEC1 uncompressed point with its 0x04, 65 bytes, for secp256k1; 48 bytes, a compressed point of G1, for BLS12-381."""
    verification_hash: bytes
    """See ``verification_hash``, 32 bytes."""


class BatchVote(msgspec.Struct, frozen=True, kw_only=True):
    """A node's vote for all keys of one key-generation batch, sent in one transaction."""

    epoch: int
    batch: int
    """Number of the batch within its epoch and purpose, from 1, never used twice."""
    purpose: Purpose
    scheme: Scheme
    deadline_block: int
    """The contract refuses votes of this batch after this block."""
    transcript_hash: bytes
    """32 bytes, equal at every node that took part."""
    keys: tuple[KeyVote, ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A finished ECDSA signature, verified before it was made into this type; s is low."""

    r: bytes
    """32 bytes, big-endian."""
    s: bytes
    """32 bytes, big-endian, at most q/2."""
    recovery_id: int
    """0 or 1: parity of R's y coordinate after s was made low."""

    @property
    def v(self) -> int:
        """27 or 28, as Ethereum writes it."""
        return 27 + self.recovery_id

    def to_bytes(self) -> bytes:
        """Return r ‖ s ‖ v, 65 bytes."""
        return self.r + self.s + bytes([self.v])
