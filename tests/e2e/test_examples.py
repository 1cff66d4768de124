"""The examples do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import ROOT, Place

EXAMPLE = sys.executable, ROOT / "examples" / "prime.py"
API_KEY = "sk-51a7-example"
WEATHER = sys.executable, ROOT / "examples" / "weather.py"


@pytest.mark.parametrize("example", ["prime", "sign_in", "weather"])
def test_the_python_examples_say_what_they_need(example: str) -> None:
    command = sys.executable, ROOT / "examples" / f"{example}.py"
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"python examples/{example}.py http://" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_python_example_runs(status: dict[str, Any]) -> None:
    command = [*EXAMPLE, status["nodes"][0]["url"], status["accounts"][3]["private_key"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "7917 is not prime" in done.stdout
    assert "Proven: " in done.stdout


def test_an_action_uses_an_api_key_that_nobody_can_read(status: dict[str, Any], place: Place, fetchable: int) -> None:
    """The plaintext goes to the run and nowhere else: not to the caller, not to a log (B19)."""
    command = [*WEATHER, status["nodes"][0]["url"], status["accounts"][7]["private_key"], str(fetchable)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[0].startswith("the API key, for nobody but Qm")
    assert told[1].startswith("its owner asks: the access control conditions do not hold")
    assert told[2].startswith("Lissabon: 21.5 °C, signed by 0x")
    assert told[3].startswith("a changed program asks: the access control conditions do not hold")
    assert API_KEY not in done.stdout
    logs = [path for path in place.directory.rglob("log") if path.is_file()]
    assert len(logs) >= 6
    assert all(API_KEY not in path.read_text(errors="replace") for path in logs)


def test_somebody_without_a_wallet_signs_in(status: dict[str, Any], tmp_path: Path) -> None:
    words = [status["nodes"][0]["url"], status["accounts"][6]["private_key"], status["issuer"]["url"]]
    command, own = [sys.executable, ROOT / "examples" / "sign_in.py", *words], os.environ | {"XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=own)
    assert done.returncode == 0, done.stderr
    made, ann, eve = done.stdout.splitlines()
    assert made.endswith("ann of my-app may use it")
    assert ann.startswith("ann: 0x")
    assert "eve:my-app permitted: no" in eve
