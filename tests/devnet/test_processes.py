"""Processes are recognised by more than their number, and exactly those that were started are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from votive.devnet.errors import DevnetError
from votive.devnet.processes import Process, birth_of, end, kill, log_tail, recorded, start

SLEEP = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)",
)
THREADED = (
    sys.executable,
    "-c",
    # The first thread ends alone (pthread_exit), as it does for a moment when a process with threads is killed.
    "import ctypes, threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); "
    "print('here', flush=True); ctypes.CDLL(None).syscall(60, 0)",
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    process = recorded(tmp_path)
    if process is not None:
        os.kill(process.pid, signal.SIGKILL)
        until(lambda: not process.running)


def until(condition: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.01)


def started(command: tuple[str, ...], folder: Path) -> Process:
    process = start(command, folder, os.environ)
    until(lambda: "here" in (folder / "log").read_text())
    return process


@pytest.mark.parametrize("command", [SLEEP, STUBBORN, THREADED])
def test_a_killed_process_is_gone_at_once_and_its_folder_is_free_for_another(folder: Path, command: tuple[str, ...]) -> None:
    process = started(command, folder)
    kill(process)
    assert not process.running
    assert recorded(folder) is None
    kill(process)


def test_a_process_that_does_not_end_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = started(SLEEP, folder)
    with monkeypatch.context() as patched:
        patched.setattr(Process, "send", lambda _self, _number: None)
        with pytest.raises(DevnetError, match=str(process.pid)):
            kill(process, patience=0.0)


async def test_a_started_process_is_found_again_until_it_is_ended(folder: Path) -> None:
    process = started(SLEEP, folder)
    assert process.running
    assert recorded(folder) == process
    await end([process])
    assert not process.running
    assert recorded(folder) is None


def test_a_started_process_has_a_session_of_its_own(folder: Path) -> None:
    process = started(SLEEP, folder)
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


async def test_one_that_ignores_sigterm_is_ended_by_force(folder: Path) -> None:
    process = started(STUBBORN, folder)
    await end([process], patience=0.3)
    assert not process.running


async def test_another_process_with_the_same_pid_is_never_touched(folder: Path) -> None:
    other = subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL)
    try:
        stale = Process(pid=other.pid, birth="another-boot/12345")
        assert not stale.running
        await end([stale])
        stale.send(signal.SIGKILL)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_process_that_ended_and_waits_for_its_parent_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        until(lambda: birth_of(child.pid) is None)
    finally:
        child.wait()


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.uname().machine != "x86_64", reason="uses Linux's system call 60 of x86_64")
def test_a_process_whose_threads_are_left_still_runs(folder: Path) -> None:
    process = started(THREADED, folder)
    until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    assert process.running
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not process.running)


def test_two_processes_are_never_born_alike(folder: Path) -> None:
    process = started(SLEEP, folder)
    assert birth_of(process.pid) == birth_of(process.pid) != birth_of(os.getpid())


def test_a_damaged_record_is_an_error_and_ends_nothing(folder: Path) -> None:
    (folder / "process.json").write_text("{")
    try:
        with pytest.raises(DevnetError, match="damaged"):
            recorded(folder)
    finally:
        (folder / "process.json").unlink()


def test_a_program_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(DevnetError, match="/no/such/program"):
        start(("/no/such/program",), folder, os.environ)


def test_the_end_of_a_log_is_quoted(folder: Path) -> None:
    assert "no log" in log_tail(folder)
    (folder / "log").write_text("\n".join(f"line {number}" for number in range(100)))
    assert log_tail(folder, lines=2).endswith("line 98\nline 99")
