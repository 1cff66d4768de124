"""Work that cannot be stopped, or is worse half done than not begun: to end what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from votive.devnet.progress import Progress

T = TypeVar("T")
GOES_ON = Progress("the ending goes on: wait until all processes are gone")
"""What is said to who interrupts the ending of processes."""


async def undisturbed(work: Awaitable[T], disturbed: Callable[[], None] = lambda: None) -> T:
    """Do ``work`` to its end, whoever cancels us meanwhile; only then are we cancelled.

    Args:
        work: ends by itself, in a time that can be waited for.
        disturbed: called once, when we are cancelled for the first time.
    """
    task, cancelled = asyncio.ensure_future(work), False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            if not cancelled:
                disturbed()
            cancelled = True
    result = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return result
