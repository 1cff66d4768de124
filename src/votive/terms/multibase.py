"""Two text encodings of bytes: base58 with Bitcoin's alphabet, and lower-case base32 without padding (RFC 4648)."""

from __future__ import annotations

import base64

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUE = {letter: value for value, letter in enumerate(_BASE58)}
_BASE32_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def to_base58(data: bytes) -> str:
    """Encode ``data``; each leading zero byte becomes a ``1``."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, remainder = divmod(number, 58)
        letters.append(_BASE58[remainder])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def from_base58(text: str) -> bytes:
    """Decode base58btc; ValueError at a letter outside of the alphabet."""
    number = 0
    for letter in text:
        if letter not in _BASE58_VALUE:
            raise ValueError(f"{letter!r} is not a letter of base58")
        number = number * 58 + _BASE58_VALUE[letter]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def to_base32(data: bytes) -> str:
    """Encode ``data`` in lower case, without padding."""
    return base64.b32encode(data).decode().rstrip("=").lower()


def from_base32(text: str) -> bytes:
    """Decode lower-case base32 without padding; ValueError if any other text would decode to the same bytes."""
    if not _BASE32_LETTERS.issuperset(text):
        raise ValueError("not lower-case base32")
    data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    if to_base32(data) != text:
        raise ValueError("the last letter of the base32 text carries stray bits")
    return data
