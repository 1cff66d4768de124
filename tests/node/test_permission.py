"""Final blocks are shared among those who ask, and never older than the question."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from tests.node.grants import a_grant
from tests.node.ledger import Ledger, hash_of

from votive.chain.errors import ChainUnavailable
from votive.node.permission import SharedBlocks, Standing
from votive.terms.block import Block

OWNER = "0x" + "0a" * 20
KEY = "0x" + "0c" * 20


async def test_questions_that_come_together_are_asked_once() -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    seen = await asyncio.gather(*(blocks.final_block() for _ in range(50)))
    assert ledger.asked == 1
    assert {block.number for block in seen} == {1}


async def test_an_answer_is_never_older_than_the_question() -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    for number in range(1, 20):
        assert (await blocks.final_block()).number == number
        ledger.mine()


async def test_a_chain_that_fails_fails_for_all_who_asked_and_is_asked_again() -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    ledger.down = True
    answers = await asyncio.gather(*(blocks.final_block() for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, ChainUnavailable) for answer in answers)
    ledger.down = False
    assert (await blocks.final_block()).number == 1


async def test_one_who_stops_waiting_does_not_stop_the_others() -> None:
    blocks = SharedBlocks(Ledger(4))
    first, second = asyncio.create_task(blocks.final_block()), asyncio.create_task(blocks.final_block())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).number == 1
    with pytest.raises(asyncio.CancelledError):
        await first


def standing(ledger: Ledger, address: str = OWNER) -> Standing:
    return Standing(a_grant(address), 7, KEY, False, ledger, SharedBlocks(ledger))


async def test_a_right_counts_only_at_a_block_that_is_final_here() -> None:
    ledger = Ledger(4)
    ledger.owners[7] = OWNER
    asked = standing(ledger)
    assert await asked.permits(Block(number=1, hash=hash_of(1)))
    assert not await asked.permits(Block(number=1, hash=bytes(32)))
    assert not await asked.permits(Block(number=2, hash=hash_of(2)))


async def test_a_right_that_ended_is_seen_at_once() -> None:
    ledger = Ledger(4)
    ledger.owners[7] = OWNER
    asked = standing(ledger)
    assert await asked.permits_now()
    del ledger.owners[7]
    ledger.mine()
    assert not await asked.permits_now()


def test_a_standing_names_its_question_and_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        standing(Ledger(4)).token_id = 8  # type: ignore[misc]
