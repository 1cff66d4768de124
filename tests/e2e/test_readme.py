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


def commands(section: str) -> list[str]:
    """The commands of Votive's in a section, without their comments."""
    text = README.split(f"## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\$ votive (.*?)(?:  +#.*)?$", text, re.MULTILINE)


def test_the_commands_run_one_after_the_other(checkout: Path) -> None:
    up, mint, run, verify = commands("A first action")
    assert up == "up"
    minted = said(mint.replace(CID_COMMAND, said("action cid examples/prime.js").strip()))
    key = dict(re.findall(r"^(\w+) +(\S+)$", minted, re.MULTILINE))
    assert "prime" in said(run.replace("PUBLIC_KEY", key["public_key"]))
    assert said(verify).startswith("Proven")
    assert (checkout / "prime.json").is_file()


def test_what_is_encrypted_is_decrypted(checkout: Path) -> None:
    (checkout / "report.txt").write_text("the quarter went well\n")
    encrypt, decrypt, for_a_program, why = commands("Encrypt to conditions")
    assert said(encrypt).startswith("balance(yellowstone) >= 1 ether\n")
    assert "decrypted by nodes" in said(decrypt)
    assert (checkout / "copy.txt").read_text() == "the quarter went well\n"
    program = "$(votive action cid examples/weather.js)"
    assert program in for_a_program
    said(for_a_program.replace(program, said("action cid examples/weather.js").strip()))
    assert "do not hold" in votive_here("decrypt", "secret.json", "--out", "never").stderr
    key = dict(re.findall(r"^(\w+) +(\S+)$", said("key mint --as 5"), re.MULTILINE))
    assert said(why.replace("TOKEN_ID", key["token_id"])).startswith("Permitted, as of block ")


def said(command: str, status: int = 0) -> str:
    """What a command prints, which must end with ``status``."""
    done = votive_here(*shlex.split(command))
    assert done.returncode == status, done.stderr
    return done.stdout
