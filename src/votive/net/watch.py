"""Telling whoever watches when links go up and down."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable

from votive.net.errors import MeshClosed
from votive.net.link import LinkEvent

_MOST_UNREAD = 1024
"""A watcher that does not read loses the oldest events, not the node's memory."""


class Watch:
    """An async iterator over the events of a mesh's links, from the moment it was made; MeshClosed at the end."""

    def __init__(self, now: Iterable[LinkEvent]) -> None:
        self._events: asyncio.Queue[LinkEvent | None] = asyncio.Queue(_MOST_UNREAD)
        for event in now:
            self.push(event)

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> LinkEvent:
        event = await self._events.get()
        if event is None:
            self.push(None)  # for whoever asks again
            raise MeshClosed("the mesh has shut down: no more links to watch")
        return event

    def push(self, event: LinkEvent | None) -> None:
        """Add an event, or the end (None)."""
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)


class Watchers:
    """All who follow the links of one mesh, for as long as they keep their watch."""

    def __init__(self) -> None:
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()

    def follow(self, now: Iterable[LinkEvent]) -> Watch:
        """Begin a watch with the events ``now``."""
        watch = Watch(now)
        self._watches.add(watch)
        return watch

    def tell(self, event: LinkEvent | None) -> None:
        """Give ``event``, or the end (None), to every watcher."""
        for watch in list(self._watches):
            watch.push(event)
