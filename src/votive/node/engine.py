"""Threads for the engine: its steps release the GIL, so the event loop never waits for cryptography."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Engine:
    """Runs the Rust core's steps in its own threads.

    A step that waits in the ticket gate holds its thread, but only for steps that are running in other threads already;
    with 32 and more of them waiters do not keep others from starting.
    """

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="engine")

    def __enter__(self) -> Engine:
        """Return the engine; threads start when they are needed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let running steps finish and start no other."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, step: Callable[[], T]) -> T:
        """Run ``step`` in a thread and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, step)
