"""A contract wallet is asked whether it signed; a hostile one is refused in time and harms nobody (B06)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.chain.town import DEPLOYER, Anvil, a_proxy

from votive.chain.errors import CallRefused, ChainUnavailable, QuorumNotReached
from votive.chain.finality import Block, FinalBlocks, Finality
from votive.chain.rpc import Rpc
from votive.chain.wallet import Wallet
from votive.chain.wallets import MAX_ANSWER, MAX_SIGNATURE, ContractWallets, WalletAnswer

WALLET = "0x" + "c0" * 20
DIGEST = b"\xd1" * 32
SIGNATURE = b"\x51" * 65
DENIED_WITHIN = 3.0

STOP, MUL, GT, EQ, AND = "00", "02", "11", "14", "16"
ADDRESS, ORIGIN, CALLER, CALLDATALOAD, GASPRICE, NUMBER, GAS = "30", "32", "33", "35", "3a", "43", "5a"
POP, MSTORE, MSTORE8, SLOAD, JUMP, JUMPDEST, RETURN, STATICCALL, REVERT, INVALID = (
    "50",
    "52",
    "53",
    "54",
    "56",
    "5b",
    "f3",
    "fa",
    "fd",
    "fe",
)


def push(number: int) -> str:
    size = max(1, (number.bit_length() + 7) // 8)
    return f"{0x5F + size:02x}{number:0{2 * size}x}"


def returns(word: str) -> str:
    """Return the one word that the code ``word`` leaves on the stack."""
    return word + push(0) + MSTORE + push(32) + push(0) + RETURN


MAGIC = push(0x1626BA7E << 224)


def magic_if(condition: str) -> str:
    """Return the magic value if the code ``condition`` leaves 1 on the stack, and 0 if it leaves 0."""
    return returns(condition + MAGIC + MUL)


HONEST = magic_if(push(4) + CALLDATALOAD + push(int.from_bytes(DIGEST)) + EQ)

LOOP = JUMPDEST + push(0) + JUMP
CALL_ITSELF = push(0) * 4 + ADDRESS + GAS + STATICCALL


def modular_powers() -> str:
    """Compute powers of numbers of 256 bytes for ever, by the precompiled contract 5."""
    lengths = "".join(push(256) + push(place) + MSTORE for place in (0, 32, 64))
    setting = lengths + push(1) + push(352) + MSTORE + push(3) + push(863) + MSTORE8
    return (
        setting + JUMPDEST + push(32) + push(2000) + push(864) + push(0) + push(5) + GAS + STATICCALL + POP + push(len(setting) // 2) + JUMP
    )


HOSTILE = {
    "endless loop": LOOP,
    "endless precompile": modular_powers(),
    "endless recursion": JUMPDEST + CALL_ITSELF + POP + push(0) + JUMP,
    "revert": push(0) + push(0) + REVERT,
    "revert bomb": push(400_000) + push(0) + REVERT,
    "revert bomb beyond the gas": push(1 << 20) + push(0) + REVERT,
    "returns 400 kB": push(400_000) + push(0) + RETURN,
    "returns 1 MiB": push(1 << 20) + push(0) + RETURN,
    "magic and 400 kB": MAGIC + push(0) + MSTORE + push(400_000) + push(0) + RETURN,
    "invalid instruction": INVALID,
    "stops": STOP,
    "wrong magic": returns(push(0xFFFFFFFF << 224)),
    "magic at the wrong end": returns(push(0x1626BA7E)),
    "magic and something": returns(push((0x1626BA7E << 224) + 1)),
    "true": returns(push(1)),
    "four bytes": MAGIC + push(0) + MSTORE + push(4) + push(0) + RETURN,
    "only with much gas": magic_if(push(600_000) + GAS + GT),
    "only in later blocks": magic_if(push(10) + NUMBER + GT),
    "only for its own origin": magic_if(ORIGIN + push(0xABC) + EQ),
    "only for its own caller": magic_if(CALLER + push(0xABC) + EQ),
    "only where gas has a price": magic_if(push(0) + GASPRICE + GT),
}


async def head(rpc: Rpc) -> Block:
    return await FinalBlocks(rpc, Finality.parse("0")).final_block()


def place(anvil: Anvil, code: str, address: str = WALLET) -> None:
    anvil.ask("anvil_setCode", address, "0x" + code)
    anvil.mine()


async def asked(rpc: Rpc, block: Block | None = None, signature: bytes = SIGNATURE, digest: bytes = DIGEST) -> WalletAnswer:
    return await ContractWallets(rpc).is_valid_signature(WALLET, digest, signature, block or await head(rpc))


async def test_a_wallet_that_signed_says_so(anvil: Anvil, rpc: Rpc) -> None:
    place(anvil, HONEST)
    assert (await asked(rpc)).valid
    refused = await asked(rpc, digest=b"\xd2" * 32)
    assert refused == WalletAnswer(False, "the contract says that it did not sign")


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_wallet_is_refused_in_time(anvil: Anvil, rpc: Rpc, name: str) -> None:
    place(anvil, HOSTILE[name])
    block = await head(rpc)
    started = time.monotonic()
    async with asyncio.timeout(DENIED_WITHIN):
        answer = await asked(rpc, block)
    assert not answer.valid, name
    assert len(answer.why) > 10
    assert time.monotonic() - started < DENIED_WITHIN
    assert await asked(rpc, block) == answer


async def test_an_address_without_code_signs_nothing(rpc: Rpc) -> None:
    answer = await asked(rpc)
    assert answer == WalletAnswer(False, "there is no contract at this address that answers isValidSignature")


async def test_no_code_is_deployed_for_a_wallet_that_is_not_there_yet(rpc: Rpc) -> None:
    """ERC-6492 wraps a signature with what would create its wallet; here it is a signature like any other."""
    wrapped = SIGNATURE + b"\x64\x92" * 16
    assert not (await asked(rpc, signature=wrapped)).valid


async def test_a_signature_that_is_too_long_is_not_even_asked_for(rpc: Rpc) -> None:
    answer = await asked(rpc, Block(number=0, hash=b"\0" * 32, parent_hash=b"", timestamp=0), signature=bytes(MAX_SIGNATURE + 1))
    assert not answer.valid
    assert "8193 bytes" in answer.why


SUB, CALLDATASIZE, SSTORE, JUMPI = "03", "36", "55", "57"


def flip_flop() -> str:
    """Say yes and no by turns: every transaction without data turns it over."""
    turning = push(0) + SLOAD + push(1) + SUB + push(0) + SSTORE + STOP
    return CALLDATASIZE + push(4 + len(turning) // 2) + JUMPI + turning + JUMPDEST + magic_if(push(0) + SLOAD)


DEPENDENT = {
    "the gas that is left": magic_if(GAS + push(1) + AND),
    "the block's number": magic_if(NUMBER + push(1) + AND),
    "who began": magic_if(ORIGIN + push(1) + AND),
    "its own state": flip_flop(),
}


@pytest.mark.parametrize("what", DEPENDENT)
async def test_nodes_that_ask_at_one_block_agree_whatever_the_answer_depends_on(anvil: Anvil, what: str) -> None:
    """The contract flips with every block; nodes ask the same block, one after the other, while the chain goes on."""
    place(anvil, DEPENDENT[what])
    seen = []
    async with Rpc([anvil.url], chain_id=31337) as one, Rpc([anvil.url], chain_id=31337) as other:
        for _ in range(4):
            block = await head(one)
            first = await asked(one, block)
            anvil.ask("eth_sendTransaction", {"from": Wallet(DEPLOYER).address, "to": WALLET})
            while (await head(one)).number == block.number:
                await asyncio.sleep(0.01)
            assert {await asked(rpc, block) for rpc in (one, other, one)} == {first}
            seen.append(first.valid)
    if what in ("the block's number", "its own state"):
        assert set(seen) == {True, False}, "the contract does flip"
    else:
        assert len(set(seen)) == 1


def hex0(number: int) -> str:
    return f"0x{number:064x}"


async def test_a_block_that_was_reorganised_away_is_not_asked(anvil: Anvil, rpc: Rpc) -> None:
    place(anvil, HONEST)
    anvil.mine(2)
    block = await head(rpc)
    anvil.ask("anvil_reorg", 1, [])
    with pytest.raises(CallRefused):
        await asked(rpc, block)


def cheat(answer: Any) -> Callable[[str, dict[str, Any]], Any]:
    return lambda method, honest: answer if method == "eth_call" else honest


MAGIC_WORD = "0x1626ba7e" + "00" * 28


async def test_a_lying_endpoint_neither_makes_nor_breaks_a_signature(anvil: Anvil) -> None:
    for code, lie, truth in ((HONEST, hex0(0), True), (HOSTILE["true"], MAGIC_WORD, False)):
        place(anvil, code)
        answer = {"jsonrpc": "2.0", "id": 1, "result": lie}
        async with a_proxy(anvil.url, cheat(answer)) as liar, a_proxy(anvil.url, lambda _, honest: honest) as second:
            for urls in ([liar, anvil.url, second], [anvil.url, liar, second], [anvil.url, second, liar]):
                async with Rpc(urls, chain_id=31337, quorum=2) as rpc:
                    assert (await asked(rpc)).valid is truth
            async with Rpc([liar, anvil.url], chain_id=31337, quorum=2) as rpc:
                with pytest.raises(QuorumNotReached):
                    await asked(rpc)


async def test_endpoints_that_word_a_failure_differently_agree_on_it(anvil: Anvil) -> None:
    place(anvil, HOSTILE["revert"])
    refusal = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32015, "message": "VM execution error"}}
    async with a_proxy(anvil.url, cheat(refusal)) as other, Rpc([other, anvil.url], chain_id=31337, quorum=2) as rpc:
        assert not (await asked(rpc)).valid


async def test_an_endpoint_that_floods_is_cut_off_and_its_flood_never_kept(anvil: Anvil) -> None:
    """From 5 kB to 64 MB in an answer: refused alike, and what arrived is dropped."""
    place(anvil, HONEST)
    for size in (MAX_ANSWER, 1 << 20, 1 << 25):
        flood = {"jsonrpc": "2.0", "id": 1, "result": MAGIC_WORD + "00" * size}
        async with a_proxy(anvil.url, cheat(flood)) as flooding, Rpc([flooding], chain_id=31337) as rpc:
            answer = await asked(rpc)
            assert answer == WalletAnswer(False, "the contract returned more than a wallet answers")


async def hang(_: Any = None) -> Any:
    await asyncio.sleep(3.5)


async def test_a_call_that_takes_too_long_is_refused_and_a_dead_endpoint_is_told_from_it(anvil: Anvil) -> None:
    place(anvil, HONEST)

    def slow(method: str, honest: dict[str, Any]) -> Awaitable[Any] | dict[str, Any]:
        return hang() if method == "eth_call" else honest

    def dead(method: str, honest: dict[str, Any]) -> Awaitable[Any] | dict[str, Any]:
        return hang() if method in ("eth_call", "eth_blockNumber") else honest

    async with a_proxy(anvil.url, slow) as thinking, Rpc([thinking], chain_id=31337) as rpc:
        async with asyncio.timeout(DENIED_WITHIN):
            answer = await asked(rpc, await head(rpc))
        assert answer == WalletAnswer(False, "the contract did not answer within 2.0 s")
    async with a_proxy(anvil.url, dead) as silent, Rpc([silent], chain_id=31337) as rpc:
        block = await head(rpc)
        with pytest.raises(ChainUnavailable):
            async with asyncio.timeout(DENIED_WITHIN):
                await asked(rpc, block)


async def test_a_chain_that_is_down_is_the_worlds_error(anvil: Anvil) -> None:
    place(anvil, HONEST)
    async with a_proxy(anvil.url, lambda _, honest: honest) as endpoint:
        rpc = await Rpc([endpoint], chain_id=31337).__aenter__()
        block = await head(rpc)
    with pytest.raises(ChainUnavailable):
        await asked(rpc, block)
    await rpc.__aexit__(None, None, None)
