"""One network for all tests here that do not end it, used as a person would: through the command line.

What starts and ends processes runs in a process of its own, as it would; everything else in this one, to save its imports.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from votive.cli.main import main
from votive.devnet import ports

ROOT = Path(__file__).resolve().parents[2]
PRIME = ROOT / "examples" / "prime.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts[-2]:
            item.add_marker(pytest.mark.network)


def votive(*words: object, seconds: float = 120, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of Votive's to its end."""
    command = [sys.executable, "-m", "votive.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=env)


def votive_here(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command of Votive's to its end, in this process."""
    arguments, out, err = [str(word) for word in words], io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Place:
    """A directory with a network, and its commands."""

    directory: Path

    def run(self, *words: object, status: int = 0) -> Any:
        """Run a command with --json, which must end with ``status``, and return what it prints."""
        command = votive if words[0] in {"up", "down"} else votive_here
        done = command(*words, "--directory", self.directory, "--json")
        assert done.returncode == status, f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def say(self, *words: object, status: int = 0) -> str:
        """Run a command for a person and return what it prints."""
        done = votive_here(*words, "--directory", self.directory)
        assert done.returncode == status, f"{words}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def refused(self, *words: object) -> dict[str, Any]:
        """Run a command that must fail and return its error."""
        error: dict[str, Any] = self.run(*words, status=1)
        assert error.keys() == {"errorCode", "message", "details"}
        assert isinstance(error["message"], str)
        assert isinstance(error["details"], list)
        return error


@pytest.fixture
def status(place: Place) -> dict[str, Any]:
    """What ``votive status`` prints of the network now."""
    status: dict[str, Any] = place.run("status")
    return status


@pytest.fixture(scope="session")
def fetchable() -> int:
    """The port of this machine that actions may fetch from."""
    return ports.choose(1)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, fetchable: int) -> Iterator[Place]:
    """A running network of four nodes."""
    place = Place(tmp_path_factory.mktemp("e2e") / "network")
    try:
        place.run("up", "--nodes", 4, "--allow-fetch", f"127.0.0.1:{fetchable}")
        yield place
    finally:
        votive("down", "--directory", place.directory)
