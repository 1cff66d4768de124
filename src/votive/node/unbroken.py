"""Work that needs every link: it ends when the first one breaks, rather than wait for what will never come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine
from typing import Any, Protocol, TypeVar

from votive.net import LinkEvent
from votive.terms.errors import WorldError
from votive.terms.participant import Seat

T = TypeVar("T")


class WatchLinks(Protocol):
    """What must be known of the links."""

    def reachable(self) -> Collection[Seat]:
        """Seats whose links are up."""
        ...

    def watch(self) -> AsyncIterator[LinkEvent]:
        """The links that are up, then every change."""
        ...


async def while_linked(work: Coroutine[Any, Any, T], links: WatchLinks, seats: Collection[Seat]) -> T:
    """Return what ``work`` returns, unless the link to one of ``seats`` breaks first or its process is replaced by another.

    What was in flight on a broken link is lost, and a process that starts again knows nothing of the work.

    Raises:
        WorldError: a link broke; ``work`` was cancelled and has ended.
    """
    watch = links.watch()
    working, breaking = asyncio.ensure_future(work), asyncio.ensure_future(_first_break(watch, frozenset(seats)))
    try:
        if not set(links.reachable()) >= set(seats):
            raise WorldError("a link broke before the work began")
        await asyncio.wait({working, breaking}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise WorldError(f"{breaking.result()}, and this work takes every node")
        return working.result()
    finally:
        working.cancel()
        breaking.cancel()
        await asyncio.wait({working, breaking})


async def _first_break(watch: AsyncIterator[LinkEvent], seats: frozenset[Seat]) -> str:
    """Wait for the first break and say what it was."""
    lives: dict[Seat, bytes] = {}
    async for event in watch:
        if event.seat not in seats:
            continue
        if not event.up:
            return f"the link to seat {event.seat} broke"
        if lives.setdefault(event.seat, event.boot_nonce) != event.boot_nonce:
            return f"the node in seat {event.seat} started again"
    return "the mesh has shut down"
