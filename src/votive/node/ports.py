"""Listening sockets, taken before anything else starts, with a clear word on who has a port already."""

from __future__ import annotations

import errno
import socket
import time
from pathlib import Path
from typing import Any

from votive.node.failure import ExitStatus, StartFailure

GHOST_SECONDS = 2.0
"""A process that was killed may hold its ports for a moment after it can no longer be seen."""
LISTEN = "0A"
"""State of a listening socket in proc_pid_net_tcp(5)."""


def listen(host: str, port: int, field: str) -> socket.socket:
    """Return a socket that listens on ``host``:``port``; StartFailure names ``field`` and, where it can, the process that has it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise StartFailure.configuration(f"{field}: {host!r} is not an address of this machine ({error.strerror}).") from error
    until = time.monotonic() + GHOST_SECONDS
    while True:
        try:
            return bound(family, kind, protocol, address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or owner_of(port) is not None or time.monotonic() > until:
                raise explain(error, host, port, field) from error
            time.sleep(0.1)


def bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    """Return a socket that listens on ``address``."""
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def explain(error: OSError, host: str, port: int, field: str) -> StartFailure:
    """Turn a failed bind into one sentence of help."""
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(port)
        who = f" by {owner}" if owner else ""
        return StartFailure(f"port {port} is in use{who}. Stop that process, or give {field} another port.", ExitStatus.PORT_IN_USE)
    return StartFailure.configuration(f"{field}: cannot listen on {host}:{port}: {error.strerror}. Correct host and port.")


def owner_of(port: int) -> str | None:
    """Name the process that listens on ``port`` (Linux; None where it cannot be seen)."""
    inodes = listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        if inodes and inodes & socket_inodes(process):
            return f"process {process.name} ({process_name(process)})"
    return None


def listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets that listen on ``port``, from /proc/net/tcp and tcp6."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def socket_inodes(process: Path) -> set[str]:
    """Inodes of all sockets a process has open; empty where we may not look."""
    inodes = set()
    try:
        for descriptor in (process / "fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    except OSError:
        return set()
    return inodes


def process_name(process: Path) -> str:
    """The command's name, as the kernel keeps it."""
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "ended meanwhile"
