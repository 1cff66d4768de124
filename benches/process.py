"""CPU time of other processes, from the kernel's own accounting."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of ``pid`` and of its children that have ended, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def total_cpu_seconds(pids: Iterable[int]) -> float:
    """Sum over several processes."""
    return sum(cpu_seconds(pid) for pid in pids)
