"""The examples do what they say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.e2e.conftest import ROOT

EXAMPLE = sys.executable, ROOT / "examples" / "prime.py"


def test_the_python_example_says_what_it_needs() -> None:
    done = subprocess.run(EXAMPLE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "python examples/prime.py http://" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_python_example_runs(status: dict[str, Any]) -> None:
    command = [*EXAMPLE, status["nodes"][0]["url"], status["accounts"][3]["private_key"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "7917 is not prime" in done.stdout
    assert "Proven: " in done.stdout
