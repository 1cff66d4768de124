"""Chains by name: every kind is read exactly, by a quorum, and nothing else is reached."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from tests.chain.town import DEPLOYER, Anvil, a_proxy

from votive.chain.cosmos import NEWEST_BLOCK, InvalidCosmosPath, check_path
from votive.chain.endpoint import EndpointFailed
from votive.chain.errors import AnswerTooLarge, BlockGone, CallRefused, CallReverted, ChainUnavailable, QuorumNotReached, WrongChain
from votive.chain.exact import DEEPEST, ExactJson
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.named import ChainConfig, Chains, UnknownChain
from votive.chain.rpc import Rpc
from votive.chain.solana import ARGUMENTS, UnknownSolanaMethod, finalized
from votive.chain.wallet import Wallet
from votive.terms.nesting import is_too_deep

CONTRACT = "0x" + "ca" * 20
DEAD = "http://127.0.0.1:1/"
Answer = Callable[[web.Request, Any], Any]
"""Given a request and its JSON, returns JSON text, a value, or a response."""


@asynccontextmanager
async def a_provider(answer: Answer) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.StreamResponse:
        said = answer(request, await request.json() if request.can_read_body else None)
        if isinstance(said, web.StreamResponse):
            return said
        return web.Response(text=said if isinstance(said, str) else json.dumps(said))

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def solana(*urls: str, quorum: int = 1) -> AsyncIterator[Chains]:
    async with Chains({"solana": ChainConfig(kind="solana", rpc_urls=urls, quorum=quorum)}) as chains:
        yield chains


@asynccontextmanager
async def cosmos(*urls: str, quorum: int = 1) -> AsyncIterator[Chains]:
    async with Chains({"cosmos": ChainConfig(kind="cosmos", rpc_urls=urls, quorum=quorum)}) as chains:
        yield chains


def result(value: str) -> Answer:
    return lambda _, question: f'{{"jsonrpc":"2.0","id":{question["id"]},"result":{value}}}'


# Names.


async def test_a_chain_is_known_by_its_name_and_kind(anvil: Anvil, rpc: Rpc) -> None:
    configs = {
        "other": ChainConfig(rpc_urls=(anvil.url,), chain_id=31337, finality=2),
        "solanaDevnet": ChainConfig(kind="solana", rpc_urls=(DEAD,)),
        "cosmos": ChainConfig(kind="cosmos", rpc_urls=(DEAD,)),
    }
    async with Chains(configs, ("yellowstone", rpc, FinalBlocks(rpc, Finality(0)))) as chains:
        assert chains.names == ("cosmos", "other", "solanaDevnet", "yellowstone")
        assert [chains.kind(name) for name in chains.names] == ["cosmos", "evm", "solana", "evm"]
        with pytest.raises(UnknownChain, match="it knows cosmos, other, solanaDevnet, yellowstone") as refusal:
            await chains.final_block("ethereum")
        assert refusal.value.status == 400
        with pytest.raises(UnknownChain, match="of kind solana"):
            await chains.final_block("solanaDevnet")
        with pytest.raises(UnknownChain, match="of kind evm"):
            await chains.cosmos("other", "/cosmos")
        anvil.mine(5)
        assert (await chains.final_block("yellowstone")).number == 5
        assert (await chains.final_block("other")).number == 3
    assert await rpc.reached("eth_blockNumber") == 5, "the network's own chain is the node's to close"


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (ChainConfig(rpc_urls=(DEAD,)), "needs its chain_id"),
        (ChainConfig(rpc_urls=(DEAD,), chain_id=1, quorum=2), "quorum of 2"),
        (ChainConfig(rpc_urls=(DEAD, DEAD), chain_id=1, quorum=2), "quorum of 2"),
        (ChainConfig(kind="solana", rpc_urls=(DEAD, DEAD), quorum=2), "quorum of 2"),
        (ChainConfig(kind="cosmos", rpc_urls=(DEAD,), quorum=0), "quorum of 0"),
        (ChainConfig(rpc_urls=(DEAD,), chain_id=1, finality="latest"), "finality is"),
    ],
)
def test_a_configuration_that_cannot_hold_is_refused(config: ChainConfig, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Chains({"name": config})


async def test_no_name_is_given_twice(rpc: Rpc) -> None:
    with pytest.raises(ValueError, match="another name"):
        Chains({"own": ChainConfig(rpc_urls=(DEAD,), chain_id=1)}, ("own", rpc, FinalBlocks(rpc, Finality(0))))


# EVM.


async def test_calls_and_balances_are_read_at_the_block_that_was_pinned(anvil: Anvil) -> None:
    config = ChainConfig(rpc_urls=(anvil.url,), chain_id=31337, finality=0)
    async with Chains({"evm": config}) as chains:
        # NUMBER, stored and returned
        anvil.ask("anvil_setCode", CONTRACT, "0x4360005260206000f3")
        anvil.mine(3)
        block = await chains.final_block("evm")
        before = await chains.balance("evm", Wallet(DEPLOYER).address, block)
        anvil.ask("eth_sendTransaction", {"from": Wallet(DEPLOYER).address, "to": CONTRACT, "value": "0x5"})
        while anvil.ask("eth_blockNumber") != "0x4":  # while anvil mines, NUMBER of an older block may be the new one's
            await asyncio.sleep(0.01)
        assert int.from_bytes(await chains.call("evm", CONTRACT, b"", block)) == block.number == 3
        assert await chains.balance("evm", Wallet(DEPLOYER).address, block) == before == 10_000 * 10**18
        later = await chains.final_block("evm")
        assert await chains.balance("evm", CONTRACT, block) == 0
        assert await chains.balance("evm", CONTRACT, later) == 5
        assert later.timestamp >= block.timestamp
        anvil.ask("anvil_reorg", 1, [])
        with pytest.raises(BlockGone):
            await chains.call("evm", CONTRACT, b"", later)
        with pytest.raises(BlockGone):
            await chains.balance("evm", CONTRACT, later)


async def test_a_contract_that_reverts_floods_or_never_ends_gives_no_answer(anvil: Anvil) -> None:
    async with Chains({"evm": ChainConfig(rpc_urls=(anvil.url,), chain_id=31337, finality=0)}) as chains:
        for code, error in (("60006000fd", CallReverted), ("6207a1206000f3", AnswerTooLarge), ("5b600056", BlockGone)):
            anvil.ask("anvil_setCode", CONTRACT, "0x" + code)
            anvil.mine()
            with pytest.raises(error):
                await chains.call("evm", CONTRACT, b"", await chains.final_block("evm"))


async def test_an_endpoint_of_another_chain_is_noticed_when_it_is_first_asked(anvil: Anvil) -> None:
    async with Chains({"evm": ChainConfig(rpc_urls=(anvil.url,), chain_id=1, finality=0)}) as chains:
        with pytest.raises(WrongChain):
            await chains.final_block("evm")


async def test_a_chain_that_is_down_disturbs_no_other(anvil: Anvil) -> None:
    configs = {
        "down": ChainConfig(rpc_urls=(DEAD,), chain_id=1),
        "up": ChainConfig(rpc_urls=(DEAD, anvil.url), chain_id=31337, finality=0),
    }
    async with Chains(configs) as chains:
        assert (await chains.final_block("up")).number == 0
        with pytest.raises(ChainUnavailable):
            await chains.final_block("down")


async def test_a_stale_or_lying_minority_changes_nothing_on_the_wire(anvil: Anvil) -> None:
    anvil.mine(8)

    def stale(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getBlockByNumber" and answer["result"]:
            answer["result"]["number"] = "0x2"
        return answer

    def lie(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {"result": hex(10**30)} if method == "eth_getBalance" else answer

    async with a_proxy(anvil.url, stale) as one, a_proxy(anvil.url, lie) as two, a_proxy(anvil.url, lambda _, honest: honest) as three:
        for urls in ((one, anvil.url, three), (two, anvil.url, three), (anvil.url, three, two)):
            config = ChainConfig(rpc_urls=urls, chain_id=31337, finality=0, quorum=2)
            async with Chains({"evm": config}) as chains:
                block = await chains.final_block("evm")
                assert block.number == 8
                assert await chains.balance("evm", CONTRACT, block) == 0


# Solana.


async def test_solana_is_read_exactly_and_finalized() -> None:
    asked: list[Any] = []

    def answer(_: web.Request, question: Any) -> str:
        asked.append(question)
        amount = '{"amount":"18446744073709551617","uiAmount":0.1,"n":18446744073709551617}'
        return f'{{"jsonrpc":"2.0","id":1,"result":{{"context":{{"slot":5}},"value":{amount}}}}}'

    async with a_provider(answer) as url, solana(url) as chains:
        found = await chains.solana("solana", "getTokenAccountBalance", ["account", {"commitment": "processed", "x": 1}])
        assert found == {"value": {"amount": "18446744073709551617", "uiAmount": Decimal("0.1"), "n": 18446744073709551617}}
        assert isinstance(found["value"]["uiAmount"], Decimal)
    (question,) = asked
    assert (question["jsonrpc"], question["method"]) == ("2.0", "getTokenAccountBalance")
    assert question["params"] == ["account", {"commitment": "finalized", "x": 1}]


@pytest.mark.parametrize("method", ARGUMENTS)
def test_every_method_of_solana_is_asked_for_a_finalized_state(method: str) -> None:
    arguments = ["a"] * ARGUMENTS[method]
    assert finalized(method, arguments) == [*arguments, {"commitment": "finalized"}]
    assert finalized(method, [*arguments, {"commitment": "confirmed"}]) == [*arguments, {"commitment": "finalized"}]
    for wrong in ([*arguments, "b"], [*arguments, {}, {}], arguments[:-1] if arguments else ["b"]):
        with pytest.raises(UnknownSolanaMethod):
            finalized(method, wrong)


@pytest.mark.parametrize("method", ["sendTransaction", "requestAirdrop", "simulateTransaction", "", "getbalance", "getSignatureStatuses"])
async def test_nothing_is_asked_of_solana_but_reads(method: str) -> None:
    async with solana(DEAD) as chains:
        with pytest.raises(UnknownSolanaMethod):
            await chains.solana("solana", method, [])


async def test_providers_of_solana_agree_whatever_their_slot() -> None:
    def at_slot(slot: int, value: int) -> Answer:
        return result(f'{{"context":{{"slot":{slot},"apiVersion":"{slot}"}},"value":{value}}}')

    async with a_provider(at_slot(7, 100)) as one, a_provider(at_slot(9, 100)) as two, a_provider(at_slot(8, 999)) as liar:
        for urls in ((one, liar, two), (liar, one, two)):
            async with solana(*urls, quorum=2) as chains:
                assert await chains.solana("solana", "getBalance", ["key"]) == {"value": 100}


async def test_what_solana_refuses_is_told() -> None:
    refusal = '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Invalid param: WrongSize"}}'
    async with a_provider(lambda _, __: refusal) as url, solana(url) as chains:
        with pytest.raises(CallRefused, match="WrongSize"):
            await chains.solana("solana", "getBalance", ["key"])


# Cosmos.


async def test_cosmos_is_read_exactly_at_the_path() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: web.Request, _: Any) -> str:
        seen.append((request.method, request.raw_path))
        return '{"balances":[{"amount":"5"}],"height":123456789012345678901234567890,"share":1.50}'

    async with a_provider(answer) as url, cosmos(url + "/lcd/") as chains:
        found = await chains.cosmos("cosmos", "/cosmos/bank/v1beta1/balances/cosmos1x?pagination.limit=5")
    assert found == {"balances": [{"amount": "5"}], "height": 123456789012345678901234567890, "share": Decimal("1.5")}
    assert isinstance(found["share"], Decimal)
    assert seen == [("GET", "/lcd/cosmos/bank/v1beta1/balances/cosmos1x?pagination.limit=5")]


@pytest.mark.parametrize(
    "path",
    ["", "cosmos", "//evil.example/x", "/a//b", "/../x", "/a/../b", "/a/%2e%2e/b", "/a/%2E./b", "/./a", "/a%2fb", "/a%5Cb", "/a b",
     "/a\r\nHost: evil", "/a\nb", "/a#b", "/\\x", "http://evil.example/", "/a?b c", "/ä", "/" + "a" * 2048, "?a", "/"],
)  # fmt: skip
async def test_what_is_no_path_or_leads_elsewhere_is_not_asked(path: str) -> None:
    async with cosmos(DEAD) as chains:
        with pytest.raises(InvalidCosmosPath):
            await chains.cosmos("cosmos", path)


@pytest.mark.parametrize("path", ["/cosmos", "/cosmos/", "/a/b.c/~d?x=/../y&z=%20", "/cosmos/bank/v1beta1/balances/cosmos1abc"])
def test_an_ordinary_path_is_taken(path: str) -> None:
    check_path(path)


def block_at(height: int) -> dict[str, Any]:
    return {"block": {"header": {"height": str(height), "time": f"2026-01-01T00:00:{height % 60:02}Z"}}}


async def test_providers_that_are_at_different_heights_agree_on_the_newest_block_of_a_quorum() -> None:
    def at(height: int) -> Answer:
        def answer(request: web.Request, _: Any) -> Any:
            wanted = request.path.rpartition("/")[2]
            if wanted == "latest":
                return block_at(height)
            return block_at(int(wanted)) if int(wanted) <= height else web.Response(status=400, text="{}")

        return answer

    async with a_provider(at(12)) as one, a_provider(at(11)) as two, a_provider(at(500)) as ahead:
        for urls in ((one, two, ahead), (ahead, two, one)):
            async with cosmos(*urls, quorum=2) as chains:
                height = (await chains.cosmos("cosmos", NEWEST_BLOCK))["block"]["header"]["height"]
                assert height in ("11", "12")


@pytest.mark.parametrize("lie", ["{}", '{"block":{"header":{"height":-5}}}', '{"block":{"header":{"height":"9e9"}}}', "[]", "5"])
async def test_a_newest_block_without_a_height_is_no_answer(lie: str) -> None:
    async with (
        a_provider(lambda _, __: lie) as liar,
        a_provider(lambda _, __: block_at(4)) as one,
        a_provider(lambda _, __: block_at(4)) as two,
        cosmos(liar, one, two, quorum=2) as chains,
    ):
        assert await chains.cosmos("cosmos", NEWEST_BLOCK) == block_at(4)


@pytest.mark.parametrize(
    ("status", "error"), [(404, CallRefused), (400, CallRefused), (429, ChainUnavailable), (500, ChainUnavailable), (503, ChainUnavailable)]
)
async def test_what_the_chain_does_not_know_is_told_from_a_provider_that_fails(status: int, error: type[Exception]) -> None:
    async with a_provider(lambda _, __: web.Response(status=status, text='{"code":5}')) as url, cosmos(url) as chains:
        with pytest.raises(error):
            await chains.cosmos("cosmos", "/cosmos/x")


async def test_a_redirect_is_not_followed() -> None:
    seen: list[str] = []

    def answer(request: web.Request, _: Any) -> web.Response:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": "/secret"})

    async with a_provider(answer) as url, cosmos(url) as chains:
        with pytest.raises(ChainUnavailable):
            await chains.cosmos("cosmos", "/cosmos/x")
    assert set(seen) == {"/cosmos/x"}


# Exactness, whatever is answered.


async def test_an_answer_that_is_too_large_is_refused_by_every_kind() -> None:
    huge = '"' + "x" * (1 << 21) + '"'
    async with a_provider(result(huge)) as url, solana(url) as chains:
        with pytest.raises(AnswerTooLarge):
            await chains.solana("solana", "getSlot", [])
    async with a_provider(lambda _, __: huge) as url, cosmos(url) as chains:
        with pytest.raises(AnswerTooLarge):
            await chains.cosmos("cosmos", "/cosmos/x")


@pytest.mark.parametrize(
    "text",
    ["", "{", "nul", "[1,]", "NaN", "[Infinity]", "1e999999999", "[-1e-999999999]", "0." + "1" * 500, "1" * 5000, "[" * 200 + "]" * 200,
     "[" * 257 + "]" * 257,
     "[" * 100_000, '{"a":' * 80 + "1" + "}" * 80],
)  # fmt: skip
async def test_what_is_no_json_of_sane_size_is_no_answer(text: str) -> None:
    async with (
        a_provider(lambda _, __: text) as liar,
        a_provider(lambda _, __: "[1]") as one,
        a_provider(lambda _, __: " [ 1 ]") as two,
        cosmos(liar, one, two, quorum=2) as chains,
    ):
        assert await chains.cosmos("cosmos", "/cosmos/x") == [1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a":1,"b":[1,2]}', ' { "b" : [1,2], "a" : 1 } ', True),
        ("1", "true", False),
        ("0", "false", False),
        ("0", "null", False),
        ("1", "1.0", False),
        ("1.5", "1.50", True),
        ('"1"', "1", False),
        ("[]", "{}", False),
        ("[1,2]", "[2,1]", False),
        ('[["a",1]]', '{"a":1}', False),
        ('{"a":null}', "{}", False),
        ("9007199254740993", "9007199254740992", False),
        ("0.1", "0.1000000000000000055511151231257827", False),
    ],
)
def test_answers_are_equal_if_they_are_the_same_json(one: str, other: str, same: bool) -> None:
    assert (ExactJson.of(one.encode()) == ExactJson.of(other.encode())) is same
    if same:
        assert hash(ExactJson.of(one.encode())) == hash(ExactJson.of(other.encode()))


def test_answers_are_as_deep_as_is_sane() -> None:
    assert ExactJson.of(b"[" * DEEPEST + b"]" * DEEPEST) is not None


async def test_contradicting_providers_decide_nothing() -> None:
    async with a_provider(lambda _, __: "1") as one, a_provider(lambda _, __: "true") as two, cosmos(one, two, quorum=2) as chains:
        with pytest.raises(QuorumNotReached) as refusal:
            await chains.cosmos("cosmos", "/cosmos/x")
        assert refusal.value.status == 503


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        (b"[" * 256 + b"]" * 256, False),
        (b"[" * 257 + b"]" * 257, True),
        (b"[" + b"[]," * 5000 + b"0]", False),
        (b'["' + b"[" * 5000 + b'"]', False),
        (b'["\\"' + b"[" * 5000 + b'"]', False),
        (b'["\\\\"' + b"," + b"[" * 5000, True),
        (b'{"a":' * 257, True),
        (b'"' + b"{" * 5000, True),
    ],
)
def test_depth_is_counted_outside_of_texts(text: bytes, deep: bool) -> None:
    assert is_too_deep(text) is deep


def test_no_depth_ends_the_process() -> None:
    """However high this process's limit of recursion is: some library raises it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        for text in (b"[" * 200_000, b'{"a":' * 100_000, b"[" * 256 + b"]" * 256):
            with pytest.raises(EndpointFailed):
                ExactJson.of(text)
    finally:
        sys.setrecursionlimit(before)


async def test_an_endpoint_that_answers_without_an_end_is_no_endpoint() -> None:
    async with a_provider(result("[" * 50_000)) as url, solana(url) as chains:
        with pytest.raises(ChainUnavailable):
            await chains.solana("solana", "getSlot", [])
