"""Networks are ended whole: whoever interrupts that, however often, and whether or not anybody listens."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from votive.cli.demo import discard, kept
from votive.devnet import Devnet, DevnetError, Progress, undisturbed
from votive.devnet.plan import NodePlan, Plan, save
from votive.devnet.processes import Process, end, recorded, start
from votive.terms.contracts import RESOLVER_KEYS

NODES = tuple(NodePlan(index=seat, address="0x" + f"{seat:040x}", port=20000 + seat, peer_port=20100 + seat) for seat in range(1, 5))
CONTRACTS = dict.fromkeys(["ContractResolver", *RESOLVER_KEYS], "0x" + "ab" * 20)
PLAN = Plan(nodes=NODES, chain_port=20200, ipfs_port=20201, issuer_port=20202, contracts=CONTRACTS, accounts=())
FOLDERS = ("anvil", "ipfs", "issuer", "node-1", "node-2", "node-3", "node-4")
SLOW = "import signal, time; signal.signal(15, lambda *_: (time.sleep(0.3), exit())); print('here', flush=True); time.sleep(60)"
"""Takes a moment to end, as a node does."""


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Devnet]:
    """A network of processes that do nothing."""
    save(tmp_path, PLAN)
    processes = running_in(tmp_path)
    try:
        yield Devnet.open(tmp_path)
    finally:
        for process in processes:
            process.send(signal.SIGKILL)


def running_in(directory: Path) -> list[Process]:
    """Start a process in every folder of a network in ``directory``."""
    for name in FOLDERS:
        (directory / name).mkdir()
    processes = [start((sys.executable, "-c", SLOW), directory / name, os.environ) for name in FOLDERS]
    until(lambda: all("here" in (directory / name / "log").read_text() for name in FOLDERS))
    return processes


def until(condition: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]  # any call without arguments will do
        assert time.monotonic() < deadline, "this took too long"
        time.sleep(0.01)


def left(directory: Path) -> list[Process]:
    """Return what still runs, and end it: a test that fails leaves nothing either."""
    found = [process for name in FOLDERS if (process := recorded(directory / name)) is not None]
    for process in found:
        process.send(signal.SIGKILL)
    return found


async def test_an_ending_that_is_cancelled_goes_on_and_says_so_once(network: Devnet) -> None:
    told: list[str] = []
    task = asyncio.create_task(network.down(lambda progress: told.append(progress.text)))
    for _ in range(3):
        await asyncio.sleep(0.1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left(network.directory) == []
    assert told[0] == "ending the nodes"
    assert told[-1] == "ending the chain"
    assert sum("goes on" in text for text in told) == 1


async def test_a_process_that_does_not_end_keeps_no_other_from_being_ended(network: Devnet, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = recorded(network.directory / "node-2")
    assert stubborn is not None

    async def impatient(processes: list[Process]) -> None:
        await end([process for process in processes if process != stubborn])
        if stubborn in processes:
            raise DevnetError(f"process {stubborn.pid} does not end.")

    monkeypatch.setattr("votive.devnet.network.end", impatient)
    with pytest.raises(DevnetError, match=f"process {stubborn.pid} does not end"):
        await network.down()
    assert left(network.directory) == [stubborn]


async def test_what_is_undisturbed_fails_as_it_would() -> None:
    async def work() -> None:
        await asyncio.sleep(0.05)
        raise DevnetError("it failed")

    told: list[Progress] = []
    task = asyncio.create_task(undisturbed(work(), lambda: told.append(Progress("still"))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(DevnetError, match="it failed"):
        await task
    assert len(told) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_down_ends_everything_however_often_it_is_interrupted(network: Devnet, number: signal.Signals) -> None:
    down = subprocess.Popen(down_of(network), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert down.stderr is not None
    assert "ending the nodes" in down.stderr.readline()
    for _ in range(2):
        down.send_signal(number)
        time.sleep(0.2)
    said = down.communicate(timeout=30)[1]
    assert left(network.directory) == []
    assert down.returncode == 130
    assert said.count("goes on") == 1


@pytest.mark.parametrize("ending", ["", "2>&-", "2>&1 >&-"])
def test_down_ends_everything_though_nobody_listens(network: Devnet, ending: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = ["/bin/sh", "-c", f'exec "$@" {ending}', "sh", *down_of(network)]
    try:
        done = subprocess.run(command, stdout=writer, stderr=writer, timeout=30, check=False)
    finally:
        os.close(writer)
    assert left(network.directory) == []
    assert done.returncode in {0, 1}


@pytest.mark.parametrize("redirection", ["", "2>/dev/full"])
def test_down_ends_everything_though_the_terminal_was_closed(network: Devnet, redirection: str) -> None:
    keyboard, terminal = os.openpty()
    command = ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *down_of(network)]
    down = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    os.close(keyboard)
    assert down.wait(timeout=30) in {0, 1}
    assert left(network.directory) == []


def down_of(network: Devnet) -> list[str]:
    """Return the command that ends ``network``, which Ctrl-C reaches even if these tests run in the background."""
    interruptible = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from votive.cli.main import run; run()"
    return [sys.executable, "-c", interruptible, "down", "--directory", str(network.directory)]


def test_a_temporary_directory_is_removed_when_nothing_runs_there(capsys: pytest.CaptureFixture[str]) -> None:
    with kept(None) as place:
        (place / "node-1").mkdir()
    assert not place.exists()
    assert capsys.readouterr().err == ""


def test_a_temporary_directory_stays_while_a_process_runs_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), kept(None) as place:
        processes = running_in(place)
        raise KeyError
    try:
        said = capsys.readouterr().err
        assert all(str(process.pid) in said for process in processes)
        assert f" down --directory {place}" in said
        assert place.exists()
    finally:
        left(place)
        until(lambda: not any(process.running for process in processes))
    discard(place)
    assert not place.exists()


async def test_nothing_is_written_any_more_once_a_creation_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its directory cannot be removed: files appear in it."""
    writing: list[str] = []

    def slow(folder: Path) -> None:
        writing.append(folder.name)
        time.sleep(0.3)
        writing.remove(folder.name)

    async def fail(*_: object) -> None:
        await asyncio.sleep(0.1)
        assert writing
        raise DevnetError("the chain does not start")

    monkeypatch.setattr("votive.devnet.create._identity", slow)
    monkeypatch.setattr("votive.devnet.network._run_chain", fail)
    monkeypatch.setenv("VOTIVE_ANVIL", sys.executable)
    with pytest.raises(DevnetError, match="the chain does not start"):
        await Devnet.up(tmp_path)
    assert writing == []
