"""A development network for tests: real node processes, four by default, a chain and an IPFS store, and what tests do to them."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coincurve

import votive
from votive.client import SignResult
from votive.devnet import Devnet, NodeState

SEATS = (1, 2, 3, 4)


@dataclass
class City:
    """One running network and a key that its first account owns."""

    network: Devnet
    keys: list[str] = field(default_factory=list)
    """Token ids, oldest first."""

    @classmethod
    def found(cls, directory: Path, nodes: int = len(SEATS)) -> City:
        """Start a new network and mint its first key."""
        city = cls(asyncio.run(Devnet.up(directory, nodes=nodes)))
        city.mint()
        return city

    @property
    def seats(self) -> list[int]:
        return [node.index for node in self.network.plan.nodes]

    @property
    def account(self) -> str:
        return self.network.accounts[0].private_key

    def restore(self) -> None:
        """Start whatever is down; returns once all nodes serve."""
        asyncio.run(Devnet.up(self.network.directory))

    def states(self) -> dict[int, NodeState]:
        return {node.index: node.state for node in asyncio.run(self.network.status()).nodes}

    def pids(self) -> dict[int, int | None]:
        return {seat: self.network.node_pid(seat) for seat in self.seats}

    def kill(self, *seats: int) -> None:
        """End nodes by SIGKILL and wait until they are gone."""
        for seat in seats:
            self.network.kill_node(seat, signal.SIGKILL)
        until(lambda: all(self.network.node_pid(seat) is None for seat in seats), "the killed nodes are gone")

    def start(self, seat: int) -> None:
        """Start one node and wait until it serves."""
        asyncio.run(self.network.start_node(seat))

    def mint(self) -> str:
        """Mint a key and return its token id."""
        self.keys.append(asyncio.run(self._with_client(lambda client: client.mint(account=self.account))).token_id)
        return self.keys[-1]

    def sign(self, token: str | None = None) -> SignResult:
        """Sign a fresh digest, by default with the first key, and check the signature with another library."""
        digest = secrets.token_bytes(32)
        wanted = self.keys[0] if token is None else token
        result: SignResult = asyncio.run(self._with_client(lambda client: client.sign(wanted, digest, account=self.account)))
        check(result, digest)
        return result

    def health(self, seat: int) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.network.node_url(seat)}/health", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def metric(self, seat: int, line: str) -> float:
        """The value of one line of a node's metrics, 0 where it is not there."""
        with urllib.request.urlopen(f"{self.network.node_url(seat)}/metrics", timeout=5) as answer:
            values = dict(row.rsplit(" ", 1) for row in answer.read().decode().splitlines() if not row.startswith("#"))
        return float(values.get(line, 0.0))

    def is_whole(self) -> bool:
        """Whether every node has a link and a set-up with every other."""
        return all(peer["pair"] for seat in self.seats for peer in self.health(seat)["peers"])

    def stock(self) -> int:
        """Unminted keys, as node 1 sees them."""
        return int(self.health(1)["keys"]["unminted"])

    @contextmanager
    def signing(self, workers: int = 3) -> Iterator[list[BaseException]]:
        """Sign all the time, in so many threads, while the body runs; what went wrong is in the list afterwards."""
        ended, failures = threading.Event(), []

        def work() -> None:
            while not ended.is_set():
                try:
                    self.sign()
                except Exception as error:  # noqa: BLE001  # the test looks at each
                    failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        try:
            yield failures
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    async def _with_client(self, act: Callable[[Any], Any]) -> Any:
        async with votive.connect([self.network.node_url(seat) for seat in self.seats]) as client:
            return await act(client)


def check(result: SignResult, digest: bytes) -> None:
    """The signature is by the key, over the digest, with low s: according to libsecp256k1."""
    signature = result.signature
    r, s = int(signature.r, 16), int(signature.s, 16)
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([signature.v - 27])
    recovered = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    assert "0x" + recovered.format(compressed=False).hex() == signature.public_key
    assert s <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def until(holds: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until ``holds()``; fail after ``seconds``, saying what did not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
