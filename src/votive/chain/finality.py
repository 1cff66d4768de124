"""Which block is final, and whether a given one is.

Reads that decide anything are pinned to a final block by its hash. Final means what the chain calls ``finalized``, or a number of
blocks on top: 0 takes the head, which is right only for a development chain that one machine owns.
"""

from __future__ import annotations

from typing import Self

import msgspec

from votive.chain.endpoint import Endpoint, EndpointFailed, Question
from votive.chain.errors import BlockGone
from votive.chain.rpc import Rpc
from votive.chain.shapes import Hash, Quantity
from votive.terms import block


class Finality(msgspec.Struct, frozen=True):
    """The rule by which a block counts as final; ``confirmations`` None stands for the chain's own ``finalized``."""

    confirmations: int | None = None

    @classmethod
    def parse(cls, text: str | int) -> Self:
        """Read "finalized" or a number of confirmations, 0 or more; ValueError otherwise."""
        if text == "finalized":
            return cls(None)
        if not str(text).isascii() or not str(text).isdecimal():
            raise ValueError(f'finality is "finalized" or a number of confirmations, not {text!r}')
        return cls(int(text))


class Block(block.BlockFacts, frozen=True, kw_only=True):
    """A block's place in the chain; hashes are 32 bytes, the timestamp is in seconds."""

    parent_hash: bytes


class Header(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of a block, as JSON-RPC words it (numbers are hex text)."""

    number: Quantity
    hash: Hash
    parent_hash: Hash
    timestamp: Quantity

    def to_block(self) -> Block:
        """Return the block as the rest of the house knows it."""
        return Block(
            number=int(self.number, 16),
            hash=bytes.fromhex(self.hash[2:]),
            parent_hash=bytes.fromhex(self.parent_hash[2:]),
            timestamp=int(self.timestamp, 16),
        )


class FinalBlocks:
    """Reads blocks of the chain behind ``rpc`` under a rule of finality."""

    def __init__(self, rpc: Rpc, finality: Finality) -> None:
        self._rpc = rpc
        self._confirmations = finality.confirmations or 0
        self._tag = "finalized" if finality.confirmations is None else "latest"
        self._newest = _named(self._tag)
        self._highest = 0

    async def final_block(self) -> Block:
        """Return the newest final block that a quorum of endpoints has reached and agrees on.

        Where there is a quorum it never goes back: endpoints that lag cannot bring a right to life again that was withdrawn.
        """
        if self._rpc.quorum == 1 and not self._confirmations:
            header = await self._rpc.ask(self._newest)
            if header is None:
                raise BlockGone(f"the chain has no block {self._tag}")
            return header.to_block()
        number = max(0, await self._head() - self._confirmations)
        if self._rpc.quorum == 1:
            return await self.block(number)
        block = await self._when_reached(max(number, self._highest))
        self._highest = max(block.number, self._highest)
        return block

    async def _when_reached(self, number: int) -> Block:
        """Wait until a quorum has this block: one that has it not yet says nothing about the chain."""

        async def ask(endpoint: Endpoint) -> Header:
            header = await _numbered(endpoint, number)
            if header is None:
                raise EndpointFailed(f"it has not reached block {number} yet")
            return header

        return (await self._rpc.agreed(ask)).to_block()

    async def is_final(self, number: int, block_hash: bytes) -> bool:
        """Whether the block with this number and hash is canonical and final now."""
        final = await self.final_block()
        if number >= final.number:
            return number == final.number and block_hash == final.hash
        return (await self.block(number)).hash == block_hash

    async def block(self, number: int) -> Block:
        """Return the canonical block of this number; BlockGone if there is none."""
        header = await self._rpc.agreed(lambda endpoint: _numbered(endpoint, number))
        if header is None:
            raise BlockGone(f"the chain has no block number {number}")
        return header.to_block()

    async def _head(self) -> int:
        """The highest number that a quorum of endpoints has reached: one that lies or lags alone decides nothing."""
        headers = await self._rpc.survey(Question("eth_getBlockByNumber", (self._tag, False), Header))
        return sorted((header.to_block().number for header in headers), reverse=True)[self._rpc.quorum - 1]


def _named(block_: str) -> Question[Header | None]:
    """Ask for the block of a tag, or of a number in hex."""
    return Question("eth_getBlockByNumber", (block_, False), Header | None)  # type: ignore[arg-type]  # a union is a shape


async def _numbered(endpoint: Endpoint, number: int) -> Header | None:
    """What an endpoint has as the block of this number."""
    header = await endpoint.ask(_named(hex(number)))
    if header is not None and int(header.number, 16) != number:
        raise EndpointFailed(f"asked for block {number}, it gave block {int(header.number, 16)}")
    return header
