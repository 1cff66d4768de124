"""Claims: keys derived from the network's root keys, one for every name that somebody can prove to bear.

A derived key exists the moment its id does: public key and shares follow from the roots (``docs/protocol/derive.md``). Claiming it is
asking the nodes to say "this caller bears that name"; the token is minted from what more than two thirds of them signed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from votive.terms.ethereum import keccak

ROOT_KEYS = 10
"""Root keys of a network; one alone would not do, as clients then leave out the sum (Lit's SDK 7.4.0 returns t·root)."""

ANYONE = "0x" + "00" * 20
"""The minter of a claim that whoever holds its signatures may mint: what Lit's clients ask for, who name none."""

_CID = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{58,}")
_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_CLAIM_TYPE = b"Claim(bytes32 derivedKeyId,address minter)"
_NAME, _VERSION = b"Votive", b"1"
_hashed = lru_cache(maxsize=4)(keccak)
"""Of these four: when the first is needed, not when this is imported, as clients pay for loading the hash function."""


def user_key_id(user_id: str, app_id: str) -> bytes:
    """Return the id of the key of a user at an application, 32 bytes: keccak256 of ``<userId>:<appId>``, as clients compute it.

    Raises:
        ValueError: the user's name begins as an action's CID does, so that the key could be an action's (``action_key_id``).
    """
    if _CID.fullmatch(user_id.partition(":")[0]):
        raise ValueError("a user whose name is an action's CID has no key of his own")
    return keccak(f"{user_id}:{app_id}".encode())


def action_key_id(cid: str, key_id: str) -> bytes:
    """Return the id of the key that the action ``cid`` calls ``key_id``, 32 bytes: keccak256 of ``<cid>:<keyId>``.

    Clients compute it so (``computeHDKeyId(keyId, cid, true)`` of Lit's SDK 7.4.0), whereas Lit's nodes put a ``_`` between them.
    """
    return keccak(f"{cid}:{key_id}".encode())


def claim_digest(derived_key_id: bytes, *, minter: str, chain_id: int, router: str) -> bytes:
    """Return what a node's wallet signs for a claim: the EIP-712 digest of ``Claim(derivedKeyId, minter)``, 32 bytes.

    Args:
        derived_key_id: 32 bytes.
        minter: the only account that may mint with these signatures, or ``ANYONE``.
        chain_id: of the network's chain.
        router: address of the network's PubkeyRouter, the verifying contract.
    """
    domain = keccak(_hashed(_DOMAIN_TYPE) + _hashed(_NAME) + _hashed(_VERSION) + chain_id.to_bytes(32, "big") + _padded(router))
    claim = keccak(_hashed(_CLAIM_TYPE) + derived_key_id + _padded(minter))
    return keccak(b"\x19\x01" + domain + claim)


def _padded(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address.removeprefix("0x"))
