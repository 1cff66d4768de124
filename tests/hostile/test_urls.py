"""Every way to write a private address: none reaches a listener on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from votive.action import FetchFailed, FetchPolicy, FetchRefused, Pool, SafeFetch, Warm
from votive.action.fetch import FetchRequest
from votive.terms.action import ActionLimits

from .conftest import AUTH

CORPUS = (Path(__file__).parent / "urls.txt").read_text("utf-8").split()


class Canary:
    """Listens on every address of this machine and counts who comes."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        first = await asyncio.start_server(self._visited, "0.0.0.0", 0)
        self.port = first.sockets[0].getsockname()[1]
        self._servers = [first]
        if socket.has_ipv6:
            self._servers.append(await asyncio.start_server(self._visited, "::1", self.port))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    canary = Canary()
    await canary.open()
    yield canary
    await canary.close()


async def test_the_canary_sings_when_it_is_visited(canary):
    _, writer = await asyncio.open_connection("127.0.0.1", canary.port)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.05)
    assert canary.visits == 1


@pytest.mark.parametrize("url", CORPUS)
async def test_the_node_reaches_nothing_private_however_it_is_written(canary, url):
    with pytest.raises((FetchRefused, FetchFailed)):
        await SafeFetch(FetchPolicy(timeout_seconds=2)).fetch(
            FetchRequest(url=url.replace("{port}", str(canary.port))), b"", most=1000, count=lambda: None
        )
    await asyncio.sleep(0.01)
    assert canary.visits == 0


async def test_an_action_reaches_nothing_private_however_it_is_written(canary, host):
    """The same through JavaScript, whose URL parser reads some of them in another way."""
    urls = [url.replace("{port}", str(canary.port)) for url in CORPUS]
    source = b"""(async () => {
        let n = 0;
        for (const url of urls) await fetch(url).then(() => n++, () => {});
        Lit.Actions.setResponse({response: String(n)});
    })()"""
    async with Pool(ActionLimits(fetches=100), warm=Warm(bare=0, ethers=0), fetch=FetchPolicy(timeout_seconds=1)) as pool:
        assert (await pool.run(source, {"urls": urls}, AUTH, host)).response == "0"
    assert canary.visits == 0


async def test_an_opened_target_opens_no_other_way_to_this_machine(canary):
    fetcher = SafeFetch(FetchPolicy(allow=(f"127.0.0.1:{canary.port}",), timeout_seconds=2))
    for url in CORPUS:
        if "127.0.0.2" in url or "[::1]" in url or "0.0.0.0" in url or "[::]" in url:
            with pytest.raises((FetchRefused, FetchFailed)):
                await fetcher.fetch(FetchRequest(url=url.replace("{port}", str(canary.port))), b"", most=1000, count=lambda: None)
    assert canary.visits == 0


def test_the_corpus_is_large_enough_and_says_nothing_twice():
    assert len(CORPUS) == len(set(CORPUS)) >= 60
