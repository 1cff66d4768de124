"""A flood of requests that are wrong, at real nodes: whoever is right is served as long as it lasts, and its memory stays bounded."""

from __future__ import annotations

import http.client
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from tests.auth.sessions import SIGNING
from tests.e2e.conftest import Place
from tests.e2e.test_contract_wallets import CONTRACT, LOOP, become, by_contract
from tests.e2e.test_replay import ask_all, signed_for

RIGHT, WRONG = 20, 10
"""Requests that are right, and how many wrong ones there are at least for each of them."""
FLOODERS = 4
"""Connections to each node that ask as fast as they are answered."""
GROWTH = 64 * 1024 * 1024
"""Bytes that a node may have more after the flood than before."""


@pytest.fixture(scope="module")
def key(place: Place) -> dict[str, Any]:
    minted: dict[str, Any] = place.run("key", "mint", "--as", 1)
    return minted


class Flood:
    """Threads that ask one node after the other, each time by another contract wallet's word, which costs a call that never ends well."""

    def __init__(self, status: dict[str, Any], key: dict[str, Any]) -> None:
        self.answers: Counter[int] = Counter()
        self._status, self._key, self._over = status, key, threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        urls = [node["url"] for node in self._status["nodes"] for _ in range(FLOODERS)]
        threads = [threading.Thread(target=self._ask, args=(url,)) for url in urls]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _ask(self, url: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        auth_sig = by_contract("http://localhost")
        while not self._over.is_set():
            body = {"toSign": [9] * 32, "pubkey": self._key["public_key"], "authSig": auth_sig | {"sig": "0x" + secrets.token_hex(32)}}
            headers = {"Content-Type": "application/json", "X-Request-Id": f"lit_{secrets.token_hex(8)}"}
            connection.request("POST", "/web/pkp/sign", msgspec.json.encode(body), headers)
            answer = connection.getresponse()
            answer.read()
            self.answers[answer.status] += 1
        connection.close()


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_a_flood_that_is_wrong_leaves_those_who_are_right_alone(status: dict[str, Any], key: dict[str, Any]) -> None:
    assert by_contract("http://localhost")["address"] == CONTRACT
    become(status, LOOP)
    urls = [node["url"] for node in status["nodes"]]
    auth_sigs = [signed_for(url, status, rights=SIGNING) for url in urls]
    before = [resident(node["pid"]) for node in status["nodes"]]
    flood, served = Flood(status, key), 0
    with flood.running():
        for number in range(RIGHT):
            answers = ask_all(urls, auth_sigs, {"toSign": [number] * 32, "pubkey": key["public_key"]})
            served += {code for code, _ in answers} == {200}
        while sum(flood.answers.values()) < RIGHT * WRONG * len(urls):
            time.sleep(0.05)
    assert served >= RIGHT * 0.9
    assert set(flood.answers) <= {400, 401, 429}
    assert flood.answers[400] > flood.answers[401], "most were refused before anything was asked for them"
    for node, size in zip(status["nodes"], before, strict=True):
        assert resident(node["pid"]) < size + GROWTH
