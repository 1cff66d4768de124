"""Which block is final, through reorganisations."""

from __future__ import annotations

from typing import Any

import pytest
from tests.chain.town import GRANT_ACTION, MINT, REVOKE_ACTION, Anvil, Town, a_proxy

from votive.chain.errors import BlockGone, ChainUnavailable
from votive.chain.finality import Block, FinalBlocks, Finality
from votive.chain.permissions import Permissions
from votive.chain.rpc import Rpc

GRANTED = b"\x12\x20" + b"g" * 32
WITHDRAWN = b"\x12\x20" + b"w" * 32


@pytest.mark.parametrize(("text", "confirmations"), [("finalized", None), ("0", 0), (0, 0), ("2", 2)])
def test_finality_is_the_chains_own_or_a_number_of_confirmations(text: str | int, confirmations: int | None) -> None:
    assert Finality.parse(text).confirmations == confirmations


@pytest.mark.parametrize("text", ["", "latest", "-1", "1.5", "²", " 2"])
def test_any_other_finality_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="finality is"):
        Finality.parse(text)


async def test_with_no_confirmations_the_head_is_final(anvil: Anvil, rpc: Rpc) -> None:
    blocks = FinalBlocks(rpc, Finality.parse("0"))
    anvil.mine(3)
    block = await blocks.final_block()
    assert block.number == 3
    assert await blocks.is_final(3, block.hash)
    assert not await blocks.is_final(4, block.hash)
    assert not await blocks.is_final(3, b"\x01" * 32)
    assert not await blocks.is_final(2, block.hash)
    assert await blocks.is_final(2, block.parent_hash)


async def test_the_chains_own_finality_is_asked_for(anvil: Anvil, rpc: Rpc) -> None:
    blocks = FinalBlocks(rpc, Finality.parse("finalized"))
    anvil.mine(100)
    final = int(anvil.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)
    assert (await blocks.final_block()).number == final < 100


async def test_a_block_is_final_after_its_confirmations(anvil: Anvil, rpc: Rpc) -> None:
    blocks = FinalBlocks(rpc, Finality.parse("2"))
    assert (await blocks.final_block()).number == 0
    anvil.mine(5)
    assert (await blocks.final_block()).number == 3
    head = await blocks.block(5)
    assert not await blocks.is_final(5, head.hash)
    anvil.mine(2)
    assert await blocks.is_final(5, head.hash)


async def test_a_reorganised_block_is_not_final_any_more(anvil: Anvil, rpc: Rpc) -> None:
    blocks = FinalBlocks(rpc, Finality.parse("2"))
    anvil.mine(6)
    orphan = await blocks.block(5)
    anvil.ask("anvil_reorg", 3, [])
    anvil.mine(4)
    assert (await blocks.final_block()).number >= 5
    assert not await blocks.is_final(5, orphan.hash)


async def test_no_right_follows_from_an_orphaned_block(town: Town) -> None:
    """A token whose mint was reorganised away belongs to nobody, and what was read at its block is not read again elsewhere."""
    blocks = FinalBlocks(town.rpc, Finality.parse("2"))
    permissions = Permissions(town.rpc, town.contracts)
    (token,) = await town.register()
    town.anvil.mine(3)
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    minted_at = await blocks.block(int(town.anvil.ask("eth_blockNumber"), 16))
    assert await permissions.owner(token, await blocks.final_block()) is None
    assert await permissions.owner(token, minted_at) == town.alice.address
    town.anvil.ask("anvil_reorg", 1, [])
    town.anvil.mine(3)
    assert not await blocks.is_final(minted_at.number, minted_at.hash)
    assert await permissions.owner(token, await blocks.final_block()) is None


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 13, 33, 64])
@pytest.mark.parametrize("confirmations", [2, 12])
async def test_a_reorganisation_of_any_depth_leaves_no_decision_at_an_orphan(town: Town, depth: int, confirmations: int) -> None:
    """A right that was granted, and one that was withdrawn, in blocks that a reorganisation takes back or leaves."""
    blocks = FinalBlocks(town.rpc, Finality(confirmations))
    permissions = Permissions(town.rpc, town.contracts)
    (token,) = await town.register()
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    await town.transact(town.contracts.pkp_permissions, GRANT_ACTION.call(token, WITHDRAWN, [1]))
    town.anvil.mine(70)
    await town.transact(town.contracts.pkp_permissions, GRANT_ACTION.call(token, GRANTED, [1]))
    await town.transact(town.contracts.pkp_permissions, REVOKE_ACTION.call(token, WITHDRAWN))
    town.anvil.mine(confirmations)
    decision = await blocks.final_block()
    assert await both(permissions, token, decision) == (True, False)
    town.anvil.ask("anvil_reorg", depth, [])
    town.anvil.mine(confirmations + 1)
    still = await blocks.is_final(decision.number, decision.hash)
    assert still is (depth <= confirmations), "what has more blocks on top than were taken back stays, all else does not"
    after = await blocks.final_block()
    # The two transactions stand in the two blocks beneath the confirmations.
    assert await both(permissions, token, after) == (depth <= confirmations + 1, depth > confirmations)
    if not still:
        with pytest.raises(BlockGone):
            await Permissions(town.rpc, town.contracts).permitted_actions(token, decision)


async def both(permissions: Permissions, token: int, block: Block) -> tuple[bool, bool]:
    granted, _ = await permissions.is_permitted_action(token, GRANTED, block)
    withdrawn, _ = await permissions.is_permitted_action(token, WITHDRAWN, block)
    return granted, withdrawn


async def test_an_endpoint_that_runs_ahead_alone_decides_nothing(anvil: Anvil) -> None:
    anvil.mine(5)

    def ahead(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getBlockByNumber" and answer["result"]:
            answer["result"]["number"] = hex(int(answer["result"]["number"], 16) + 1000)
            answer["result"]["hash"] = "0x" + "66" * 32
        return answer

    async with a_proxy(anvil.url, ahead) as liar, a_proxy(anvil.url, lambda _, answer: answer) as second:
        for urls in ([liar, anvil.url, second], [anvil.url, liar, second], [second, anvil.url, liar]):
            async with Rpc(urls, chain_id=31337, quorum=2) as rpc:
                block = await FinalBlocks(rpc, Finality.parse("0")).final_block()
                assert block.number == 5
                assert block.hash != b"\x66" * 32


async def test_a_block_beyond_the_head_is_gone(rpc: Rpc) -> None:
    with pytest.raises(BlockGone):
        await FinalBlocks(rpc, Finality.parse("0")).block(7)


async def test_a_block_that_not_all_have_reached_is_waited_for(anvil: Anvil) -> None:
    """One endpoint lags by a block until it was asked twice; the other is ahead."""
    anvil.mine(5)
    asked = 0

    def lagging(method: str, answer: dict[str, Any]) -> dict[str, Any]:
        nonlocal asked
        if method == "eth_getBlockByNumber" and answer["result"] and int(answer["result"]["number"], 16) == 5:
            asked += 1
            return answer | {"result": None} if asked == 2 else answer
        return answer

    async with a_proxy(anvil.url, lagging) as late, Rpc([late, anvil.url], chain_id=31337, quorum=2) as rpc:
        assert (await FinalBlocks(rpc, Finality(0)).final_block()).number == 5
    assert asked > 2


async def test_endpoints_that_fall_back_do_not_take_the_final_block_along(anvil: Anvil) -> None:
    anvil.mine(9)
    behind = False

    def falling(method: str, answer: dict[str, Any]) -> Any:
        if behind and method == "eth_getBlockByNumber" and answer["result"] and answer["result"]["number"] == "0x9":
            return anvil_block(anvil, 2, answer["id"])
        return answer

    async with (
        a_proxy(anvil.url, falling) as one,
        a_proxy(anvil.url, falling) as two,
        Rpc([one, two, anvil.url], chain_id=31337, quorum=2) as rpc,
    ):
        blocks = FinalBlocks(rpc, Finality(0))
        before = await blocks.final_block()
        assert before.number == 9
        behind = True
        with pytest.raises(ChainUnavailable):
            await blocks.final_block()
        behind = False
        anvil.mine()
        assert (await blocks.final_block()).number == 10


def anvil_block(anvil: Anvil, number: int, identity: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "result": anvil.ask("eth_getBlockByNumber", hex(number), False)}
