"""An answer counts when a quorum of endpoints gave the same one; failing over never lowers the quorum."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from tests.chain.town import Anvil, Town, a_proxy, free_port

from votive.chain.abi import Function
from votive.chain.errors import BlockGone, CallRefused, CallReverted, ChainUnavailable, QuorumNotReached, WrongChain
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.keys import Keys
from votive.chain.permissions import Permissions
from votive.chain.registry import Registry
from votive.chain.rpc import Rpc
from votive.chain.wallet import Mining, Transaction
from votive.terms.errors import WorldError

DEAD = "http://127.0.0.1:1/"


def lie(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    return answer if method == "eth_chainId" else answer | {"result": "0xbad"}


def honest(_: str, answer: dict[str, Any]) -> dict[str, Any]:
    return answer


async def test_an_endpoint_that_is_down_is_passed_over(anvil: Anvil) -> None:
    async with Rpc([DEAD, anvil.url], chain_id=31337) as rpc:
        assert await rpc.read("eth_blockNumber", (), str) == "0x0"


async def test_a_chain_that_is_down_is_an_error_before_the_deadline() -> None:
    with pytest.raises(ChainUnavailable, match="check that they run"):
        async with Rpc([DEAD], chain_id=31337):
            pass


async def test_a_chain_that_goes_down_is_an_error_within_the_deadline(anvil_binary: str) -> None:
    anvil = Anvil(anvil_binary, free_port())
    with anvil:
        rpc = await Rpc([anvil.url], chain_id=31337, deadline=0.5).__aenter__()
    started = time.monotonic()
    with pytest.raises(ChainUnavailable) as refusal:
        await rpc.read("eth_blockNumber", (), str)
    assert time.monotonic() - started < 2
    assert refusal.value.retryable
    assert refusal.value.status == 503
    await rpc.__aexit__(None, None, None)


async def test_another_chain_is_named_and_not_retried(anvil: Anvil) -> None:
    with pytest.raises(WrongChain, match=f"{anvil.url} serves chain id 31337.* on chain id 1;") as refusal:
        async with Rpc([anvil.url], chain_id=1):
            pass
    assert not refusal.value.retryable


async def test_a_chain_that_is_replaced_by_another_is_noticed(anvil_binary: str) -> None:
    port = free_port()
    with Anvil(anvil_binary, port) as first:
        rpc = await Rpc([first.url], chain_id=31337, deadline=1).__aenter__()
        assert await rpc.read("eth_blockNumber", (), str) == "0x0"
    with pytest.raises(ChainUnavailable):
        await rpc.read("eth_blockNumber", (), str)
    with Anvil(anvil_binary, port, chain_id=5), pytest.raises(WrongChain):
        await rpc.read("eth_blockNumber", (), str)
    await rpc.__aexit__(None, None, None)


async def test_a_lying_endpoint_is_outvoted(anvil: Anvil) -> None:
    async with (
        a_proxy(anvil.url, lie) as liar,
        a_proxy(anvil.url, honest) as second,
        Rpc([liar, anvil.url, second], chain_id=31337, quorum=2) as rpc,
    ):
        for _ in range(20):
            assert await rpc.read("eth_blockNumber", (), str) == "0x0"


async def test_endpoints_that_contradict_one_another_decide_nothing(anvil: Anvil) -> None:
    async with a_proxy(anvil.url, lie) as liar, Rpc([liar, anvil.url], chain_id=31337, quorum=2, deadline=0.5) as rpc:
        with pytest.raises(QuorumNotReached) as refusal:
            await rpc.read("eth_blockNumber", (), str)
    assert any("0xbad" in line for line in refusal.value.details)


async def test_failing_over_never_lowers_the_quorum(anvil_binary: str, anvil: Anvil) -> None:
    """With two of three endpoints down, the third is not believed, whatever it says."""
    with Anvil(anvil_binary, free_port()) as second, Anvil(anvil_binary, free_port()) as third:
        rpc = await Rpc([second.url, third.url, anvil.url], chain_id=31337, quorum=2, deadline=0.5).__aenter__()
        assert await rpc.read("eth_blockNumber", (), str) == "0x0"
    for _ in range(3):
        with pytest.raises(ChainUnavailable, match="2 are needed"):
            await rpc.read("eth_blockNumber", (), str)
    await rpc.__aexit__(None, None, None)


@pytest.mark.parametrize("quorum", [0, 3])
def test_a_quorum_needs_as_many_different_endpoints(quorum: int) -> None:
    with pytest.raises(ValueError, match="different endpoints"):
        Rpc(["http://one/", "http://two/", "http://one/"], chain_id=1, quorum=quorum)


async def test_a_silent_endpoint_costs_no_more_than_its_timeout(anvil: Anvil) -> None:
    async def silence(answer: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(1)
        return answer

    def silent(method: str, answer: dict[str, Any]) -> Any:
        return answer if method == "eth_chainId" else silence(answer)

    async with a_proxy(anvil.url, silent) as mute, Rpc([mute, anvil.url], chain_id=31337, timeout=0.3) as rpc:
        started = time.monotonic()
        assert await rpc.read("eth_blockNumber", (), str) == "0x0"
        first = time.monotonic() - started
        assert await rpc.read("eth_blockNumber", (), str) == "0x0"
        second = time.monotonic() - started - first
    assert 0.3 <= first < 2
    assert second < 0.3, "an endpoint that failed is asked last"


@pytest.mark.parametrize("quorum", [1, 2])
async def test_a_deadline_shorter_than_the_timeout_holds(anvil: Anvil, quorum: int) -> None:
    async def silence(answer: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(3)
        return answer

    def silent(method: str, answer: dict[str, Any]) -> Any:
        return answer if method == "eth_chainId" else silence(answer)

    async with a_proxy(anvil.url, silent) as mute, Rpc([mute, anvil.url], chain_id=31337, quorum=quorum, timeout=5.0, deadline=0.3) as rpc:
        started = time.monotonic()
        with pytest.raises(ChainUnavailable):
            await rpc.read("eth_blockNumber", (), str)
        assert 0.3 <= time.monotonic() - started < 1


async def test_what_is_read_once_is_not_read_for_the_next(anvil: Anvil, rpc: Rpc) -> None:
    blocks = FinalBlocks(rpc, Finality.parse("0"))
    for number in range(5):
        assert (await blocks.final_block()).number == number
        anvil.mine()


@pytest.mark.parametrize("garbage", ["", "not json", "[]", '{"result": 5}', '{"jsonrpc": "2.0", "id": 1, "result": {"a": 1}}'])
async def test_garbage_is_no_answer(anvil: Anvil, garbage: str) -> None:
    def twist(method: str, answer: dict[str, Any]) -> Any:
        return answer if method == "eth_chainId" else garbage

    async with a_proxy(anvil.url, twist) as broken:
        async with Rpc([broken], chain_id=31337, deadline=0.3) as rpc:
            with pytest.raises(ChainUnavailable):
                await rpc.read("eth_blockNumber", (), str)
        async with Rpc([broken, anvil.url], chain_id=31337) as rpc:
            assert await rpc.read("eth_blockNumber", (), str) == "0x0"


async def test_a_refusal_is_told_at_once(rpc: Rpc) -> None:
    started = time.monotonic()
    with pytest.raises(CallRefused, match="eth_nonsense refused"):
        await rpc.read("eth_nonsense", (), str)
    assert time.monotonic() - started < 1


async def test_a_revert_carries_what_the_contract_said(town: Town) -> None:
    no_such_seat = Function("NoSuchSeat(uint256)", "").call(77)
    with pytest.raises(CallReverted) as refusal:
        await town.rpc.eth_call(town.contracts.staking, Function("nodeInfo(uint256)", "").call(77))
    assert refusal.value.data == no_such_seat


async def test_a_revert_is_an_answer_that_a_quorum_can_agree_on(town: Town) -> None:
    call = Function("nodeInfo(uint256)", "").call(77)
    async with (
        a_proxy(town.anvil.url, honest) as second,
        a_proxy(town.anvil.url, lie) as liar,
        Rpc([liar, town.anvil.url, second], chain_id=31337, quorum=2) as rpc,
    ):
        with pytest.raises(CallReverted):
            await rpc.eth_call(town.contracts.staking, call)


async def test_an_unknown_block_cannot_be_read(town: Town) -> None:
    with pytest.raises(BlockGone):
        await town.rpc.eth_call(town.contracts.staking, Function("seats()", "uint256[]").call(), b"\x11" * 32)


async def test_a_transaction_is_taken_by_one_endpoint_of_many(town: Town) -> None:
    def twist(method: str, answer: dict[str, Any]) -> Any:
        return "broken" if method == "eth_sendRawTransaction" else answer

    async with a_proxy(town.anvil.url, twist) as broken, Rpc([broken, DEAD, town.anvil.url], chain_id=31337) as rpc:
        mining = Mining(rpc)
        nonce, fees = await mining.nonce(town.alice.address), await mining.fees()
        transaction = Transaction(to=town.wallets[0].address, value=5, gas=21_000, nonce=nonce, fees=fees)
        receipt = await mining.receipt(await mining.send(town.alice, transaction), 5)
        assert receipt.succeeded
        with pytest.raises(CallRefused, match="decode"):
            await rpc.send_raw(b"\x01")


async def test_fees_are_what_a_quorum_suggests_and_no_single_endpoint_drains_the_wallet(anvil: Anvil) -> None:
    def suggesting(tip: int) -> Any:
        return lambda method, answer: answer | {"result": hex(tip)} if method == "eth_maxPriorityFeePerGas" else answer

    async with (
        a_proxy(anvil.url, suggesting(10**18)) as greedy,
        a_proxy(anvil.url, suggesting(2)) as modest,
        a_proxy(anvil.url, suggesting(3)) as other,
        Rpc([greedy, modest, other], chain_id=31337, quorum=2) as rpc,
    ):
        assert (await Mining(rpc).fees()).tip <= 3


@pytest.mark.parametrize("lie", ["0xzz", "", "5", "0x", "0x123\n", None, 5, ["0x1"], "0x" + "11" * 40])
async def test_a_malformed_number_is_no_answer(anvil: Anvil, lie: object) -> None:
    def twist(method: str, answer: dict[str, Any]) -> Any:
        return answer | {"result": lie} if method == "eth_blockNumber" else answer

    async with a_proxy(anvil.url, twist) as liar, Rpc([liar, anvil.url], chain_id=31337) as rpc:
        assert await rpc.reached("eth_blockNumber") == 0


@pytest.mark.parametrize("field", ["number", "hash", "parentHash", "timestamp"])
async def test_a_malformed_block_is_no_answer(anvil: Anvil, field: str) -> None:
    def twist(method: str, answer: dict[str, Any]) -> Any:
        return answer | {"result": answer["result"] | {field: "0xzz"}} if method == "eth_getBlockByNumber" else answer

    async with a_proxy(anvil.url, twist) as liar, Rpc([liar, anvil.url], chain_id=31337) as rpc:
        assert (await FinalBlocks(rpc, Finality.parse("0")).final_block()).number == 0


@pytest.mark.parametrize("returned", ["0x", "0x01", "0x" + "ff" * 32, "0x" + "ff" * 320, "0x" + "00" * 96])
async def test_what_no_contract_of_ours_returns_is_an_error_of_the_world(town: Town, returned: str) -> None:
    def twist(method: str, answer: dict[str, Any]) -> Any:
        return answer | {"result": returned} if method == "eth_call" else answer

    async with a_proxy(town.anvil.url, twist) as liar, Rpc([liar], chain_id=31337) as rpc:
        block = await FinalBlocks(rpc, Finality.parse("0")).final_block()
        with pytest.raises(WorldError):
            await Registry(rpc, town.contracts.resolver).committee(block)
        with pytest.raises(WorldError):
            await Permissions(rpc, town.contracts).permitted_actions(5, block)
        with pytest.raises(WorldError):
            await Keys(rpc, town.contracts).registered([5], block)
