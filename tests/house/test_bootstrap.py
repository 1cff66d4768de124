"""What ``make setup`` says when it does not come to its end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTIBLE = (
    "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); runpy.run_path(sys.argv[1], run_name='__main__')"
)
"""A shell's background jobs ignore interrupts; these tests may run in one."""


def test_an_interrupted_setup_says_in_one_line_what_to_do(tmp_path: Path) -> None:
    script, cargo, begun = tmp_path / "tools" / "bootstrap.py", tmp_path / "cargo", tmp_path / "begun"
    script.parent.mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.py", script)
    cargo.write_text(f"#!/bin/sh\n: > '{begun}'\nexec sleep 60\n")
    cargo.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    setup = subprocess.Popen([sys.executable, "-c", INTERRUPTIBLE, str(script)], env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    setup.send_signal(signal.SIGINT)
    said = setup.communicate(timeout=20)[1]
    assert said.strip() == "votive: the set-up was interrupted. The same command again goes on with it."
    assert setup.returncode == 130
