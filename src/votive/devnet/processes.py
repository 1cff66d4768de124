"""Processes that outlive the command that starts them, recognised again by more than their number.

A pid is used again by the system; a pid with its start time and the machine's boot is not. What is ended is always exactly what was
started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from votive.devnet.errors import DevnetError

PROC = Path("/proc")
RECORD = "process.json"
LOG = "log"


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A started process."""

    pid: int
    birth: str
    """When it started, in the system's own terms: see ``birth_of``."""

    @property
    def running(self) -> bool:
        """Whether it still runs. One that ended and waits for its parent does not."""
        _reap(self.pid)
        return birth_of(self.pid) == self.birth

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            os.kill(self.pid, number)


def start(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Process:
    """Start ``command`` in a session of its own, its output appended to ``folder/log``, and record it in ``folder``."""
    log = str(folder / LOG)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawn(command[0], list(command), environment, file_actions=actions, setsid=True)
    except OSError as error:
        raise DevnetError(f"cannot start {command[0]}: {error.strerror}.") from error
    process = Process(pid=pid, birth=birth_of(pid) or "ended")
    write_whole(folder / RECORD, msgspec.json.encode(process))
    return process


def recorded(folder: Path) -> Process | None:
    """Return the process that was last started in ``folder``, if it still runs."""
    try:
        process = msgspec.json.decode((folder / RECORD).read_bytes(), type=Process)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise DevnetError(
            f"{folder / RECORD} is damaged ({error}). See with `ps` whether its process runs, and remove the file."
        ) from error
    return process if process.running else None


async def end(processes: Sequence[Process], patience: float = 15.0) -> None:
    """Ask all ``processes`` to end (SIGTERM) and wait; after ``patience`` seconds end them by force (SIGKILL)."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        for process in processes:
            process.send(number)
        if await ended(processes, seconds):
            return
    raise not_ending(*(process.pid for process in processes if process.running))


def kill(process: Process, patience: float = 5.0) -> None:
    """End ``process`` by force (SIGKILL) and return once it is gone, with its ports; DevnetError after ``patience`` seconds."""
    process.send(signal.SIGKILL)
    deadline = time.monotonic() + patience
    while process.running:
        if time.monotonic() > deadline:
            raise not_ending(process.pid)
        time.sleep(0.005)


def not_ending(*pids: int) -> DevnetError:
    """What is said of processes that SIGKILL does not end."""
    left = ", ".join(map(str, pids))
    return DevnetError(f"process {left} does not end even on SIGKILL. It hangs in the kernel: see `ps -o stat,wchan -p {left}`.")


async def ended(processes: Sequence[Process], patience: float) -> bool:
    """Wait until none of ``processes`` runs; False if one still does after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while any(process.running for process in processes):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def log_tail(folder: Path, lines: int = 5) -> str:
    """Return the last lines of the log in ``folder``, introduced, for an error message."""
    try:
        text = (folder / LOG).read_text(errors="replace")
    except FileNotFoundError:
        return f"There is no log {folder / LOG}."
    return f"The end of {folder / LOG}:\n" + "\n".join(text.splitlines()[-lines:])


def birth_of(pid: int) -> str | None:
    """Say when process ``pid`` started: boot id and clock ticks since boot on Linux, ``ps``'s time elsewhere; None if it does not run."""
    if not PROC.joinpath("self").exists():
        return _birth_by_ps(pid)
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, ticks = fields[0], fields[19]  # fields 3 and 22 of proc_pid_stat(5)
    return None if state in "ZX" and not _threads_left(pid) else f"{_boot()}/{ticks}"


def _threads_left(pid: int) -> bool:
    """Whether threads of a process whose first one has ended still hold its files and ports."""
    try:
        return len(list((PROC / str(pid) / "task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _birth_by_ps(pid: int) -> str | None:
    done = subprocess.run(["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    state, _, started = done.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def _reap(pid: int) -> None:
    """Collect ``pid`` if it is our own child and has ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # not ours: the command that started it has ended


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole after a crash, or as it was; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
