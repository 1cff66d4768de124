"""Final blocks are shared among those who ask and never older than the question, unless the last one read will do: then it only permits."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from tests.node.grants import a_grant
from tests.node.ledger import Ledger, hash_of

from votive.auth import NotPermitted
from votive.chain.errors import BlockGone, ChainUnavailable
from votive.node import permission
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


class Slow(Ledger):
    """Sees the chain when it is asked, and says so when it may."""

    def __init__(self) -> None:
        super().__init__(4)
        self.may_say = asyncio.Event()

    async def final_block(self, name: str = "") -> Block:
        may_say, block = self.may_say, await super().final_block(name)
        await may_say.wait()
        return block


async def asked(blocks: SharedBlocks, count: int) -> list[asyncio.Task[Block]]:
    """Return as many who ask, their question on its way."""
    asking = [asyncio.create_task(blocks.final_block()) for _ in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    return asking


async def test_one_who_stops_waiting_for_a_question_on_its_way_does_not_stop_the_others() -> None:
    chain = Slow()
    blocks = SharedBlocks(chain)
    first, second, third = await asked(blocks, 3)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    chain.may_say.set()
    assert (await second, await third) == (chain.newest(), chain.newest())
    assert chain.asked == 1


async def test_a_question_that_nobody_waits_for_any_more_is_in_nobodys_way() -> None:
    chain = Slow()
    blocks = SharedBlocks(chain)
    (first,) = await asked(blocks, 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    chain.may_say.set()
    chain.mine()
    assert (await blocks.final_block()).number == 2


async def test_a_question_on_its_way_is_not_shared_any_more() -> None:
    chain = Slow()
    blocks = SharedBlocks(chain)
    (early,) = await asked(blocks, 1)
    chain.mine()
    (late,) = await asked(blocks, 1)
    chain.may_say.set()
    assert ((await early).number, (await late).number) == (1, 2)


async def test_a_read_that_is_ended_ends_those_who_wait_for_it() -> None:
    chain = Slow()
    (waiting,) = await asked(SharedBlocks(chain), 1)
    (reader,) = asyncio.all_tasks() - {waiting, asyncio.current_task()}
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_block_is_asked_about_again_when_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    final = await blocks.final_block()
    ledger.number = 0  # a chain that knows nothing of it any more
    assert await blocks.is_final(final)
    monkeypatch.setattr(permission, "MEMORY_SECONDS", 0.0)
    assert not await blocks.is_final(final)


# The last block read


class Time:
    """The clock of blocks' age, in the test's hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(permission, "time", made)
    return made


async def test_the_last_block_read_is_offered_for_a_second_from_its_question_on(time: Time) -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    assert blocks.last_read() is None
    await blocks.final_block()
    ledger.mine()
    time.now += permission.LAST_READ_SECONDS - 0.01
    assert blocks.last_read() == ledger.at(1)
    time.now += 0.01
    assert blocks.last_read() is None
    assert ledger.asked == 1


async def test_whoever_reads_the_newest_block_offers_it_to_all(time: Time) -> None:
    ledger = Ledger(4)
    blocks = SharedBlocks(ledger)
    await blocks.final_block()
    ledger.mine()
    await blocks.final_block()
    assert blocks.last_read() == ledger.at(2)


async def test_an_answer_that_was_slow_is_as_old_as_its_question(time: Time) -> None:
    chain = Slow()
    blocks = SharedBlocks(chain)
    (slow,) = await asked(blocks, 1)
    time.now += permission.LAST_READ_SECONDS
    chain.may_say.set()
    await slow
    assert blocks.last_read() is None


async def test_an_answer_that_was_slow_replaces_no_younger_one(time: Time) -> None:
    chain = Slow()
    blocks = SharedBlocks(chain)
    (slow,) = await asked(blocks, 1)
    time.now += 0.5
    chain.mine()
    chain.may_say, waits = asyncio.Event(), chain.may_say
    (quick,) = await asked(blocks, 1)
    for may_say, answer in ((chain.may_say, quick), (waits, slow)):
        may_say.set()
        await answer
    assert blocks.last_read() == chain.at(2)


def standing(ledger: Ledger, address: str = OWNER) -> Standing:
    return Standing(a_grant(address), 7, KEY, False, ledger, SharedBlocks(ledger))


class History(Ledger):
    """Knows who owned what at each block, and which blocks a reorganisation took away."""

    def __init__(self) -> None:
        super().__init__(4)
        self.owned: dict[int, str] = {}
        """From this block on."""
        self.gone: set[int] = set()

    async def owner(self, token: int, block: Block) -> str | None:
        if block.number in self.gone:
            raise BlockGone("reorganised")
        return next((owner for since, owner in sorted(self.owned.items(), reverse=True) if since <= block.number), None)


async def test_a_right_at_the_last_block_read_needs_no_new_one(time: Time) -> None:
    ledger = History()
    ledger.owned = {1: OWNER}
    asked = standing(ledger)
    assert [(await asked.approval_block()).number for _ in range(5)] == [1] * 5
    assert ledger.asked == 1


async def test_a_right_that_is_new_counts_at_once(time: Time) -> None:
    ledger = History()
    asked = standing(ledger)
    await asked.blocks.final_block()
    ledger.mine()
    ledger.owned = {2: OWNER}
    assert (await asked.approval_block()).number == 2


async def test_a_refusal_is_of_the_newest_block_and_costs_one_reading(time: Time) -> None:
    ledger = History()
    asked = standing(ledger)
    for number in (1, 2):
        with pytest.raises(NotPermitted) as refusal:
            await asked.approval_block()
        assert refusal.value.details[0]["block"]["number"] == ledger.asked == number
        ledger.mine()


async def test_a_last_block_that_a_reorganisation_took_away_decides_nothing(time: Time) -> None:
    ledger = History()
    ledger.owned = {1: OWNER}
    asked = standing(ledger)
    await asked.blocks.final_block()
    ledger.gone = {1}
    ledger.mine()
    assert (await asked.approval_block()).number == 2


async def test_a_right_that_ended_after_the_last_block_read_is_found_out_before_the_last_message(time: Time) -> None:
    ledger = History()
    ledger.owned = {1: OWNER, 2: KEY}
    asked = standing(ledger)
    await asked.approval_block()
    ledger.mine()
    assert (await asked.approval_block()).number == 1
    assert not await asked.permits_now()
    with pytest.raises(NotPermitted):
        await asked.approval_block()


class Asked(Ledger):
    """Notes what is asked about blocks."""

    def __init__(self) -> None:
        super().__init__(4)
        self.questions: list[str] = []

    async def is_final(self, number: int, block_hash: bytes) -> bool:
        self.questions.append(f"is {number} final")
        return await super().is_final(number, block_hash)

    async def block(self, number: int) -> Block:
        self.questions.append(f"which is {number}")
        return await super().block(number)


async def test_below_a_block_that_was_final_it_is_asked_only_which_one_is_canonical() -> None:
    chain = Asked()
    chain.number = 5
    blocks = SharedBlocks(chain)
    assert await blocks.is_final(chain.at(3))
    assert await blocks.is_final(chain.at(3))
    await blocks.final_block()
    assert await blocks.is_final(chain.at(4))
    assert not await blocks.is_final(Block(number=4, hash=bytes(32)))
    chain.mine()
    assert await blocks.is_final(chain.at(6))
    assert chain.questions == ["is 3 final", "which is 4", "which is 4", "is 6 final"]


async def test_a_right_counts_only_at_a_block_that_is_final_here() -> None:
    ledger = Ledger(4)
    ledger.owners[7] = OWNER
    asked = standing(ledger)
    assert await asked.permits(Block(number=1, hash=hash_of(1)))
    assert not await asked.permits(Block(number=1, hash=bytes(32)))
    assert not await asked.permits(Block(number=2, hash=hash_of(2)))


async def test_a_block_is_decided_once_as_its_state_never_changes() -> None:
    ledger = Ledger(4)
    ledger.owners[7] = OWNER
    asked = standing(ledger)
    assert await asked.permits_now()
    del ledger.owners[7]  # of a block whose state is known, as no chain does it
    assert await asked.permits_now()


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
