"""Ports of this machine: chosen once, kept for ever (they are on chain), and never shared."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from pathlib import Path

from votive.devnet.errors import DevnetError, PortInUse

FIRST, LAST = 20000, 32000
"""Below the ports that Linux gives to outgoing connections (32768 and up), so that none of these takes ours while we are down."""
HOST = "127.0.0.1"
TCP_LISTEN = "0A"


def choose(count: int) -> int:
    """Return the first of ``count`` free ports in a row, anywhere between ``FIRST`` and ``LAST``."""
    for _ in range(200):
        base = random.randrange(FIRST, LAST - count)  # noqa: S311  # spreads networks, keeps nothing secret
        if not taken(range(base, base + count)):
            return base
    raise DevnetError(
        f"there are no {count} free ports in a row between {FIRST} and {LAST}. End other networks, or name a base with --port."
    )


def require_valid(ports: range) -> None:
    """Check that all ``ports`` are ports an ordinary user may listen on; DevnetError if not."""
    if ports.start < 1024 or ports.stop > 65536:
        raise DevnetError(f"--port {ports.start}: the network needs {len(ports)} ports in a row, within 1024 to 65535.")


def require_free(ports: Iterable[int]) -> None:
    """Check that all ``ports`` are free.

    Raises:
        PortInUse: one is not; the message names the process that has it, if the system tells.
    """
    in_use = taken(ports)
    if in_use:
        port = in_use[0]
        raise PortInUse(
            f"port {port} of {HOST} is in use by {holder(port)}. End that process, or choose other ports with --port in a new directory."
        )


def taken(ports: Iterable[int]) -> list[int]:
    """Return those of ``ports`` that cannot be listened on."""
    return [port for port in ports if not _free(port)]


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports whose last connections still linger are free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Name the process that listens on ``port``."""
    inodes = {fields[9] for fields in _sockets() if fields[3] == TCP_LISTEN and int(fields[1].rpartition(":")[2], 16) == port}
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & _socket_inodes(process):
            return f"process {process.name} ({_command(process)})"
    return "a process that this user cannot see"


def _sockets() -> list[list[str]]:
    """Return the lines of the kernel's TCP tables, split (proc_net_tcp(5))."""
    tables = [table for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if table.exists()]
    return [line.split() for table in tables for line in table.read_text().splitlines()[1:]]


def _socket_inodes(process: Path) -> set[str]:
    try:
        targets = [_target(link) for link in (process / "fd").iterdir()]
    except OSError:
        return set()  # not ours to look at, or gone meanwhile
    return {target.removeprefix("socket:[").removesuffix("]") for target in targets if target.startswith("socket:[")}


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # closed meanwhile


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[:120]
    except OSError:
        return "ended meanwhile"
