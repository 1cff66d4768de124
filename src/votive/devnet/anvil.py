"""Finding anvil, the development chain, or installing it without Node.js.

In this order: the path in ``VOTIVE_ANVIL``, ``anvil`` on PATH, the copy in the cache, and at last its npm package through the Deno that
Votive depends on anyway. What is installed must have the hash written here.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from votive.devnet.errors import AnvilMissing
from votive.devnet.progress import Progress, Report, silent

VERSION = "1.7.1"
VARIABLE = "VOTIVE_ANVIL"
INSTALL_SECONDS = 300
ADVICE = f"Install Foundry (https://getfoundry.sh) so that `anvil` is on PATH, or put the path of an anvil {VERSION} into {VARIABLE}."


class Build(msgspec.Struct, frozen=True):
    """Anvil's npm package for one platform."""

    package: str
    sha256: str
    """Of the executable in it."""


BUILDS = {
    ("Linux", "x86_64"): Build("@foundry-rs/anvil-linux-amd64", "10c1c727d6c1de973aeb160e59875b9a9a23464d6e74149ee8abb30b3500311b"),
}
"""Platforms whose package was examined; on others anvil must be there already."""


def find(report: Report = silent) -> Path:
    """Return the path of an anvil executable, after installing one if need be.

    Raises:
        AnvilMissing: there is none and none can be installed; the message says how to get one.
    """
    if named := os.environ.get(VARIABLE):
        return _named(Path(named))
    if found := shutil.which("anvil"):
        return Path(found)
    cached = cache_path()
    if not cached.is_file():
        report(Progress(f"installing anvil {VERSION} (44 MB, once)"))
        install(cached)
    return cached


def cache_path() -> Path:
    """Where an installed anvil is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "votive" / f"anvil-{VERSION}" / "anvil"


def install(target: Path) -> None:
    """Download anvil's npm package through Deno, check its hash, and put the executable at ``target``.

    Raises:
        AnvilMissing: no package for this platform, no Deno, no network, or another hash.
    """
    build = BUILDS.get((platform.system(), platform.machine()))
    if build is None:
        raise AnvilMissing(
            f"anvil is not on this machine, and Votive installs it only on Linux x86_64, not {platform.platform()}. {ADVICE}"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            executable = _download(build, Path(folder))
            _check(executable, build)
            executable.chmod(0o755)
            executable.replace(target)
    except OSError as error:
        raise AnvilMissing(f"anvil cannot be installed at {target}: {error}. {ADVICE}") from error


def _named(path: Path) -> Path:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise AnvilMissing(f"{VARIABLE} is {path}, which is no executable file. Correct it, or unset it to have anvil installed.")
    return path


def _download(build: Build, folder: Path) -> Path:
    """Let Deno install the package into ``folder``, with a cache of its own there; return the executable."""
    (folder / "package.json").write_text(json.dumps({"dependencies": {build.package: VERSION}}))
    environment = {**os.environ, "DENO_DIR": str(folder / "deno"), "DENO_TLS_CA_STORE": "system", "NO_COLOR": "1"}
    command = [_deno(), "install", "--quiet", "--node-modules-dir=auto"]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise AnvilMissing(f"anvil is missing, and `{' '.join(command)}` did not end within {INSTALL_SECONDS} s. {ADVICE}") from error
    executable = folder / "node_modules" / build.package / "bin" / "anvil"
    if done.returncode != 0 or not executable.is_file():
        said = done.stderr.strip() or f"status {done.returncode}"
        raise AnvilMissing(f"anvil is missing, and installing npm:{build.package}@{VERSION} failed: {said}. {ADVICE}")
    return executable.resolve()


def _deno() -> str:
    try:
        import deno  # noqa: PLC0415  # an optional dependency

        return str(deno.find_deno_bin())
    except (ImportError, FileNotFoundError) as error:
        raise AnvilMissing(f"anvil is missing, and so is Deno, which would install it (pip install 'votive[node]'). {ADVICE}") from error


def _check(executable: Path, build: Build) -> None:
    found = hashlib.sha256(executable.read_bytes()).hexdigest()
    if found != build.sha256:
        raise AnvilMissing(
            f"npm:{build.package}@{VERSION} holds an anvil with SHA-256 {found}, not {build.sha256}. It was not installed. {ADVICE}"
        )
