"""Hears when the contracts say something.

An event never carries a decision: each one means "read the state again at a final block". Every final block is walked in order,
checked against its parent's hash, and its logs are read by block hash, so that no reorganisation passes unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from votive.chain.errors import BlockGone, CallRefused
from votive.chain.finality import Block, FinalBlocks
from votive.chain.rpc import Rpc
from votive.chain.shapes import Data, Hash
from votive.terms.encoding import hex0x
from votive.terms.errors import WorldError

LONGEST_WALK = 256
"""A larger gap is not walked block by block: it is one change, after which all state is read anyway."""


class CursorStore(Protocol):
    """Remembers across restarts how far the chain was heard."""

    def load(self) -> bytes | None:
        """Return what was last saved, or None."""

    def save(self, cursor: bytes) -> None:
        """Save durably before returning."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """One event as JSON-RPC words it: 0x text throughout."""

    address: str
    topics: tuple[Hash, ...]
    data: Data


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something to read the state again for, up to final block ``block``.

    ``logs`` are those of this block; empty when the walk was cut short (``skipped``) or history changed (``reorganised``).
    """

    block: Block
    logs: tuple[Log, ...] = ()
    skipped: bool = False
    reorganised: bool = False


class Watcher:
    """Follows the final blocks, for events of ``addresses``, every ``interval`` seconds."""

    def __init__(self, rpc: Rpc, blocks: FinalBlocks, addresses: Sequence[str], cursor: CursorStore, interval: float = 1.0) -> None:
        self._rpc = rpc
        self._blocks = blocks
        self._addresses = tuple(addresses)
        self._cursor = cursor
        self._interval = interval

    async def changes(self) -> AsyncIterator[Change]:
        """Yield changes for ever. The cursor moves past one only when the next is asked for, that is, after it was dealt with.

        An unreachable chain is waited for. The first change is the block at which the watcher starts anew, if it never ran.
        """
        while True:
            try:
                async for change in self.news():
                    yield change
            except WorldError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(self._interval)

    async def run(self, changed: asyncio.Event) -> None:
        """Set ``changed`` at every change, until cancelled."""
        async for _ in self.changes():
            changed.set()

    async def news(self) -> AsyncIterator[Change]:
        """Yield the changes up to the newest final block, and return."""
        final = await self._blocks.final_block()
        seen = self._load()
        if seen is not None and seen.hash == final.hash:
            return
        if seen is None or final.number - seen.number > LONGEST_WALK:
            yield Change(block=final, skipped=True)
            self._save(final)
            return
        async for change in self._walk(seen, final):
            yield change
            self._save(change.block)

    async def _walk(self, seen: Block, final: Block) -> AsyncIterator[Change]:
        for number in range(seen.number + 1, final.number + 1):
            block = await self._blocks.block(number)
            if block.parent_hash != seen.hash:
                break
            seen = block
            if logs := await self._logs(block):
                yield Change(block=block, logs=logs)
            else:
                self._save(block)
        if seen.hash != final.hash:
            yield Change(block=final, reorganised=True)

    async def _logs(self, block: Block) -> tuple[Log, ...]:
        query = {"blockHash": hex0x(block.hash), "address": self._addresses}
        try:
            return await self._rpc.read("eth_getLogs", (query,), tuple[Log, ...])
        except CallRefused as error:
            raise BlockGone(f"no endpoint knows the logs of block {block.number}: {error.message}") from error

    def _load(self) -> Block | None:
        saved = self._cursor.load()
        return None if saved is None else msgspec.msgpack.decode(saved, type=Block)

    def _save(self, block: Block) -> None:
        self._cursor.save(msgspec.msgpack.encode(block))
