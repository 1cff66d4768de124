"""The demonstration: every step as told, every field as promised, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tests.e2e.conftest import PRIME, votive
from tests.e2e.facts import check_key, check_personal, check_signature, check_timings, is_hex, processes_in

from votive.ipfs import cid_of


def test_the_demonstration_goes_as_told(tmp_path: Path) -> None:
    done = votive("demo", "--once", "--json", "--directory", tmp_path)
    assert done.returncode == 0, done.stderr
    story = json.loads(done.stdout)
    assert story.keys() == {"network", "pkp", "action", "transaction", "signature", "refusals", "verification", "timings_ms"}
    assert story["network"] == {"nodes": [1, 2, 3, 4], "threshold": 3, "chain_id": 31337}
    check_key(story["pkp"])
    assert story["action"] == {"cid": cid_of(PRIME.read_bytes()), "code": PRIME.read_text()}
    assert is_hex(story["transaction"]["hash"], 32)
    assert story["transaction"]["block"] > 0
    check_signature(story["signature"], story["pkp"]["public_key"])
    check_personal(story["signature"], str(story["signature"]["n"]), story["pkp"]["eth_address"])
    assert story["refusals"].keys() == {"composite", "other_action", "payer"}
    assert story["refusals"]["composite"]["errorCode"] == "NodeJsExecutionError"
    assert "not prime" in story["refusals"]["composite"]["message"]
    assert story["refusals"]["other_action"]["errorCode"] == "NodeAuthSigScopeTooLimited"
    assert story["refusals"]["payer"]["errorCode"] == "NodeAuthSigScopeTooLimited"
    assert story["verification"]["proven"] is True
    assert story["verification"]["assumes"]
    check_timings(story["timings_ms"])
    assert processes_in(tmp_path) == []


def test_the_demonstration_stays_up_until_it_is_interrupted() -> None:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        demo = subprocess.Popen([sys.executable, "-m", "votive.cli", "demo"], stdout=out, stderr=err)
        try:
            said = wait_for(err, r"votive status --directory (\S+)", demo)
            directory = Path(said)
            assert votive("status", "--directory", directory).stdout.count("serving") == 4
            assert demo.poll() is None
            demo.send_signal(signal.SIGINT)
            assert demo.wait(timeout=30) == 0
        finally:
            end(demo)
        out.seek(0)
        told = out.read()
    assert "7919 is prime" in told
    assert "This assumes:" in told
    assert not directory.exists()
    assert processes_in(directory) == []


STAYS = b"stays up until Ctrl-C"


def test_a_second_interrupt_does_not_stop_the_ending(tmp_path: Path) -> None:
    with tempfile.TemporaryFile("w+") as err:
        demo = subprocess.Popen([sys.executable, "-m", "votive.cli", "demo"], stdout=subprocess.DEVNULL, stderr=err, env=within(tmp_path))
        try:
            wait_for(err, f"({STAYS.decode()})", demo)
            for _ in range(3):
                demo.send_signal(signal.SIGINT)
                time.sleep(0.2)
            demo.wait(timeout=60)
        finally:
            end(demo)
        assert gone(tmp_path)
        err.seek(0)
        assert err.read().count("goes on") == 1


@pytest.mark.parametrize("told", [True, False])
def test_a_closed_terminal_ends_the_network(tmp_path: Path, *, told: bool) -> None:
    keyboard, terminal = os.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-m", "votive.cli", "demo"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=within(tmp_path),
        start_new_session=True,
    )
    os.close(terminal)
    try:
        said = b""
        while STAYS not in said:
            said += os.read(keyboard, 4096)
        os.close(keyboard)
        if told:  # make keeps the signal to itself if it is what the terminal runs
            demo.send_signal(signal.SIGHUP)
        assert demo.wait(timeout=60) == 0
    finally:
        end(demo)
    assert gone(tmp_path)


def test_a_demonstration_that_nobody_reads_to_the_end_ends_its_network(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m votive.cli demo --once 2>&1 | head -5"
    done = subprocess.run(["/bin/sh", "-c", command], env=within(tmp_path), stdout=subprocess.PIPE, text=True, timeout=120, check=False)
    assert len(done.stdout.splitlines()) == 5
    assert gone(tmp_path)


def within(directory: Path) -> dict[str, str]:
    """Return an environment whose temporary directories are in ``directory``."""
    return {**os.environ, "TMPDIR": str(directory)}


def gone(directory: Path) -> bool:
    """Whether nothing runs or is kept in ``directory``; what runs is ended, so that a test that fails leaves none either."""
    left = processes_in(directory)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return not left and list(directory.iterdir()) == []


def end(demo: subprocess.Popen[bytes]) -> None:
    """End a demonstration that a failed test left, with the network that only it knows to take down."""
    if demo.poll() is None:
        demo.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(timeout=60)
    demo.kill()
    demo.wait()


UNFAITHFUL = """
import sys
from votive.cli import main, story
story.prime_source = lambda: story.OTHER_ACTION.encode() + b"// examples/prime.js, as if it had lost its test\\n"
sys.exit(main.main(["demo", "--once", "--json", "--directory", sys.argv[1]]))
"""
"""The demonstration with a program that signs composites too."""


def test_a_demonstration_that_goes_otherwise_than_told_fails(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", UNFAITHFUL, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    error = json.loads(done.stdout)
    assert error.keys() == {"errorCode", "message", "details"}
    assert "this had to be refused and was not" in error["message"]
    assert "7917" in done.stderr
    assert processes_in(tmp_path) == []


def test_a_demonstration_without_a_network_fails(tmp_path: Path) -> None:
    done = votive(
        "demo", "--once", "--json", "--directory", tmp_path / "demo", env={**os.environ, "VOTIVE_ANVIL": str(tmp_path / "absent")}
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["errorCode"] == "DevnetAnvilMissing"
    assert not (tmp_path / "demo").exists()


def wait_for(stream: tempfile._TemporaryFileWrapper[str], pattern: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        stream.seek(0)
        text = stream.read()
        if found := re.search(pattern, text):
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.1)
    raise AssertionError(f"not said in time: {pattern}")
