"""A public key's token id and Ethereum address."""

from __future__ import annotations

from functools import lru_cache

from coincurve import PublicKey

from votive.terms.ethereum import eth_address_of, token_id_of


def uncompressed(public_key: bytes) -> bytes:
    """Return a secp256k1 public key in SEC1's uncompressed form, 65 bytes; ValueError if it is no point of the curve."""
    return PublicKey(public_key).format(compressed=False)


@lru_cache(4096)
def token_id(public_key: bytes) -> int:
    """Return keccak256 of the uncompressed public key as an integer; takes 33 or 65 bytes."""
    return token_id_of(uncompressed(public_key))


def eth_address(public_key: bytes) -> str:
    """Return the EIP-55 checksummed address of a public key of 33 or 65 bytes."""
    return eth_address_of(uncompressed(public_key))
