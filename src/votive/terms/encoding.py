"""Bytes and hashes: every hash input is a named structure under a domain tag, never a loose concatenation."""

from __future__ import annotations

import base64
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


def base64_of(text: str) -> bytes:
    """Decode base64 in its one canonical form (RFC 4648, section 4; 3.5: no stray bits); ValueError if it is another."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 is canonical without stray bits")
    return data


def base64url(data: bytes) -> str:
    """Return ``data`` as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_of(text: str) -> bytes:
    """Decode base64url with or without its padding; ValueError if it is none. Canonical is what ``base64url`` writes again."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
