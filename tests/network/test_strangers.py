"""What comes to a node's ports from outside, and a second copy of a node, never end or corrupt the network."""

from __future__ import annotations

import secrets
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from tests.network.city import SEATS, City, until

COPIED = 4


def peer_port(city: City, seat: int) -> int:
    return city.network.plan.node(seat).peer_port


def http_port(city: City, seat: int) -> int:
    return city.network.plan.node(seat).port


def throw(port: int, data: bytes) -> None:
    """Send bytes to a port and take whatever comes back, until the node hangs up or says nothing for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.settimeout(0.5)
        try:
            sock.sendall(data)
            while sock.recv(65536):
                pass
        except (TimeoutError, OSError):
            return


def client_hello() -> bytes:
    context = ssl.create_default_context()
    out = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="node")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def test_garbage_on_any_port_leaves_every_node_alive_and_signing(city: City) -> None:
    before = city.pids()
    rubbish = [
        b"",
        b"\0" * 70_000,
        secrets.token_bytes(70_000),
        b"GET /health HTTP/1.1\r\n\r\n",
        client_hello(),
        b"votive\x01\x02\xff\xff" + secrets.token_bytes(4_000),
        b"votive\x01\x02\x01\x40" + secrets.token_bytes(320),
        b"POST /web/pkp/sign HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n{",
    ]
    for seat in SEATS:
        for data in rubbish:
            throw(peer_port(city, seat), data)
            throw(http_port(city, seat), data)
    assert city.pids() == before
    assert city.is_whole()
    assert city.sign().signature.verify()


def test_a_crowd_that_says_nothing_keeps_no_peer_out(city: City) -> None:
    crowd = [socket.create_connection(("127.0.0.1", peer_port(city, 1)), timeout=5) for _ in range(200)]
    try:
        city.kill(2)
        city.start(2)
        until(city.is_whole, "the restarted node reaches the crowded one")
    finally:
        for stranger in crowd:
            stranger.close()


def test_a_second_copy_of_a_node_raises_an_alarm_and_the_others_sign_on(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(city.network.directory / f"node-{COPIED}", folder)
    (folder / "process.json").unlink()
    configuration = (folder / "node.toml").read_text()
    for taken in (http_port(city, COPIED), peer_port(city, COPIED)):
        configuration = configuration.replace(f"port = {taken}", f"port = {free_port()}")
    (folder / "node.toml").write_text(configuration)
    alarm = f'votive_mesh{{name="alarms",peer="{COPIED}"}}'
    with (folder / "log").open("ab") as log:
        copy = subprocess.Popen([sys.executable, "-m", "votive.node", "--config", str(folder / "node.toml")], stdout=log, stderr=log)
        try:
            until(lambda: all(city.metric(seat, alarm) > 0 for seat in SEATS if seat != COPIED), "every other node raises the alarm")
            for _ in range(3):
                assert city.sign().signature.verify()
        finally:
            copy.kill()
            copy.wait()
    until(city.is_whole, "the original has its links and set-ups again", seconds=60)
    city.kill(1)
    assert city.sign().signature.verify()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
