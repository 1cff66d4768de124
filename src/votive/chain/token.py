"""A public key's id in the register (its token, if it is mintable) and its Ethereum address."""

from __future__ import annotations

from functools import lru_cache

from coincurve import PublicKey

from votive.terms.ethereum import eth_address_of, token_id_of

BLS_KEY_BYTES = 48
"""A compressed point of G1 on BLS12-381, which is registered as it is."""


def uncompressed(public_key: bytes) -> bytes:
    """Return a secp256k1 public key in SEC1's uncompressed form, 65 bytes; ValueError if it is no point of the curve."""
    return PublicKey(public_key).format(compressed=False)


@lru_cache(4096)
def token_id(public_key: bytes) -> int:
    """Return keccak256 of the public key as it is voted on chain: uncompressed for 33 or 65 bytes, unchanged for a BLS key's 48."""
    return token_id_of(public_key if len(public_key) == BLS_KEY_BYTES else uncompressed(public_key))


def eth_address(public_key: bytes) -> str:
    """Return the EIP-55 checksummed address of a public key of 33 or 65 bytes."""
    return eth_address_of(uncompressed(public_key))
