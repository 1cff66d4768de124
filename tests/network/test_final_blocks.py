"""Real nodes on a chain whose newest blocks are not final, and nodes whose providers lie: rights begin and end at final blocks."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import signal
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.chain.town import Twist, a_proxy
from tests.network.city import SEATS, City, check, until

import votive
from votive.client import Refused
from votive.devnet import Devnet

CONFIRMATIONS = 2


def on_chain(city: City, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(city.network.plan.rpc_url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as response:
        answer = json.load(response)
    assert "error" not in answer, answer
    return answer["result"]


def mine(city: City, blocks: int = 1) -> None:
    on_chain(city, "anvil_mine", hex(blocks))


def reconfigure(city: City, seat: int, field: str, value: str) -> None:
    """Replace a line of ``[chain]`` in a node's configuration."""
    file = next(city.network.directory.glob(f"**/node*{seat}/node.toml"))
    text, count = re.subn(rf"(?m)^{field} = .*$", f"{field} = {value}", file.read_text())
    assert count == 1, file
    file.write_text(text)


async def restart(city: City, seat: int) -> None:
    city.network.kill_node(seat, signal.SIGKILL)
    while city.network.node_pid(seat) is not None:
        await asyncio.sleep(0.05)
    await city.network.start_node(seat)


@pytest.fixture(scope="module")
def confirmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A network that calls a block final when two others are on top of it."""
    city = City.found(tmp_path_factory.mktemp("final") / "city")
    try:
        mine(city, 2 * CONFIRMATIONS)
        city.kill(*SEATS)
        for seat in SEATS:
            reconfigure(city, seat, "finality", str(CONFIRMATIONS))
        asyncio.run(Devnet.up(city.network.directory))
        until(city.is_whole, "all pairs of nodes are set up")
        yield city
    finally:
        asyncio.run(city.network.down())


async def signs(city: City, account: int) -> bool:
    """Whether an account may sign with the city's key; if so the signature is good."""
    digest = secrets.token_bytes(32)
    async with votive.connect([city.network.node_url(seat) for seat in SEATS]) as client:
        try:
            check(await client.sign(city.keys[0], digest, account=city.network.accounts[account].private_key), digest)
        except Refused:
            return False
    return True


async def change(city: City, what: str, account: int) -> None:
    """Grant or revoke the use of the city's key, in one block that is not final."""
    async with votive.connect([city.network.node_url(seat) for seat in SEATS]) as client:
        act = getattr(client, what)
        await act(city.keys[0], address=city.network.accounts[account].address, account=city.account)


def test_the_city_is_where_this_test_looks_for_it(confirmed: City) -> None:
    files = sorted(confirmed.network.directory.glob("**/node.toml"))
    assert len(files) == len(SEATS)
    assert all(f"finality = {CONFIRMATIONS}" in Path(file).read_text() for file in files)


async def test_a_right_begins_and_ends_with_the_block_that_becomes_final(confirmed: City) -> None:
    assert await signs(confirmed, 0)
    assert not await signs(confirmed, 1)
    await change(confirmed, "grant", 1)
    for _ in range(CONFIRMATIONS):
        assert not await signs(confirmed, 1), "the grant is not final yet"
        mine(confirmed)
    assert await signs(confirmed, 1)
    await change(confirmed, "revoke", 1)
    for _ in range(CONFIRMATIONS):
        assert await signs(confirmed, 1), "the revocation is not final yet"
        mine(confirmed)
    assert not await signs(confirmed, 1)
    assert await signs(confirmed, 0)


@pytest.mark.parametrize("depth", [1, 2])
async def test_a_right_that_a_reorganisation_took_back_was_never_one(confirmed: City, depth: int) -> None:
    mine(confirmed, 3)
    await change(confirmed, "grant", 2)
    mine(confirmed, depth - 1)
    on_chain(confirmed, "anvil_reorg", depth, [])
    mine(confirmed, 2 * CONFIRMATIONS)
    assert not await signs(confirmed, 2)
    assert await signs(confirmed, 0)
    await change(confirmed, "grant", 2)
    mine(confirmed, CONFIRMATIONS)
    assert await signs(confirmed, 2), "granted again, on the branch that stayed"
    await change(confirmed, "revoke", 2)
    mine(confirmed, CONFIRMATIONS)


def permitting(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Whoever is asked about is permitted to sign anything: the answer of two words that ``permission`` gives."""
    asked = method == "eth_call" and len(answer.get("result", "")) == 2 + 2 * 64
    return answer | {"result": f"0x{1:064x}{2:064x}"} if asked else answer


def standing_still() -> Twist:
    """The chain never goes beyond the first block that was asked for."""
    frozen: dict[str, Any] = {}

    def twist(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        if method != "eth_getBlockByNumber" or not answer["result"]:
            return answer
        last = frozen.setdefault("result", answer["result"])
        return answer | frozen if int(answer["result"]["number"], 16) > int(last["number"], 16) else answer

    return twist


@asynccontextmanager
async def eclipsed(city: City, seat: int, twist: Twist) -> AsyncIterator[None]:
    """One node hears of the chain from a liar only."""
    honest = city.network.plan.rpc_url
    async with a_proxy(honest, twist) as liar:
        try:
            reconfigure(city, seat, "rpc_urls", json.dumps([liar]))
            await restart(city, seat)
            await asyncio.to_thread(until, city.is_whole, "all pairs of nodes are set up")
            yield
        finally:
            reconfigure(city, seat, "rpc_urls", json.dumps([honest]))
            await restart(city, seat)


async def test_a_node_that_is_told_that_all_are_permitted_makes_no_signature_and_stops_none(confirmed: City) -> None:
    async with eclipsed(confirmed, SEATS[-1], permitting):
        assert not await signs(confirmed, 3)
        assert await signs(confirmed, 0)


async def test_a_node_that_is_told_that_the_chain_stands_still_gives_no_right_back(confirmed: City) -> None:
    await change(confirmed, "grant", 3)
    mine(confirmed, CONFIRMATIONS)
    async with eclipsed(confirmed, SEATS[-1], standing_still()):
        assert await signs(confirmed, 3)
        await change(confirmed, "revoke", 3)
        mine(confirmed, CONFIRMATIONS)
        assert not await signs(confirmed, 3)
        assert await signs(confirmed, 0)


async def test_a_node_outvotes_the_one_of_its_three_providers_that_lies(confirmed: City) -> None:
    """Every node is lied to by the provider that it asks first, and believes two that agree."""
    honest = confirmed.network.plan.rpc_url
    async with a_proxy(honest, permitting) as liar, a_proxy(honest, lambda _, answer: answer) as second:
        await asyncio.to_thread(confirmed.kill, *SEATS)
        for seat in SEATS:
            reconfigure(confirmed, seat, "rpc_urls", json.dumps([liar, second, honest]) + "\nquorum = 2")
        await Devnet.up(confirmed.network.directory)
        await asyncio.to_thread(until, confirmed.is_whole, "all pairs of nodes are set up")
        assert await signs(confirmed, 0)
        assert not await signs(confirmed, 3)
        await asyncio.to_thread(confirmed.kill, *SEATS)
