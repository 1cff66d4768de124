"""Blocks by their hash, and the newest ones: what nonces and challenges are checked against."""

from __future__ import annotations

from collections import OrderedDict

from votive.chain.errors import BlockGone, MalformedAnswer
from votive.chain.finality import Block, FinalBlocks, Finality, Header
from votive.chain.rpc import Rpc
from votive.terms.encoding import hex0x

CACHED_BLOCKS = 1024


class Blocks:
    """Reads blocks of the chain behind ``rpc``, final or not.

    A block never changes, so each is read once; whether it is in the chain is asked every time.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._heads = FinalBlocks(rpc, Finality(0))
        self._known: OrderedDict[bytes, Block] = OrderedDict()

    async def by_hash(self, block_hash: bytes) -> Block | None:
        """Return the block of this hash (32 bytes) if it is in the chain now; None if it is unknown or was reorganised away."""
        block = await self._read(block_hash)
        if block is None:
            return None
        try:
            canonical = await self._heads.block(block.number)
        except BlockGone:
            return None
        return block if canonical.hash == block_hash else None

    async def recent(self, count: int, newest: Block | None = None) -> list[bytes]:
        """Return the hashes of ``count`` blocks up to ``newest`` (the head by default), the newest first; fewer in a shorter chain."""
        block = newest or await self._heads.final_block()
        self._keep(block)
        hashes = [block.hash]
        while len(hashes) < count and block.number > 0:
            parent = await self._read(block.parent_hash)
            if parent is None:
                raise BlockGone(f"the endpoints do not know the parent of block {block.number}")
            hashes.append(parent.hash)
            block = parent
        return hashes

    async def _read(self, block_hash: bytes) -> Block | None:
        if known := self._known.get(block_hash):
            return known
        header = await self._rpc.read("eth_getBlockByHash", (hex0x(block_hash), False), Header | None)  # type: ignore[arg-type]  # a union is a shape
        if header is None:
            return None
        block = header.to_block()
        if block.hash != block_hash:
            raise MalformedAnswer(f"asked for block {hex0x(block_hash)}, the endpoints describe {hex0x(block.hash)}")
        self._keep(block)
        return block

    def _keep(self, block: Block) -> None:
        self._known[block.hash] = block
        while len(self._known) > CACHED_BLOCKS:
            self._known.popitem(last=False)
