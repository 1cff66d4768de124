"""Telling whoever watches when links go up and down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from votive.net.errors import MeshClosed
from votive.net.link import LinkEvent

_MOST_UNREAD = 1024
"""A watcher that does not read loses the oldest events, not the node's memory."""


class Watchers:
    """All who follow the links of one mesh."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[LinkEvent | None]] = set()
        self._closed = False

    def tell(self, event: LinkEvent) -> None:
        """Give ``event`` to every watcher."""
        for queue in self._queues:
            self._push(queue, event)

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        for queue in self._queues:
            self._push(queue, None)

    async def follow(self, now: Iterable[LinkEvent]) -> AsyncIterator[LinkEvent]:
        """Yield the events ``now``, then each that comes; MeshClosed at the end."""
        queue: asyncio.Queue[LinkEvent | None] = asyncio.Queue(_MOST_UNREAD)
        self._queues.add(queue)
        try:
            for event in now:
                yield event
            while not self._closed:
                told = await queue.get()
                if told is None:
                    break
                yield told
            raise MeshClosed("the mesh has shut down: no more links to watch")
        finally:
            self._queues.discard(queue)

    @staticmethod
    def _push(queue: asyncio.Queue[LinkEvent | None], event: LinkEvent | None) -> None:
        if queue.full():
            queue.get_nowait()
        queue.put_nowait(event)
