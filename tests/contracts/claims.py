"""What nodes sign for a claim, and the keys that follow from the roots that ``Evm.register`` makes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from coincurve import PrivateKey
from eth_utils.crypto import keccak
from tests.contracts.evm import ROOT, Evm
from tests.core.independent_derivation import N, decoded, derive, encoded

from votive.terms.claim import ANYONE, ROOT_KEYS, claim_digest

Signature = tuple[bytes, bytes, int]

KEY_ID = keccak(text="user:app")
OTHER_ID = keccak(text="other:app")


def register_roots(evm: Evm, count: int = ROOT_KEYS) -> list[int]:
    """Have t nodes vote for root keys, and return their token ids."""
    return evm.register(count, ROOT)


def child(evm: Evm, derived_key_id: bytes) -> bytes:
    """The derived key, from the chain's list of all registered root keys, by arithmetic on integers; 65 bytes."""
    keys = evm.router.getKeys(list(evm.router.getKeysOfPurpose(ROOT))[:ROOT_KEYS])
    return bytes.fromhex(encoded(derive([decoded(key[2].hex()) for key in keys], derived_key_id)))


def signature(evm: Evm, seat: int, derived_key_id: bytes = KEY_ID, minter: str = ANYONE, router: str | None = None) -> Signature:
    """A node's signature under a claim of this network, or of the one whose router is given."""
    digest = claim_digest(derived_key_id, minter=minter, chain_id=evm.chain_id, router=router or evm.router.address)
    return signed(hashlib.sha256(b"node %d" % seat).digest(), digest)


def signatures(evm: Evm, seats: Iterable[int], derived_key_id: bytes = KEY_ID, minter: str = ANYONE) -> list[Signature]:
    return [signature(evm, seat, derived_key_id, minter) for seat in seats]


def signed(secret: bytes, digest: bytes) -> Signature:
    made = PrivateKey(secret).sign_recoverable(digest, hasher=None)
    return made[:32], made[32:64], 27 + made[64]


def mirrored(made: Signature) -> Signature:
    """The other signature that anyone can make of one: n − s, and the other v."""
    r, s, v = made
    return r, (N - int.from_bytes(s)).to_bytes(32), 55 - v
