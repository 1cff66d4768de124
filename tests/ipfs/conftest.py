from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

START_SECONDS = 20.0


def start_server(directory: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """Start the server on a free port; return it and its base URL, once it says that it listens."""
    command = [sys.executable, "-m", "votive.ipfs.server", "--directory", str(directory), "--port", "0", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"on (http://\S+)", line):
            return process, found[1]
    raise AssertionError(f"the server ended with status {process.wait()}")


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    assert process.stderr is not None
    process.stderr.close()
    assert process.wait(10) == 0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a server that all tests share; blocks are named by content, so they do not meet."""
    process, url = start_server(tmp_path_factory.mktemp("blocks"), "--max-bytes", str(2 * 1024 * 1024))
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=START_SECONDS) as answer:
            assert answer.status == 200
        yield url
    finally:
        stop(process)


@pytest.fixture
def start() -> Callable[..., tuple[subprocess.Popen[str], str]]:
    """Start a server over a directory; whoever asks ends it."""
    return start_server


@pytest.fixture
def running() -> Iterator[Callable[[Path], str]]:
    """Start servers that end with the test."""
    processes = []

    def run(directory: Path) -> str:
        process, url = start_server(directory)
        processes.append(process)
        return url

    yield run
    for process in processes:
        stop(process)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def mod251() -> Callable[[int], bytes]:
    """n bytes, byte i = i % 251, as in the vectors."""

    def make(length: int) -> bytes:
        return (bytes(range(251)) * (length // 251 + 1))[:length]

    return make
