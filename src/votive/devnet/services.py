"""The processes of a network: what each is called, how it is started, and when it serves."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from votive.devnet.plan import CHAIN_ID, Plan
from votive.devnet.ports import HOST
from votive.devnet.processes import LOG, Process, recorded, start

ACCOUNTS = 10
STATE_INTERVAL = 1
"""Seconds between the chain's copies to disk: what a SIGKILL can lose. An idle chain costs 0.1 % of a core with it."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a network: a folder for its log and record, and its ports."""

    name: str
    folder: Path
    ports: tuple[int, ...]
    command: tuple[str, ...]

    @property
    def log(self) -> Path:
        """The file that its output is appended to."""
        return self.folder / LOG

    def process(self) -> Process | None:
        """Return its process, if it runs."""
        return recorded(self.folder)

    def start(self) -> Process:
        """Start it."""
        return start(self.command, self.folder, environment())


def chain(directory: Path, port: int, anvil: Path) -> Service:
    """The development chain: a block for each transaction, none without; its state is kept on disk."""
    folder = directory / "anvil"
    options = {
        "--host": HOST,
        "--port": port,
        "--chain-id": CHAIN_ID,
        "--accounts": ACCOUNTS,
        "--state": folder / "state.json",
        "--state-interval": STATE_INTERVAL,
    }
    words = [str(word) for option in options.items() for word in option]
    return Service(name="chain", folder=folder, ports=(port,), command=(str(anvil), "--quiet", *words))


def ipfs(directory: Path, port: int) -> Service:
    """The store of actions: a gateway to read from and Kubo's API to publish to."""
    folder = directory / "ipfs"
    command = (sys.executable, "-m", "votive.ipfs.server", "--directory", str(folder / "blocks"), "--host", HOST, "--port", str(port))
    return Service(name="ipfs", folder=folder, ports=(port,), command=command)


def issuer(directory: Path, port: int) -> Service:
    """The development issuer of identity tokens."""
    folder = directory / "issuer"
    command = (sys.executable, "-m", "votive.devnet.issuer", "--directory", str(folder / "keys"), "--host", HOST, "--port", str(port))
    return Service(name="issuer", folder=folder, ports=(port,), command=command)


def node(directory: Path, plan: Plan, seat: int) -> Service:
    """One node."""
    folder, planned = node_folder(directory, seat), plan.node(seat)
    command = (sys.executable, "-m", "votive.node", "--config", str(folder / "node.toml"))
    return Service(name=f"node {seat}", folder=folder, ports=(planned.port, planned.peer_port), command=command)


def node_folder(directory: Path, seat: int) -> Path:
    """Where the node in ``seat`` keeps everything."""
    return directory / f"node-{seat}"


def environment() -> Mapping[str, str]:
    """Our environment without settings of Votive's own: they belong to whoever runs one node, not to a whole network."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VOTIVE_")}
