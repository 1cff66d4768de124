"""The block that Lit's SDK takes for a nonce: final, fresh, and read seldom."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.node.ledger import Ledger

from votive.chain.errors import ChainUnavailable
from votive.node.api.block_hash import KEPT_SECONDS, NewestBlock
from votive.terms.block import BlockFacts
from votive.terms.encoding import hex0x


class Time:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_it_is_the_newest_final_block_with_its_own_time_in_decimal_seconds() -> None:
    ledger = Ledger(4)
    block = ledger.newest()
    told = json.loads(await NewestBlock(ledger.final_block).told())
    assert told == {"blockhash": hex0x(block.hash), "timestamp": str(block.timestamp), "blockNumber": block.number}


async def test_a_flood_of_callers_asks_the_chain_once_in_a_while() -> None:
    ledger, time = Ledger(4), Time()
    newest = NewestBlock(ledger.final_block, time)
    first = await asyncio.gather(*(newest.told() for _ in range(500)))
    ledger.mine()
    assert await newest.told() == first[0]
    assert ledger.asked == 1
    time.seconds = KEPT_SECONDS
    after = await asyncio.gather(*(newest.told() for _ in range(500)))
    assert {json.loads(told)["blockNumber"] for told in after} == {ledger.number}
    assert ledger.asked == 2


async def test_a_chain_that_is_down_is_told_as_such_asked_seldom_and_found_again() -> None:
    ledger, time = Ledger(4), Time()
    ledger.down = True
    newest = NewestBlock(ledger.final_block, time)
    for _ in range(3):
        with pytest.raises(ChainUnavailable):
            await newest.told()
    assert ledger.asked == 1
    ledger.down, time.seconds = False, KEPT_SECONDS
    assert json.loads(await newest.told())["blockNumber"] == ledger.number


async def test_a_caller_who_goes_takes_nothing_from_those_who_wait() -> None:
    ledger, gate = Ledger(4), asyncio.Event()

    async def read() -> BlockFacts:
        await gate.wait()
        return await ledger.final_block()

    newest = NewestBlock(read)
    gone, waits = (asyncio.create_task(newest.told()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    assert json.loads(await waits)["blockNumber"] == ledger.number
