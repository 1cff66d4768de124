"""Capacity tokens as a node reads them, pinned to a block."""

from __future__ import annotations

from tests.chain.town import Town

from votive.chain.abi import Function
from votive.chain.capacity import MOST_TOKENS, Capacity
from votive.chain.finality import Block, FinalBlocks, Finality

MINT = Function("mint(uint256)", "uint256")
TRANSFER = Function("transferFrom(address,address,uint256)", "")
BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
DAY = 86_400


async def head(town: Town) -> Block:
    return await FinalBlocks(town.rpc, Finality(0)).final_block()


async def mint(town: Town, requests: int, lifetime: int = DAY) -> int:
    """Alice buys a token; returns its expiry."""
    expires_at = (await head(town)).timestamp + lifetime
    await town.transact(town.contracts.rate_limit_nft, MINT.call(expires_at), value=requests * lifetime)
    return expires_at


async def test_tokens_are_read_with_their_capacity_at_a_block(town: Town) -> None:
    capacity = Capacity(town.rpc, town.contracts)
    nothing = await head(town)
    expires_at = await mint(town, 20)
    bought = await head(town)
    (token,) = await capacity.owned(town.alice.address, bought)
    assert (token.token_id, token.owner, token.expires_at) == (1, town.alice.address, expires_at)
    assert token.requests_per_kilosecond >= 20
    assert await capacity.token(1, bought) == token
    await town.transact(town.contracts.rate_limit_nft, TRANSFER.call(town.alice.address, BOB, 1))
    sent = await head(town)
    assert await capacity.owned(town.alice.address, sent) == ()
    assert [each.token_id for each in await capacity.owned(BOB.lower(), sent)] == [1]
    assert (await capacity.token(1, sent)).owner == BOB  # type: ignore[union-attr]
    assert await capacity.owned(town.alice.address, bought) == (token,), "at the former block it was hers"
    assert await capacity.owned(town.alice.address, nothing) == ()
    assert await capacity.token(1, nothing) is None
    assert await capacity.token(2, sent) is None


async def test_an_expired_token_is_none(town: Town) -> None:
    capacity = Capacity(town.rpc, town.contracts)
    expires_at = await mint(town, 5, 100)
    await mint(town, 7)
    before = await head(town)
    town.anvil.ask("evm_setNextBlockTimestamp", hex(expires_at))
    town.anvil.mine()
    after = await head(town)
    assert after.timestamp == expires_at
    assert [token.token_id for token in await capacity.owned(town.alice.address, before)] == [1, 2]
    assert [token.token_id for token in await capacity.owned(town.alice.address, after)] == [2]
    assert await capacity.token(1, after) is None
    assert await capacity.token(1, before) is not None


async def test_a_wallet_that_is_flooded_with_tokens_keeps_the_older_ones(town: Town) -> None:
    capacity = Capacity(town.rpc, town.contracts)
    for _ in range(MOST_TOKENS + 3):
        await mint(town, 1)
    tokens = await capacity.owned(town.alice.address, await head(town))
    assert [token.token_id for token in tokens] == list(range(1, MOST_TOKENS + 1))
