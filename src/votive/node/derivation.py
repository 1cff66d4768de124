"""Claimed keys: what a node has of them follows from its shares of the ten root keys, and is made when somebody asks.

Which keys were claimed is for the chain to say. Whoever names a key that was not costs one read of the chain; one that was, some
milliseconds of a thread once, and its share then stays open.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from votive.chain.keys import Routing
from votive.chain.token import token_id
from votive.core import InvalidInput, KeyShare
from votive.node.custody import CACHE, Custody, unavailable, unknown_key
from votive.node.permission import SharedBlocks
from votive.terms.block import Block
from votive.terms.key import KeyId, Purpose

AT_ONCE = 2
"""Derivations under way at a time; others wait, and the threads stay free for what else needs them."""


class ReadRouting(Protocol):
    """The chain's register of keys."""

    async def routing(self, token_id: int, block: Block | None = None) -> Routing | None:
        """Return the key of a token, minted or not; None if the chain knows none."""
        ...


@dataclass(frozen=True)
class Derivation:
    """Derives our shares of claimed keys."""

    custody: Custody
    register: ReadRouting
    blocks: SharedBlocks
    _open: OrderedDict[bytes, KeyShare] = field(default_factory=OrderedDict)
    _making: dict[bytes, asyncio.Task[KeyShare]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def opened(self, public_key: bytes) -> tuple[KeyId, KeyShare] | None:
        """Return the claimed key with this public key (33 bytes) and our share, if it was derived lately."""
        share = self._open.get(public_key)
        if share is None:
            return None
        self._open.move_to_end(public_key)
        return pkp(public_key), share

    async def share(self, public_key: bytes) -> tuple[KeyId, KeyShare]:
        """Return the claimed key with this public key (33 bytes) and our share of it, derived now.

        Raises:
            CallerError: the chain knows no such key at the newest final block.
            WorldError: it is a generated key of which we have no share, or a root is missing here.
        """
        routing = await self.register.routing(token_id(public_key), await self.blocks.final_block())
        if routing is None:
            raise unknown_key(public_key)
        if not routing.derived:
            raise unavailable("this node has no share of the key; other nodes may.")
        # Somebody else may have asked for it while we read.
        return self.opened(public_key) or (pkp(public_key), await asyncio.shield(self._task(public_key, routing)))

    def _task(self, public_key: bytes, routing: Routing) -> asyncio.Task[KeyShare]:
        """Derive a key once for all who ask for it meanwhile."""
        if public_key not in self._making:
            task = asyncio.create_task(self._derive(routing), name="derive")
            self._making[public_key] = task
            task.add_done_callback(partial(self._end, public_key))
        return self._making[public_key]

    async def _derive(self, routing: Routing) -> KeyShare:
        roots = await self.custody.network_shares(Purpose.ROOT_ECDSA)
        async with self._places:
            try:
                return await asyncio.to_thread(KeyShare.derived, roots, routing.derived_key_id, routing.public_key)
            except InvalidInput as error:
                raise unavailable(f"this node cannot derive the key: {error.message}") from error

    def _end(self, public_key: bytes, task: asyncio.Task[KeyShare]) -> None:
        del self._making[public_key]
        if not task.cancelled() and task.exception() is None:  # read here, as whoever asked may have gone
            self._keep(public_key, task.result())

    def _keep(self, public_key: bytes, share: KeyShare) -> None:
        self._open[public_key] = share
        while len(self._open) > CACHE:
            self._open.popitem(last=False)


def pkp(public_key: bytes) -> KeyId:
    """Name a claimed key (33 bytes) as any PKP."""
    return KeyId(purpose=Purpose.PKP_ECDSA, public_key=public_key)
