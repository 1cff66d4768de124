"""Starts one sandboxed process and names the layers that hold it.

A layer of the operating system that must be entered before ``exec`` (namespaces, Landlock, seccomp) comes in as a ``Layer``: a name
for the status and the words that go before Deno's command. What can be set from outside is set in ``limits``.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import msgspec

from votive.action.child import Child
from votive.action.errors import SandboxUnavailable
from votive.action.limits import LAYER as RLIMITS
from votive.action.program import import_map, main_module

_MIB = 1024 * 1024
_NO_CACHES = "/dev/null/deno"
"""A directory that cannot be made: Deno then keeps its caches in memory, and whatever else it would store, nowhere."""


class Layer(msgspec.Struct, frozen=True):
    """One layer of the operating system around a process."""

    name: str
    command: tuple[str, ...] = ()
    """What goes before Deno's own command: an executable that locks itself down and then runs the rest."""


NOT_YET = ("namespaces", "landlock", "seccomp")
"""Layers that this version does not have; a node's status says so."""


class Launcher:
    """Knows Deno, the flags, and the directory where the processes of one pool live."""

    def __init__(self, *, memory_bytes: int, deno: Path | None = None, layers: tuple[Layer, ...] = (), place: Path | None = None) -> None:
        """``place`` is where the pool's directory is made: a folder of this pool alone, or None for the system's temporary one."""
        self._place = place
        self._deno = deno or find_deno()
        self._memory = memory_bytes
        self._os_layers = layers
        self._home: tempfile.TemporaryDirectory[str] | None = None

    def open(self) -> None:
        """Write the programs where the processes read them, after removing what a killed host left in our place."""
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home = tempfile.TemporaryDirectory(prefix="votive-action-", dir=self._place)
        for name, ethers in (("bare.mjs", False), ("ethers.mjs", True)):
            self._path(name).write_text(main_module(ethers=ethers), "utf-8")
        self._path("imports.json").write_text(import_map(), "utf-8")

    def close(self) -> None:
        """Remove the pool's directory."""
        if self._home is not None:
            self._home.cleanup()
            self._home = None

    def layers(self) -> tuple[str, ...]:
        """Name the layers in force."""
        return ("process-per-run", "deno-no-permissions", "empty-environment", RLIMITS, *(layer.name for layer in self._os_layers))

    def missing_layers(self) -> tuple[str, ...]:
        """Name the layers that the design asks for and that are not in force."""
        return tuple(name for name in NOT_YET if name not in {layer.name for layer in self._os_layers})

    async def start(self, *, ethers: bool) -> Child:
        """Start a process and wait until it is ready for its one job; SandboxUnavailable if it does not get there."""
        spawning = asyncio.create_task(asyncio.to_thread(self._spawn, ethers))
        try:
            child = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            await (await spawning).close()
            raise
        await child.open()
        return child

    def _path(self, name: str) -> Path:
        if self._home is None:
            raise SandboxUnavailable("The pool of sandboxed processes is not open; use `async with`.")
        return Path(self._home.name) / name

    def _spawn(self, ethers: bool) -> Child:
        """Start Deno in a session of its own, with three pipes, nothing else open and an environment made for it."""
        command = [word for layer in self._os_layers for word in layer.command]
        scratch = Path(tempfile.mkdtemp(prefix="run-", dir=self._path(".")))
        try:
            process = subprocess.Popen(  # noqa: S603  # every word is ours
                [*command, str(self._deno), *self._arguments(ethers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=_environment(scratch),
                cwd=scratch,
                close_fds=True,
                start_new_session=True,
            )
        except OSError as error:
            scratch.rmdir()
            raise SandboxUnavailable(f"Deno could not be started from {self._deno}: {error}. Install the `deno` package.") from error
        return Child(process, scratch, ethers=ethers)

    def _arguments(self, ethers: bool) -> tuple[str, ...]:
        heap = max(16, self._memory // _MIB)
        return (
            "run",
            "--quiet",
            "--no-prompt",
            "--no-remote",
            "--no-npm",
            "--cached-only",
            "--no-config",
            "--no-lock",
            "--no-code-cache",
            f"--import-map={self._path('imports.json')}",
            f"--v8-flags=--disallow-code-generation-from-strings,--max-old-space-size={heap}",
            str(self._path("ethers.mjs" if ethers else "bare.mjs")),
        )


def find_deno() -> Path:
    """Return the Deno binary of this Python environment, else the one on the path; SandboxUnavailable if there is none."""
    for directory in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        found = directory / "deno"
        if found.is_file():
            return found
    on_path = shutil.which("deno")
    if on_path is None:
        raise SandboxUnavailable("Deno is not installed, and actions run in it. Install it with `pip install 'votive[node]'`.")
    return Path(on_path)


def _environment(scratch: Path) -> dict[str, str]:
    """Return all that a process sees of an environment: a directory of its own, none for Deno's caches, UTC, and no colours."""
    home = str(scratch)
    own = {"HOME": home, "TMPDIR": home, "DENO_DIR": _NO_CACHES}
    return own | {"TZ": "UTC", "LANG": "C.UTF-8", "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1"}
