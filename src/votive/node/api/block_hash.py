"""GET /get_most_recent_valid_block: the block that Lit's SDK signs as a nonce, once the one of its handshake is 30 s old.

Lit runs this as a service of its own beside its nodes; here each node is one (docs/authorisation.md, "Nonces").
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from votive.terms.block import BlockFacts
from votive.terms.encoding import hex0x

KEPT_SECONDS = 1.0
"""The chain is asked once in so long, however many ask us."""


class BlockHashAnswer(msgspec.Struct, frozen=True, kw_only=True, rename={"block_number": "blockNumber"}):
    """The node's newest final block."""

    blockhash: str
    """0x and 64 hex digits."""
    timestamp: str
    """The block's own, decimal Unix seconds. The SDK asks again when it is over 30 s old, which it always is on a quiet chain."""
    block_number: int

    @classmethod
    def of(cls, block: BlockFacts) -> BlockHashAnswer:
        """Describe ``block``."""
        return cls(blockhash=hex0x(block.hash), timestamp=str(block.timestamp), block_number=block.number)


class NewestBlock:
    """The newest final block as JSON, at most ``KEPT_SECONDS`` old; a failure to read it is kept as long."""

    def __init__(self, read: Callable[[], Awaitable[BlockFacts]], now: Callable[[], float] = time.monotonic) -> None:
        self._read, self._now = read, now
        self._reading: asyncio.Task[bytes] | None = None
        self._until = 0.0

    async def told(self) -> bytes:
        """Return it; raises what ``read`` does."""
        if self._reading is None or self._now() >= self._until:
            self._reading, self._until = asyncio.create_task(self._encoded()), self._now() + KEPT_SECONDS
        return await asyncio.shield(self._reading)

    async def _encoded(self) -> bytes:
        return msgspec.json.encode(BlockHashAnswer.of(await self._read()))


def block_hash(read: Callable[[], Awaitable[BlockFacts]]) -> HTTPRouteHandler:
    """Build the endpoint; ``read`` raises while the node is starting."""
    newest = NewestBlock(read)

    @get("/get_most_recent_valid_block")
    async def handler() -> Response[bytes]:
        return Response(await newest.told(), media_type=MediaType.JSON, headers={"Cache-Control": "no-store"})

    return handler
