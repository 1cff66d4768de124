"""What concerns the whole process: hardening, and the passphrase at a terminal. Each in a process of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

HARDENED = """
import ctypes, resource
from votive.core import harden_process
harden_process()
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
print("hardened")
"""

PROMPTED = """
from votive.core import Vault
one = Vault.from_passphrase_prompt("Passphrase: ", b"s" * 16)
import os
os.environ["V"] = "correct horse battery"
assert Vault.from_passphrase_env("V", b"s" * 16).open(b"", one.seal(b"", b"value")) == b"value"
print("opened")
"""

DAEMON = """
import os
os.setsid()
from votive.core import KeyFileError, Vault
try:
    Vault.from_passphrase_prompt("Passphrase: ", b"s" * 16)
except KeyFileError as error:
    print(error)
"""

PANIC = """
import sys
from votive.core import DkgParty, SealingKey
party = DkgParty(context=bytes(32), seat=1, seats=[1, 2], threshold=2, count=1, sealing=SealingKey.generate(),
                 peer_keys={2: SealingKey.generate().public_key})
for hostile in ({}, {2: b""}, {1: b""}, {2: b"", 3: b""}, {-1: b""}, {"x": b""}, {2: 5}, 7):
    try:
        party.deal(hostile, hostile)
    except Exception as error:
        print(type(error).__name__)
"""


def run(program: str) -> str:
    """Run a program in a fresh interpreter; its standard output."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert "panic" not in done.stderr
    return done.stdout


def test_a_hardened_process_leaves_no_core_and_cannot_be_read_by_its_user() -> None:
    assert run(HARDENED) == "hardened\n"


def test_a_passphrase_is_asked_at_the_terminal_and_not_echoed(tmp_path: Path) -> None:
    script = tmp_path / "prompted.py"
    script.write_text(PROMPTED)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, str(script)])
    shown = b""
    while b"Passphrase: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"correct horse battery\n")
    try:
        while chunk := os.read(terminal, 1024):
            shown += chunk
    except OSError:
        # Linux ends a terminal whose other side is closed with EIO.
        pass
    os.close(terminal)
    assert os.waitpid(child, 0)[1] == 0, shown
    assert b"opened" in shown
    assert b"horse" not in shown


def test_without_a_terminal_the_prompt_says_so() -> None:
    assert "no terminal" in run(DAEMON)


def test_arguments_of_the_wrong_shape_raise_and_never_panic() -> None:
    assert "PanicException" not in run(PANIC)
