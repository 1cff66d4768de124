"""The chains that conditions ask about, as a node joins them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from tests.node.test_start import a_chain

from votive.action import FetchPolicy
from votive.action.fetch import FetchRefused
from votive.chain.named import Chains
from votive.node.chains import Documents, NamedChains, chain_configs
from votive.node.config import NamedChainSection
from votive.terms.errors import CallerError, WorldError

HEADER = {"number": "0x7", "hash": "0x" + "11" * 32, "parentHash": "0x" + "22" * 32, "timestamp": "0x5"}
NOBODY = "0x" + "00" * 20


async def test_a_configured_chain_is_asked_at_its_final_block() -> None:
    answers: dict[str, Any] = {"eth_chainId": "0x1", "eth_getBlockByNumber": HEADER, "eth_getBalance": "0x2a", "eth_call": "0xabcd"}
    async with a_chain(answers) as url:
        section = NamedChainSection(rpc_urls=(url,), chain_id=1)
        async with Chains(chain_configs({"ethereum": section})) as chains:
            named = NamedChains(chains)
            assert (list(named.names), named.kind("ethereum")) == (["ethereum"], "evm")
            block = await named.final_block("ethereum")
            assert (block.number, block.hash, block.timestamp) == (7, bytes.fromhex("11" * 32), 5)
            assert await named.balance("ethereum", NOBODY, block) == 42
            assert await named.call("ethereum", NOBODY, b"", block) == b"\xab\xcd"
            with pytest.raises(CallerError, match="ethereum"):
                await named.final_block("elsewhere")


async def test_a_contract_that_reverts_has_answered() -> None:
    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["method"] == "eth_call":
            error = {"code": 3, "message": "execution reverted", "data": "0x"}
            return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "error": error})
        result = {"eth_chainId": "0x1", "eth_getBlockByNumber": HEADER}[asked["method"]]
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": result})

    async with a_server(answer, "POST") as url, Chains(chain_configs({"e": NamedChainSection(rpc_urls=(url,), chain_id=1)})) as chains:
        named = NamedChains(chains)
        assert await named.call("e", NOBODY, b"", await named.final_block("e")) is None


class a_server:  # noqa: N801  # reads as a function
    """Serves one handler on a free port."""

    def __init__(self, handler: Any, method: str = "GET") -> None:
        self._app = web.Application()
        self._app.router.add_route(method, "/", handler)
        self._runner = web.AppRunner(self._app)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def __aexit__(self, *ended: object) -> None:
        await self._runner.cleanup()


async def test_a_document_is_read_without_floats() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text='{"value": 0.1, "number": 123456789012345678901234567890}')

    async with a_server(answer) as url:
        document = await Documents(FetchPolicy(allow=(url.removeprefix("http://").rstrip("/"),)))(url)
    assert document == {"value": Decimal("0.1"), "number": 123456789012345678901234567890}
    assert isinstance(document["value"], Decimal)


@pytest.mark.parametrize(("status", "text", "word"), [(404, "{}", "404"), (200, "<html>", "no JSON")])
async def test_a_document_that_is_not_there_or_none_is_the_worlds_fault(status: int, text: str, word: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    async with a_server(answer) as url:
        with pytest.raises(WorldError, match=word):
            await Documents(FetchPolicy(allow=(url.removeprefix("http://").rstrip("/"),)))(url)


async def test_a_document_on_this_machine_is_not_fetched_unless_the_operator_allows_it() -> None:
    async def answer(_: web.Request) -> web.Response:
        raise AssertionError("it must not be asked")

    async with a_server(answer) as url:
        with pytest.raises(FetchRefused):
            await Documents(FetchPolicy())(url)
