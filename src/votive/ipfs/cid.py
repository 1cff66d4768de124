"""Content identifiers: CIDv0 (base58 of a SHA-256 multihash) and CIDv1 in base32, with codecs dag-pb and raw.

Specification: https://github.com/multiformats/cid. Only SHA-256 of 32 bytes is accepted: an identity hash would let a
CID carry any content, a short digest would let it name several.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Self

import msgspec

from votive.ipfs.errors import InvalidCid
from votive.terms.multibase import from_base32, from_base58, to_base32, to_base58

_SHA2_256 = b"\x12\x20"
_MULTIHASH_LENGTH = 34
_CIDV0_LETTERS = 46
_LONGEST_CID = 128


class Codec(IntEnum):
    """How a block's bytes are read; the value is the multicodec number."""

    DAG_PB = 0x70
    RAW = 0x55


class Cid(msgspec.Struct, frozen=True):
    """Names a block by the hash of its bytes."""

    version: int
    codec: Codec
    digest: bytes
    """SHA-256 of the block, 32 bytes."""

    @classmethod
    def of_block(cls, block: bytes, codec: Codec, version: int) -> Self:
        """Name ``block``; version 0 is only for dag-pb."""
        return cls(version, codec, hashlib.sha256(block).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a CID as text: ``Qm…`` or ``b…``; InvalidCid says what is wrong with it."""
        try:
            return cls.from_bytes(_text_to_bytes(text))
        except ValueError as error:
            raise InvalidCid(f"{text[:_LONGEST_CID]!r} is not a CID: {error}") from error

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read a binary CID; ValueError if it is not exactly one, with SHA-256 and a known codec."""
        if data[:1] == b"\x01":
            if len(data) != 2 + _MULTIHASH_LENGTH:
                raise ValueError("a CIDv1 of this network is one codec byte and a SHA-256 multihash")
            return cls(1, _codec(data[1]), _digest_of(data[2:]))
        return cls(0, Codec.DAG_PB, _digest_of(data))

    def __str__(self) -> str:
        """Write the CID as text: base58 for version 0, base32 for version 1."""
        return to_base58(self.multihash) if self.version == 0 else "b" + to_base32(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the binary CID; version 0 is the bare multihash."""
        return self.multihash if self.version == 0 else bytes([1, self.codec]) + self.multihash

    @property
    def multihash(self) -> bytes:
        """``12 20`` and the digest, 34 bytes: what PKPPermissions stores, and the key of block stores."""
        return _SHA2_256 + self.digest

    def names(self, block: bytes) -> bool:
        """Say whether ``block`` hashes to this CID."""
        return hashlib.sha256(block).digest() == self.digest


def _text_to_bytes(text: str) -> bytes:
    if len(text) == _CIDV0_LETTERS and text.startswith("Qm"):
        return from_base58(text)
    if text.startswith("b") and len(text) <= _LONGEST_CID:
        data = from_base32(text[1:])
        if data[:1] != b"\x01":
            raise ValueError("base32 text must hold a CIDv1")
        return data
    raise ValueError("expected Qm and 44 letters of base58, or b and lower-case base32")


def _codec(number: int) -> Codec:
    if number not in (Codec.DAG_PB, Codec.RAW):
        raise ValueError(f"codec 0x{number:02x} is neither dag-pb (0x70) nor raw (0x55)")
    return Codec(number)


def _digest_of(multihash: bytes) -> bytes:
    if multihash[:2] != _SHA2_256 or len(multihash) != _MULTIHASH_LENGTH:
        raise ValueError("only SHA-256 multihashes of 32 bytes are accepted (no identity hashes)")
    return multihash[2:]


def multihash_of(text: str) -> bytes:
    """Return the 34-byte multihash of a CID given as text; InvalidCid if it is none."""
    return Cid.parse(text).multihash


def cid_of_multihash(multihash: bytes) -> str:
    """Return the CIDv0 of a 34-byte multihash, as PKPPermissions stores permitted actions; InvalidCid if it is none."""
    try:
        return str(Cid(0, Codec.DAG_PB, _digest_of(multihash)))
    except ValueError as error:
        raise InvalidCid(f"0x{multihash.hex()[:_LONGEST_CID]} is not a multihash: {error}") from error
