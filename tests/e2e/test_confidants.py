"""Decryption while nodes are dead or lie: real processes, real shares (A28, B17). Each network is this file's own, since it is harmed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.e2e.conftest import Place, votive

import votive as sdk

SECRET = b"what few may read\n"
EVERYBODY = "balance(yellowstone) >= 0"


@contextmanager
def network(directory: Path, nodes: int) -> Iterator[Place]:
    place = Place(directory)
    try:
        place.run("up", "--nodes", nodes)
        yield place
    finally:
        votive("down", "--directory", directory)


def kill(place: Place, seat: int) -> int:
    """End a node's process with SIGKILL; returns the port it leaves."""
    node = place.run("status")["nodes"][seat - 1]
    os.kill(node["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while place.run("status")["nodes"][seat - 1]["state"] != "down":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(node["url"].rpartition(":")[2])


@contextmanager
def liar(port: int, share: bytes) -> Iterator[list[str]]:
    """A process in a dead node's place that gives a false share and false verification shares; tells what it was asked."""
    asked: list[str] = []

    class Liar(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer({"result": "success", "signatureShare": {"ProofOfPossession": share.hex()}, "shareIndex": share[0]})

        def do_GET(self) -> None:
            asked.append(self.path)
            self.answer({"keys": {"encryption": {"public_key": "0x00", "verification_shares": {"1": "0x00"}}, "session": None}})

        def answer(self, body: Any) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Liar) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield asked
        server.shutdown()


def stolen_share(place: Place, sealed: sdk.client.Encrypted, seat: int) -> bytes:
    """A true share of another identity, relabelled: well formed in every way, and wrong."""
    captured: list[bytes] = []
    status = place.run("status")
    with sdk.connect_blocking(status["nodes"][0]["url"]) as network:
        real = network.network._unlock

        async def spying(encrypted: Any, asker: Any) -> Any:
            asked, gathered, key = await real(encrypted, asker)
            captured.extend(bytes.fromhex(answer.body["signatureShare"]["ProofOfPossession"]) for answer in asked.answers if answer.ok)
            return asked, gathered, key

        network.network._unlock = spying  # type: ignore[method-assign]
        network.decrypt(sealed, account=status["accounts"][1]["private_key"])
    return bytes([seat]) + captured[0][1:]


def test_one_node_that_lies_and_one_that_is_dead_stop_nothing(tmp_path: Path) -> None:
    """Five of seven must contribute, five are honest: whichever answers come first, the result is right and the liar is named."""
    with network(tmp_path / "seven", 7) as place:
        status = place.run("status")
        account, url = status["accounts"][2]["private_key"], status["nodes"][0]["url"]
        with sdk.connect_blocking(url) as client:
            other, sealed = client.encrypt(b"another", EVERYBODY), client.encrypt(SECRET, EVERYBODY)
            false = stolen_share(place, other, seat=3)
            kill(place, 6)
            with liar(kill(place, 3), false) as asked:
                results = [client.decrypt(sealed, account=account) for _ in range(10)]
                while "/votive/network" not in asked and len(results) < 100:  # an honest node's answer may end the question to it unread
                    results.append(client.decrypt(sealed, account=account))
        assert {result.data for result in results} == {SECRET}
        assert all(result.nodes == (1, 2, 4, 5, 7) for result in results)
        named = [fault for result in results for fault in result.faults]
        assert {(fault.seat, fault.reason) for fault in named} <= {(3, "its share does not verify")}
        assert named  # it answers at once, before honest nodes have read the chain
        assert "/web/encryption/sign" in asked
        assert "/votive/network" in asked


def test_two_dead_of_four_are_a_clear_error_and_encryption_needs_none(tmp_path: Path) -> None:
    with network(tmp_path / "four", 4) as place:
        source, sealed, out = tmp_path / "secret", tmp_path / "sealed.json", tmp_path / "opened"
        source.write_bytes(SECRET)
        place.run("encrypt", source, "--condition", EVERYBODY, "--out", sealed)
        kill(place, 4)
        place.run("decrypt", sealed, "--out", out, "--as", 1)
        assert out.read_bytes() == SECRET

        kill(place, 2)
        error = place.refused("decrypt", sealed, "--out", tmp_path / "never", "--as", 1)
        assert error["errorCode"] == "NodeNotEnoughNodes"
        assert "3 of 4 nodes must contribute, and 2 usable shares came" in error["message"]
        assert "node 2: " in error["message"]
        assert "node 4: " in error["message"]
        assert error["details"][0]["usable"] == [1, 3]
        assert not (tmp_path / "never").exists()

        kill(place, 1)
        kill(place, 3)
        place.run("encrypt", source, "--condition", EVERYBODY, "--out", tmp_path / "alone.json")

        place.run("up")
        for file in (sealed, tmp_path / "alone.json"):
            place.run("decrypt", file, "--out", out, "--as", 1)
            assert out.read_bytes() == SECRET
