"""Threads for the engine: its steps release the GIL, so the event loop never waits for cryptography."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class _Job(NamedTuple):
    step: Callable[[], Any]
    result: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Engine:
    """Runs the Rust core's steps in its own threads, for one event loop.

    A step that waits in the ticket gate holds its thread, but only for steps that are running in other threads already;
    with 32 and more of them waiters do not keep others from starting. A step is handed over with one object and taken back
    with one call: an executor's own futures and locks cost a third of the hand-over.
    """

    def __init__(self, threads: int) -> None:
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._open = 0

    def __enter__(self) -> Engine:
        """Return the engine; threads start when they are needed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let running steps finish and start no other."""
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                job.result.cancel()
        for _ in self._threads:
            self._jobs.put(None)

    def __call__(self, step: Callable[[], T]) -> asyncio.Future[T]:
        """Run ``step`` in a thread and return what it returns."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._open += 1
        if self._open > len(self._threads) and len(self._threads) < self._most:
            self._start()
        self._jobs.put(_Job(step, result, loop))
        return result

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"engine_{len(self._threads)}")
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            result, error = _outcome(job)
            if not job.loop.is_closed():
                job.loop.call_soon_threadsafe(self._end, job.result, result, error)
            del job, result, error  # nothing of a step lives on in a thread that waits

    def _end(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self._open -= 1
        if future.done():
            return  # nobody waits for it any more
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _outcome(job: _Job) -> tuple[Any, BaseException | None]:
    if job.result.cancelled():
        return None, None
    try:
        return job.step(), None
    except BaseException as error:  # noqa: BLE001  # whoever awaits the step gets it
        return None, error
