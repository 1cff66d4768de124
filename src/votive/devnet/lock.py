"""One command at a time may change what runs in a directory."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from votive.devnet.errors import DevnetError
from votive.devnet.progress import Progress, Report

FILE = "lock"
"""Also marks a directory as one of ours."""
PATIENCE = 180.0


@asynccontextmanager
async def locked(directory: Path, report: Report) -> AsyncIterator[None]:
    """Hold the lock of ``directory``, after waiting for a command that has it. The system frees it if we are killed."""
    with (directory / FILE).open("a+") as file:
        await _take(file.fileno(), directory, report)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


async def _take(descriptor: int, directory: Path, report: Report) -> None:
    deadline, told = time.monotonic() + PATIENCE, False
    while not _try(descriptor):
        holder = (directory / FILE).read_text() or "unknown"
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
