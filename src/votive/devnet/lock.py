"""One command at a time may change what runs in a directory."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from votive.devnet.errors import DevnetError
from votive.devnet.progress import Progress, Report

FILE = "lock"
"""Also marks a directory as one of ours."""
PATIENCE = 180.0


@asynccontextmanager
async def locked(directory: Path, report: Report) -> AsyncIterator[None]:
    """Hold the lock of ``directory``, after waiting for a command that has it. The system frees it if we are killed."""
    with await _held(directory, report) as file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def forget(directory: Path) -> None:
    """Remove the lock of ``directory``, which must be held: whoever waits for it makes another."""
    (directory / FILE).unlink()


async def _held(directory: Path, report: Report) -> IO[str]:
    """Return the file whose lock is held and which is still the one in ``directory``."""
    while True:
        file = _opened(directory)
        try:
            await _take(file.fileno(), directory, report)
        except BaseException:
            file.close()
            raise
        if _is_at(directory / FILE, file.fileno()):
            return file
        file.close()


def _opened(directory: Path) -> IO[str]:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return (directory / FILE).open("a+")


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


async def _take(descriptor: int, directory: Path, report: Report) -> None:
    deadline, told = time.monotonic() + PATIENCE, False
    while not _try(descriptor):
        holder = os.pread(descriptor, 20, 0).decode() or "unknown"
        if time.monotonic() > deadline:
            raise DevnetError(f"process {holder} has been changing the network in {directory} for {PATIENCE:.0f} s. Wait for it.")
        if not told:
            report(Progress(f"waiting for process {holder}, which is changing the network in {directory}"))
            told = True
        await asyncio.sleep(0.1)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
