"""Finding a network when node, chain or both are not what they should be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from eth_abi import encode

import votive
from votive.client import TransactionFailed, Unreachable, WrongNetwork
from votive.client.rpc import Rpc
from votive.terms.contracts import RESOLVER_KEYS

RESOLVER = "0x" + "ab" * 20
PLACE = "0x" + "12" * 20
NODE = "0x" + "34" * 20


@asynccontextmanager
async def served(handler: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def chain(chain_id: int = 31337, contract: str = PLACE) -> Callable[[web.Request], Any]:
    """A chain whose every contract is at one place, with a committee of one node."""
    committee = encode(
        ["uint256", "uint256", "(uint256,address,string,uint16,bytes32,bytes32)[]"],
        [1, 3, [(7, NODE, "http://127.0.0.1:9/", 1, bytes(32), bytes(32))]],
    )

    async def answer(request: web.Request) -> web.StreamResponse:
        call = await request.json()
        if call["method"] == "eth_chainId":
            return web.json_response({"result": hex(chain_id)})
        to = call["params"][0]["to"]
        result = encode(["address[]"], [[contract] * len(RESOLVER_KEYS)]) if to == RESOLVER else committee
        return web.json_response({"result": "0x" + result.hex()})

    return answer


def node(rpc_url: str, chain_id: int = 31337) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.path == "/votive/network"
        return web.json_response(
            {
                "version": "1",
                "chain_id": chain_id,
                "chain_name": "yellowstone",
                "rpc_url": rpc_url,
                "contracts": {"ContractResolver": RESOLVER},
                "more": 1,
            }
        )

    return answer


async def connected(url: str, **options: Any) -> votive.Network:
    async with votive.connect(url, **options) as network:
        return network


async def test_nodes_and_threshold_are_those_on_chain() -> None:
    async with served(chain()) as rpc_url, served(node(rpc_url)) as url:
        network = await connected(url + "/", resolver=RESOLVER.upper().replace("0X", "0x"))
    assert [(one.seat, one.url) for one in network.committee.nodes] == [(7, "http://127.0.0.1:9")]
    assert (network.committee.epoch, network.committee.threshold) == (1, 3)
    assert network.registry.contracts.staking.lower() == PLACE


async def test_the_chain_may_be_named_by_the_caller() -> None:
    async with served(chain()) as rpc_url, served(node("http://127.0.0.1:9")) as url:
        assert (await connected(url, rpc_url=rpc_url)).registry.rpc.url == rpc_url


async def test_a_chain_with_another_id_is_refused() -> None:
    async with served(chain(chain_id=5)) as rpc_url, served(node(rpc_url)) as url:
        with pytest.raises(WrongNetwork, match=r"31337.* has 5"):
            await connected(url)


async def test_a_chain_without_the_contracts_is_refused() -> None:
    async with served(chain(contract="0x" + "00" * 20)) as rpc_url, served(node(rpc_url)) as url:
        with pytest.raises(WrongNetwork, match="ContractResolver"):
            await connected(url)


async def test_a_network_that_another_version_made_is_refused() -> None:
    """Its resolver has no function that tells all addresses, and reverts."""

    async def older(request: web.Request) -> web.StreamResponse:
        call = await request.json()
        if call["method"] == "eth_chainId":
            return web.json_response({"result": hex(31337)})
        return web.json_response({"error": {"code": 3, "message": "execution reverted", "data": "0x"}})

    async with served(older) as rpc_url, served(node(rpc_url)) as url:
        with pytest.raises(WrongNetwork, match="this version that made it"):
            await connected(url)


async def test_another_resolver_than_the_callers_is_refused() -> None:
    async with served(chain()) as rpc_url, served(node(rpc_url)) as url:
        with pytest.raises(WrongNetwork, match="other network"):
            await connected(url, resolver=PLACE)


async def test_what_is_no_node_is_said_to_be_none() -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>", status=404)

    async with served(page) as url:
        with pytest.raises(Unreachable, match=r"no Votive node.*404"):
            await connected(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://"])
async def test_an_address_without_a_node_is_unreachable(url: str) -> None:
    with pytest.raises(Unreachable, match="no node answers"):
        await connected(url)


async def test_nodes_that_are_all_silent_make_one_sentence(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(Unreachable) as refusal:
        async with votive.connect([url, url]):
            pass
    once = f"no node answers at {url} (Connection refused)"
    assert refusal.value.message == f"{once}; {once}. Is the network up (`votive status`, `votive up`), and the URL right?"


async def test_what_is_no_chain_is_said_to_be_none() -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>")

    async with served(page) as rpc_url, served(node(rpc_url)) as url:
        with pytest.raises(Unreachable, match="JSON-RPC"):
            await connected(url)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("0x08c379a0" + encode(["string"], ["too early"]).hex(), "too early"),
        ("0x7e273289" + "00" * 32, "burned or never minted"),  # ERC721NonexistentToken(uint256)
        (None, "execution reverted"),
        ({"data": "zz"}, "execution reverted"),
    ],
)
async def test_a_revert_is_told_in_words(data: object, words: str) -> None:
    async def reverts(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"code": 3, "message": "execution reverted", "data": data}})

    async with served(reverts) as url:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            with pytest.raises(TransactionFailed, match=words):
                await Rpc(session, url).call("eth_estimateGas", {})
