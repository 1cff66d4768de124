"""Every event means "read the state again", and none is missed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from tests.chain.town import MINT, Anvil, Town, batch_vote, free_port

from votive.chain.events import Change, Watcher
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.rpc import Rpc


class Memory:
    """A cursor store in memory."""

    def __init__(self) -> None:
        self.saved: bytes | None = None

    def load(self) -> bytes | None:
        return self.saved

    def save(self, cursor: bytes) -> None:
        self.saved = cursor


def watcher(town: Town, cursor: Memory, finality: str = "0") -> Watcher:
    contracts = town.contracts
    addresses = (contracts.pubkey_router, contracts.pkp_nft, contracts.pkp_permissions)
    return Watcher(town.rpc, FinalBlocks(town.rpc, Finality.parse(finality)), addresses, cursor, interval=0.02)


async def news(town: Town, cursor: Memory, finality: str = "0") -> list[Change]:
    return [change async for change in watcher(town, cursor, finality).news()]


async def test_the_first_change_is_where_the_watcher_starts(town: Town) -> None:
    cursor = Memory()
    (change,) = await news(town, cursor)
    assert change.skipped
    assert await news(town, cursor) == []


async def test_every_block_with_events_is_one_change(town: Town) -> None:
    cursor = Memory()
    await news(town, cursor)
    await town.register(2)
    town.anvil.mine(3)
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    changes = await news(town, cursor)
    assert [len(change.logs) for change in changes] == [2, 2, 6, 2]
    assert not any(change.skipped or change.reorganised for change in changes)
    assert await news(town, cursor) == []


async def test_other_contracts_events_are_no_change(town: Town) -> None:
    cursor = Memory()
    await news(town, cursor)
    await town.transact(town.wallets[0].address, b"", value=1)
    assert await news(town, cursor) == []


async def test_a_restart_repeats_nothing_and_misses_nothing(town: Town) -> None:
    cursor = Memory()
    await news(town, cursor)
    await town.votes(0).vote(batch_vote(1))
    await town.votes(1).vote(batch_vote(1))
    first = watcher(town, cursor).news()
    seen = await anext(first)
    await first.aclose()  # the process ends before this change was dealt with
    again = await news(town, cursor)
    assert again[0] == seen
    assert len(again) == 2
    assert await news(town, cursor) == []


async def test_a_reorganisation_is_a_change(town: Town) -> None:
    cursor = Memory()
    await news(town, cursor)
    await town.votes(0).vote(batch_vote(1))
    assert len(await news(town, cursor)) == 1
    town.anvil.ask("anvil_reorg", 1, [])
    town.anvil.mine(2)
    (change,) = await news(town, cursor)
    assert change.reorganised
    assert await news(town, cursor) == []


async def test_a_reorganisation_before_finality_is_never_seen(town: Town) -> None:
    cursor = Memory()
    town.anvil.mine(2)
    await news(town, cursor, "2")
    await town.votes(0).vote(batch_vote(1))
    assert await news(town, cursor, "2") == []
    town.anvil.ask("anvil_reorg", 1, [])
    town.anvil.mine(4)
    assert await news(town, cursor, "2") == []


async def test_a_chain_that_went_back_is_a_reorganisation(town: Town) -> None:
    cursor = Memory()
    town.anvil.mine(1)
    snapshot = town.anvil.ask("evm_snapshot")
    town.anvil.mine(5)
    await news(town, cursor)
    town.anvil.ask("evm_revert", snapshot)
    (change,) = await news(town, cursor)
    assert change.reorganised


async def test_a_long_gap_is_one_change(town: Town) -> None:
    cursor = Memory()
    await news(town, cursor)
    await town.votes(0).vote(batch_vote(1))
    town.anvil.mine(300)
    (change,) = await news(town, cursor)
    assert change.skipped


async def test_a_change_wakes_who_waits_for_it(town: Town) -> None:
    changed = asyncio.Event()
    running = asyncio.create_task(watcher(town, Memory()).run(changed))
    await asyncio.wait_for(changed.wait(), 20)
    changed.clear()
    await town.votes(0).vote(batch_vote(1))
    await asyncio.wait_for(changed.wait(), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_chain_that_was_away_is_heard_again(anvil_binary: str) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        with Anvil(anvil_binary, port) as anvil:
            rpc = await stack.enter_async_context(Rpc([anvil.url], chain_id=31337, deadline=0.3))
            changed = asyncio.Event()
            blocks = FinalBlocks(rpc, Finality.parse("0"))
            running = asyncio.create_task(Watcher(rpc, blocks, (), Memory(), interval=0.02).run(changed))
            stack.push_async_callback(asyncio.wait, [running])
            stack.callback(running.cancel)
            await asyncio.wait_for(changed.wait(), 20)
        changed.clear()
        # The first block bears the second of anvil's start: within the same one, the new chain would be the old one and nothing new.
        await asyncio.sleep(1.1)
        with Anvil(anvil_binary, port) as anvil:
            anvil.mine(3)
            await asyncio.wait_for(changed.wait(), 20)
        assert not running.done()
