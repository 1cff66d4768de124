"""Bytes and hashes: every hash input is a named structure under a domain tag, never a loose concatenation."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def encode(value: msgspec.Struct) -> bytes:
    """Encode ``value`` as deterministic MessagePack, the one binary encoding of wire and store."""
    return _encoder.encode(value)


def tagged_hash(value: HashInput) -> bytes:
    """Return SHA-256(SHA-256(domain) ‖ SHA-256(domain) ‖ encoding), 32 bytes (the construction of BIP-340).

    The domain is the structure's own tag, so that two structures never share an input.
    """
    hashing = _domain(type(value)).copy()
    hashing.update(encode(value))
    return bytes(hashing.digest())


@lru_cache(maxsize=256)  # the kinds of hash input are few: each domain is hashed once
def _domain(kind: type[HashInput]) -> Any:
    domain = hashlib.sha256(kind.__struct_config__.tag.encode()).digest()  # type: ignore[union-attr]  # HashInput has a tag
    return hashlib.sha256(domain + domain)


class HashInput(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="votive/unnamed"):
    """Base of all hash inputs. Subclasses give ``tag="votive/<name>/v1"`` in their definition."""


def hex0x(data: bytes) -> str:
    """Return ``data`` as 0x-prefixed lower-case hex."""
    return "0x" + data.hex()


def bytes_of(text: str) -> bytes:
    """Decode hex with or without 0x; ValueError if it is not hex."""
    digits = text[2:] if text[:2] in {"0x", "0X"} else text
    if digits and not digits.isalnum():
        raise ValueError("hex has digits only")  # bytes.fromhex skips spaces
    return bytes.fromhex(digits)
