"""Ethereum's hash, addresses and personal messages, written once for nodes and clients.

Keccak is ``eth_hash``'s, loaded when something is first hashed: loading takes 50 ms, which a command that hashes nothing saves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from votive.terms.encoding import bytes_of

NO_ADDRESS = "0x" + "00" * 20
"""What contracts answer where there is no address."""
_KNOWN = 4096
"""Answers that are kept: the same few keys and addresses are asked about again and again."""


def keccak(data: bytes) -> bytes:
    """Return Keccak-256 of ``data``, 32 bytes (the original padding, not SHA-3's)."""
    from eth_hash.auto import keccak as implementation  # noqa: PLC0415  # see the module's docstring

    return implementation(data)


def selector_of(signature: str) -> bytes:
    """Return the 4 bytes that name a contract's function in its calls: of ``"transfer(address,uint256)"``, say."""
    return keccak(signature.encode())[:4]


def types_in(signature: str) -> tuple[str, ...]:
    """Return the types of a function's arguments."""
    return split_types(signature[signature.index("(") + 1 : -1])


def split_types(types: str) -> tuple[str, ...]:
    """Split ``"uint256,(bytes,bytes32)[]"`` at its outer commas: tuples stay whole."""
    parts: list[str] = []
    depth = 0
    for piece in types.split(","):
        if depth:
            parts[-1] += "," + piece
        elif piece:
            parts.append(piece)
        depth += piece.count("(") - piece.count(")")
    return tuple(parts)


def personal_digest(message: str | bytes) -> bytes:
    """Return what ``personal_sign`` signs for ``message`` (EIP-191, version 0x45), 32 bytes."""
    data = message.encode() if isinstance(message, str) else message
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(data) + data)


@lru_cache(_KNOWN)
def checksum_address(address: bytes) -> str:
    """Write 20 address bytes as EIP-55 does."""
    text = address.hex()
    marks = keccak(text.encode()).hex()
    return "0x" + "".join(letter.upper() if mark > "7" else letter for letter, mark in zip(text, marks, strict=False))


def address_of_text(text: str) -> str:
    """Return ``text`` as a checksummed address; ValueError if it is not 20 bytes of hex."""
    data = bytes_of(text)
    if len(data) != 20:
        raise ValueError(f"an address has 20 bytes, {text!r} has {len(data)}")
    return checksum_address(data)


@lru_cache(_KNOWN)
def token_id_of(public_key: bytes) -> int:
    """Return keccak256(0x04 ‖ x ‖ y) as an integer: the token of an uncompressed public key (65 bytes)."""
    return int.from_bytes(keccak(public_key))


def token_text(token_id: int) -> str:
    """Write a token id as it is shown everywhere: 0x and 64 hex digits, leading zeros among them."""
    return f"0x{token_id:064x}"


@lru_cache(_KNOWN)
def eth_address_of(public_key: bytes) -> str:
    """Return the checksummed address of an uncompressed public key (65 bytes): the last 20 bytes of keccak256(x ‖ y)."""
    return checksum_address(keccak(public_key[1:])[-20:])


def revert_data(given: Any) -> bytes:
    """Return what a reverted call returned, from the ``data`` of a JSON-RPC error; empty if it carries nothing readable.

    Most providers give hex; some give an object that has the hex as its own ``data``.
    """
    text = given.get("data") if isinstance(given, dict) else given
    try:
        return bytes_of(text) if isinstance(text, str) else b""
    except ValueError:
        return b""
