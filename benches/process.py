"""CPU time of other processes, from the kernel's own accounting."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of ``pid`` and of its children, those that have ended and those that run, in seconds."""
    return _own_seconds(pid) + sum(_own_seconds(child) for child in _children(pid))


class ThreadTimes(NamedTuple):
    """CPU of a process's threads that live, in seconds."""

    main: float
    """Of the thread that it began with; a node's runs its event loop."""
    others: float


def thread_times(pid: int) -> ThreadTimes:
    """CPU of the threads of ``pid``, without its children's, to the nanosecond (proc_pid_schedstat(5))."""
    found = {file.parent.name: _words(file) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")}
    seconds = {thread: int(words[0]) / 1e9 for thread, words in found.items() if words}
    main = seconds.pop(str(pid), 0.0)
    return ThreadTimes(main=main, others=sum(seconds.values()))


def total_cpu_seconds(pids: Iterable[int]) -> float:
    """Sum over several processes."""
    return sum(cpu_seconds(pid) for pid in pids)


def _own_seconds(pid: int) -> float:
    """Time of ``pid`` and of its collected children; nothing if it has just ended: its parent has the time then."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) / TICK


def _children(pid: int) -> list[int]:
    """Running children of all threads of ``pid`` (proc_pid_tid_children(5))."""
    return [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in _words(file)]


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []  # the thread has ended meanwhile
