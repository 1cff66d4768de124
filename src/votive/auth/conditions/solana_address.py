"""Addresses that Solana derives from others: 32 bytes that no private key belongs to, so that a program owns them.

A derived address is SHA-256(seeds ‖ bump ‖ program ‖ "ProgramDerivedAddress") for the first bump, from 255 down, for which that is no
point of edwards25519 (Solana's documentation, "Program Derived Address"; curve: RFC 8032, section 5.1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from votive.auth.conditions.world import Absent
from votive.terms.multibase import from_base58, to_base58

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105  # a program's address, no password
ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"  # noqa: S105  # a program's address, no password
METADATA_PROGRAM = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s"
"""Metaplex Token Metadata."""

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def public_key(text: str) -> bytes:
    """Return the 32 bytes of an address in base58; Absent if it has none."""
    try:
        data = from_base58(text) if len(text) <= 64 else b""
    except ValueError:
        data = b""
    if len(data) != 32:
        raise Absent(f"{text[:64]!r} is no address of Solana")
    return data


def derived(seeds: Sequence[bytes], program: str) -> str:
    """Return the address that ``program`` owns for ``seeds``, base58."""
    owner = public_key(program)
    for bump in range(255, -1, -1):
        digest = hashlib.sha256(b"".join((*seeds, bytes([bump]), owner, b"ProgramDerivedAddress"))).digest()
        if not on_curve(digest):
            return to_base58(digest)
    raise Absent("no address can be derived from these seeds")


def associated_token(wallet: str, mint: str) -> str:
    """Return the account in which ``wallet`` holds tokens of ``mint``."""
    return derived([public_key(wallet), public_key(TOKEN_PROGRAM), public_key(mint)], ASSOCIATED_TOKEN_PROGRAM)


def metadata_of(mint: str) -> str:
    """Return the account of Metaplex metadata of ``mint``."""
    return derived([b"metadata", public_key(METADATA_PROGRAM), public_key(mint)], METADATA_PROGRAM)


def on_curve(data: bytes) -> bool:
    """Say whether 32 bytes decompress to a point of edwards25519, as curve25519-dalek decompresses."""
    y = (int.from_bytes(data, "little") & (2**255 - 1)) % _P
    squared = y * y % _P
    x_squared = (squared - 1) * pow(_D * squared + 1, -1, _P) % _P
    return x_squared == 0 or pow(x_squared, (_P - 1) // 2, _P) == 1
