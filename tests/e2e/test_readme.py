"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.conftest import ROOT, Place, votive_here

README = (ROOT / "README.md").read_text()
CID_COMMAND = "$(votive action cid examples/prime.js)"


@pytest.fixture
def checkout(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of the project in which ``votive up`` was run."""
    (tmp_path / ".votive").symlink_to(place.directory)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_runs_and_proves_what_it_says(checkout: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Proven: only the action ")


def test_the_commands_run_one_after_the_other(checkout: Path) -> None:
    mint, run, verify = re.findall(r"^\$ votive ((?:key|action|verify).*?)(?:  +#.*)?$", README, re.MULTILINE)
    minted = said(mint.replace(CID_COMMAND, said("action cid examples/prime.js").strip()))
    key = dict(re.findall(r"^(\w+) +(\S+)$", minted, re.MULTILINE))
    assert "prime" in said(run.replace("PUBLIC_KEY", key["public_key"]))
    assert said(verify).startswith("Proven")
    assert (checkout / "prime.json").is_file()


def said(command: str, status: int = 0) -> str:
    """What a command prints, which must end with ``status``."""
    done = votive_here(*shlex.split(command))
    assert done.returncode == status, done.stderr
    return done.stdout
