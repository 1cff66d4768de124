"""Recursive Length Prefix, Ethereum's encoding of transactions (yellow paper, appendix B); encoding only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Item: TypeAlias = int | bytes | Sequence["Item"]
"""A number is encoded big-endian without leading zeros."""


def encode(item: Item) -> bytes:
    """Return the encoding of a number, of bytes, or of a sequence of items."""
    if isinstance(item, int):
        return _text(item.to_bytes((item.bit_length() + 7) // 8, "big"))
    if isinstance(item, bytes):
        return _text(item)
    payload = b"".join(map(encode, item))
    return _prefix(0xC0, len(payload)) + payload


def _text(data: bytes) -> bytes:
    if len(data) == 1 and data[0] < 0x80:
        return data
    return _prefix(0x80, len(data)) + data


def _prefix(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size
