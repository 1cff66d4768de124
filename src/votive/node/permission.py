"""May this caller, or this action, sign with this key? Asked at the approval, at the proposal's block, before the last message, and
by whoever waits for longer than usual.

Every answer is read by this node for itself at a block that is final by its own rule. The approval may rest on the block that was
read last, so that a right that has just ended is found out before the last message (docs/decisions/0083).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Protocol

from votive.auth import Decision, Grant, ReadPermissions, decide
from votive.chain.errors import BlockGone
from votive.chain.finality import Block
from votive.terms.block import Block as NamedBlock

MEMORY_SECONDS = 10.0
"""A block that was final is not asked about again for so long: longer than a request signs."""

LAST_READ_SECONDS = 0.25
"""So long after it was asked for, the final block that was read last may approve. Short, so that nodes mean the same one."""


class ReadBlocks(Protocol):
    """The chain's final blocks."""

    async def final_block(self) -> Block:
        """Return the newest final block."""

    async def is_final(self, number: int, hash: bytes) -> bool:  # noqa: A002  # chain's own name for it
        """Return whether this block is canonical and final by our rule."""

    async def block(self, number: int) -> Block:
        """Return the canonical block of this number; BlockGone if there is none."""


class SharedBlocks:
    """Final blocks, read once for all who ask before the question has left this process."""

    def __init__(self, blocks: ReadBlocks) -> None:
        self._blocks = blocks
        self._asking: list[asyncio.Future[Block]] = []
        self._reader: asyncio.Task[None] | None = None  # until another begins: by then a connection holds the one before
        self._final: dict[tuple[int, bytes], float] = {}
        self._last: tuple[Block, float] | None = None
        """With when it was asked for."""

    def last_read(self) -> Block | None:
        """Return the final block that was read last, if it was asked for less than ``LAST_READ_SECONDS`` ago."""
        if self._last is None:
            return None
        block, asked_at = self._last
        return block if time.monotonic() - asked_at < LAST_READ_SECONDS else None

    async def final_block(self) -> Block:
        """Return a final block that was read after the call: never one from before it."""
        loop = asyncio.get_running_loop()
        if not self._asking:
            self._reader = loop.create_task(self._read())
        answer: asyncio.Future[Block] = loop.create_future()  # one each: who stops waiting cancels his own
        self._asking.append(answer)
        return await answer

    async def _read(self) -> None:
        # A task begins in the loop's next turn: whoever asked within this one shares the question, and nobody after it.
        asking, self._asking = self._asking, []
        asked_at = time.monotonic()
        try:
            block = await self._blocks.final_block()
        except Exception as error:  # noqa: BLE001  # whatever it is, it goes to all who asked
            for answer in asking:
                if not answer.done():
                    answer.set_exception(error)
        except BaseException:
            for answer in asking:
                answer.cancel()
            raise
        else:
            self._remember((block.number, block.hash))
            if self._last is None or self._last[1] <= asked_at:
                self._last = block, asked_at
            for answer in asking:
                if not answer.done():
                    answer.set_result(block)

    async def is_final(self, block: NamedBlock) -> bool:
        """Return whether ``block`` is canonical and final by our rule, or was moments ago."""
        named = (block.number, block.hash)
        if time.monotonic() - self._final.get(named, -MEMORY_SECONDS) < MEMORY_SECONDS:
            return True
        if not await self._read_is_final(block):
            return False
        self._remember(named)
        return True

    async def _read_is_final(self, block: NamedBlock) -> bool:
        if self._last is None or block.number > self._last[0].number:
            return await self._blocks.is_final(block.number, block.hash)
        try:
            canonical = await self._blocks.block(block.number)
        except BlockGone:
            return False
        return canonical.hash == block.hash  # and final, as it does not lie above one that was

    def _remember(self, named: tuple[int, bytes]) -> None:
        now = time.monotonic()
        if named not in self._final:  # a new block takes the place of those that are too old
            self._final = {block: seen for block, seen in self._final.items() if now - seen < MEMORY_SECONDS}
        self._final[named] = now


@dataclass(frozen=True)
class Standing:
    """One question about one key, asked at any block."""

    grant: Grant
    token_id: int
    key_address: str
    """The key's own, which opens nothing."""
    personal_sign: bool
    reader: ReadPermissions = field(repr=False)
    blocks: SharedBlocks = field(repr=False)
    _decided: dict[bytes, Decision] = field(default_factory=dict, init=False, repr=False, compare=False)

    async def approval_block(self) -> Block:
        """Return a final block at which the right exists: the one read last, else the newest, which alone says no.

        Raises:
            NotPermitted: it does not exist at the newest one, with the tree that explains it.
            WorldError: the chain cannot be asked.
        """
        last = self.blocks.last_read()
        if last is not None and await self._permitted_at(last):
            return last
        newest = await self.blocks.final_block()
        (await self.at(newest)).require()
        return newest

    async def _permitted_at(self, last: NamedBlock) -> bool:
        try:
            return (await self.at(last)).permitted
        except BlockGone:  # the chain was reorganised since
            return False

    async def at(self, block: NamedBlock) -> Decision:
        """Decide at ``block``, once as its state never changes, with the tree that explains it."""
        decision = self._decided.get(block.hash)
        if decision is None:
            decision = await decide(
                self.reader,
                self.grant,
                token_id=self.token_id,
                block=block,
                personal_sign=self.personal_sign,
                key_address=self.key_address,
            )
            self._decided[block.hash] = decision
        return decision

    async def permits(self, block: NamedBlock) -> bool:
        """Return whether ``block`` is final by our own rule and the right exists there."""
        return await self.blocks.is_final(block) and (await self.at(block)).permitted

    async def permits_now(self) -> bool:
        """Return whether the right exists at our newest final block."""
        return (await self.at(await self.blocks.final_block())).permitted
