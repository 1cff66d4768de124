"""Limits that the kernel keeps: set from outside, on a process that is ready and before it knows its job.

Not earlier: Deno's own start needs files and address space that an action does not.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from pathlib import Path

from votive.terms.action import ActionLimits

LAYER = "rlimits"
_SPARE_FILES = 8
_FILE_BYTES = 4 * 1024 * 1024
"""Deno writes small caches of its own to its throw-away directory, now and then late; a limit of zero would kill a run for that."""
_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024

SUPPORTED = sys.platform == "linux"
"""Only Linux can limit another process (prlimit). Elsewhere the clock and V8's own heap limit are all there is."""


def restrict(pid: int, limits: ActionLimits) -> None:
    """Set the limits of one run on process ``pid``; ProcessLookupError if it is gone.

    Memory is capped by RLIMIT_DATA, which counts private writable memory and so ArrayBuffers too, which V8's heap limit does not:
    what the process has now (mostly reservations), plus what the run may use.
    """
    if not SUPPORTED:
        return
    _set(pid, resource.RLIMIT_DATA, _data_bytes(pid) + limits.memory_bytes)
    cpu = math.ceil(_cpu_seconds(pid) + limits.cpu_seconds)
    resource.prlimit(pid, resource.RLIMIT_CPU, (cpu, cpu + 1))
    _set(pid, resource.RLIMIT_FSIZE, _FILE_BYTES)
    _set(pid, resource.RLIMIT_CORE, 0)
    _set(pid, resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{pid}/fd")) + _SPARE_FILES)  # noqa: PTH208  # names only


def _set(pid: int, limit: int, value: int) -> None:
    resource.prlimit(pid, limit, (value, value))


def _data_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmData:"))
    return int(line.split()[1]) * _KIB


def _cpu_seconds(pid: int) -> float:
    """Return user and system time so far: fields 14 and 15 of proc_pid_stat(5), counted after the name in parentheses."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
