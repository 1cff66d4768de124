"""Blocks by hash and the newest hashes: what a nonce or a challenge may be made of."""

from __future__ import annotations

from typing import Any

import pytest
from tests.chain.town import Anvil, a_proxy

from votive.chain.blocks import Blocks
from votive.chain.errors import MalformedAnswer
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.rpc import Rpc


async def test_a_block_is_found_by_its_hash(anvil: Anvil, rpc: Rpc) -> None:
    anvil.mine(4)
    known = await FinalBlocks(rpc, Finality(0)).block(3)
    found = await Blocks(rpc).by_hash(known.hash)
    assert found == known
    assert found is not None
    assert (found.number, found.timestamp) == (3, known.timestamp)


async def test_a_hash_of_no_block_is_none(anvil: Anvil, rpc: Rpc) -> None:
    assert await Blocks(rpc).by_hash(b"\x17" * 32) is None


async def test_a_block_that_was_reorganised_away_is_found_no_more(anvil: Anvil, rpc: Rpc) -> None:
    """Whether the chain became longer or shorter, and whether or not the block was read before."""
    blocks = Blocks(rpc)
    anvil.mine(6)
    heads = FinalBlocks(rpc, Finality(0))
    read, unread, kept = (await heads.block(5)).hash, (await heads.block(6)).hash, (await heads.block(2)).hash
    assert await blocks.by_hash(read) is not None
    anvil.ask("anvil_reorg", 3, [])
    anvil.mine(2)
    assert await blocks.by_hash(read) is None
    assert await blocks.by_hash(unread) is None
    assert await blocks.by_hash(kept) is not None
    anvil.ask("anvil_rollback", 7)
    assert await blocks.by_hash(read) is None
    assert await blocks.by_hash(unread) is None


async def test_the_newest_hashes_follow_the_chain_through_a_reorganisation(anvil: Anvil, rpc: Rpc) -> None:
    blocks, heads = Blocks(rpc), FinalBlocks(rpc, Finality(0))

    async def numbered(first: int, last: int) -> list[bytes]:
        return [(await heads.block(number)).hash for number in range(last, first - 1, -1)]

    assert await blocks.recent(10) == await numbered(0, 0)
    anvil.mine(12)
    before = await blocks.recent(10)
    assert before == await numbered(3, 12)
    anvil.ask("anvil_reorg", 4, [])
    anvil.mine(1)
    after = await blocks.recent(10)
    assert after == await numbered(4, 13)
    assert set(before) & set(after) == set(await numbered(4, 8))


async def test_the_newest_hashes_may_start_at_an_older_block(anvil: Anvil, rpc: Rpc) -> None:
    anvil.mine(9)
    final = await FinalBlocks(rpc, Finality(3)).final_block()
    hashes = await Blocks(rpc).recent(4, final)
    assert hashes == [(await FinalBlocks(rpc, Finality(0)).block(number)).hash for number in (6, 5, 4, 3)]


async def test_the_newest_hashes_cost_one_question_once_they_are_known(anvil: Anvil) -> None:
    asked: list[str] = []

    def counting(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        asked.append(method)
        return answer

    anvil.mine(20)
    async with a_proxy(anvil.url, counting) as counted, Rpc([counted], chain_id=31337) as rpc:
        blocks = Blocks(rpc)
        await blocks.recent(10)
        asked.clear()
        await blocks.recent(10)
        assert asked == ["eth_getBlockByNumber"]
        anvil.mine(1)
        await blocks.recent(10)
        assert len(asked) == 2


async def test_an_endpoint_that_answers_with_another_block_is_not_believed(anvil: Anvil) -> None:
    anvil.mine(2)

    def other(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getBlockByHash" and answer["result"]:
            answer["result"]["hash"] = "0x" + "66" * 32
        return answer

    async with a_proxy(anvil.url, other) as liar, Rpc([liar], chain_id=31337) as rpc:
        known = await FinalBlocks(rpc, Finality(0)).block(1)
        with pytest.raises(MalformedAnswer):
            await Blocks(rpc).by_hash(known.hash)
