"""Blocks of the chain, as far as every room needs to know them."""

from __future__ import annotations

import msgspec


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Names one block; reads that decide anything are made at the block of this hash."""

    number: int
    hash: bytes
    """32 bytes."""


class BlockFacts(Block, frozen=True, kw_only=True):
    """A block and when it was made."""

    timestamp: int
    """Seconds since 1970, as the chain says."""
