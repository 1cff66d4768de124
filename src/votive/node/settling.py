"""What becomes of staged shares: decided by chain and store alone, so that a node which missed everything else keeps its keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from votive.chain.finality import Block
from votive.chain.keys import Keys, RegisteredKey
from votive.chain.token import token_id
from votive.node.custody import Custody
from votive.node.transitions import StagedView, settle
from votive.node.verification import check_share
from votive.store import StagedBatch, Store
from votive.terms.key import KeyId

log = structlog.get_logger()


class Settling:
    """Promotes the staged shares whose keys the chain has registered, and discards those that it never will."""

    def __init__(self, *, keys: Keys, store: Store, custody: Custody) -> None:
        self._keys, self._store, self._custody = keys, store, custody
        self._turn = asyncio.Lock()
        self._settled: tuple[bytes, int] | None = None

    @property
    def staged(self) -> int:
        """How many batches wait for the chain's decision."""
        return self._settled[1] if self._settled is not None else 0

    async def settle(self, block: Block) -> list[StagedBatch]:
        """Decide on everything staged at ``block``, and return the batches whose keys came into use by that.

        Nothing is done if the chain has not moved since and nothing was staged since.
        """
        async with self._turn:
            staged = await asyncio.to_thread(self._store.staged)
            if (block.hash, len(staged)) == self._settled:
                return []
            promoted = [batch for batch in staged if await self._settle_batch(batch, block)]
            self._settled = (block.hash, len(await asyncio.to_thread(self._store.staged)))
            return promoted

    async def _settle_batch(self, staged: StagedBatch, block: Block) -> bool:
        keys = await asyncio.to_thread(self._store.staged_keys, staged)
        registered = await self._registered(keys, block)
        view = StagedView(staged.batch, staged.deadline_block, keys, frozenset(registered))
        settlement = settle(view, block.number)
        for key in settlement.promote:
            await asyncio.to_thread(self._store.promote, key, staged.epoch)
        if settlement.promote:
            self._custody.refresh()
            for key in settlement.promote:
                await check_share(self._custody, key, registered[key])
            log.info(
                "keys registered; their shares are in use",
                purpose=staged.purpose.value,
                batch=staged.batch,
                keys=len(settlement.promote),
                block=block.number,
            )
        if settlement.discard:
            await asyncio.to_thread(self._store.discard, staged.epoch, staged.purpose, staged.batch)
            log.info(
                "batch discarded: its deadline passed without the chain registering it",
                purpose=staged.purpose.value,
                batch=staged.batch,
                block=block.number,
            )
        return bool(settlement.promote)

    async def _registered(self, keys: Sequence[KeyId], block: Block) -> dict[KeyId, RegisteredKey]:
        tokens = {token_id(key.public_key): key for key in keys}
        registered = await self._keys.registered(list(tokens), block)
        return {tokens[token]: key for token, key in registered.items()}
