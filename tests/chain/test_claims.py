"""Root keys, claims and what nodes read of them, on a real chain."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from coincurve import PrivateKey
from eth_abi.abi import encode
from tests.chain.town import GRANT_ACTION, MINT, Town, batch_vote
from tests.core.independent_derivation import decoded, derive, encoded

from votive.chain.abi import Function
from votive.chain.errors import MalformedAnswer
from votive.chain.finality import Block, FinalBlocks, Finality
from votive.chain.keys import Keys, Routing
from votive.chain.permissions import Permissions
from votive.chain.rpc import Rpc
from votive.chain.token import eth_address, token_id
from votive.terms.claim import ROOT_KEYS, claim_digest, user_key_id
from votive.terms.key import BatchVote, Purpose

CLAIM = Function("claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[])", "uint256")
BURN = Function("burn(uint256)", "")
KEY_ID = user_key_id("user", "app")
ACTION = b"\x12\x20" + b"a" * 32


async def head(town: Town) -> Block:
    return await FinalBlocks(town.rpc, Finality.parse("0")).final_block()


def roots_vote(count: int, batch: int) -> BatchVote:
    return msgspec.structs.replace(batch_vote(count, batch + 100), batch=batch, purpose=Purpose.ROOT_ECDSA)


async def register_roots(town: Town, count: int = ROOT_KEYS, batch: int = 1) -> list[bytes]:
    vote = roots_vote(count, batch)
    for node in range(3):
        await town.votes(node).vote(vote)
    return [key.public_key for key in vote.keys]


def granted(town: Town, minter: str) -> list[tuple[bytes, bytes, int]]:
    """Signatures of the wallets of seats 4, 2 and 1."""
    digest = claim_digest(KEY_ID, minter=minter, chain_id=town.anvil.chain_id, router=town.contracts.pubkey_router)
    made = [PrivateKey(hashlib.sha256(b"node %d" % seat).digest()).sign_recoverable(digest, hasher=None) for seat in (4, 2, 1)]
    return [(each[:32], each[32:64], 27 + each[64]) for each in made]


async def claim(town: Town) -> int:
    await town.transact(town.contracts.pkp_nft, CLAIM.call(2, KEY_ID, granted(town, town.alice.address)), value=1)
    return token_id(await child(town))


async def child(town: Town) -> bytes:
    roots = [decoded(root.hex()) for root in await Keys(town.rpc, town.contracts).root_keys()]
    return bytes.fromhex(encoded(derive(roots, KEY_ID)))


async def test_there_are_ten_root_keys_in_their_order_or_none(town: Town) -> None:
    keys = Keys(town.rpc, town.contracts)
    first = await register_roots(town, 9)
    nine = await head(town)
    assert await keys.root_keys(nine) == ()
    second = await register_roots(town, 3, batch=2)
    block = await head(town)
    assert await keys.root_keys(block) == (*first, second[0])
    assert await keys.root_keys(nine) == ()
    assert [key.public_key for key in await keys.of_purpose(Purpose.ROOT_ECDSA, block)] == [*first, *second]


async def test_a_token_says_whether_its_key_is_derived(town: Town) -> None:
    keys = Keys(town.rpc, town.contracts)
    roots = await register_roots(town)
    (generated,) = await town.register()
    before = await head(town)
    token = await claim(town)
    block = await head(town)
    claimed = Routing(public_key=await child(town), derived_key_id=KEY_ID)
    assert claimed.derived
    assert await keys.routing(token, block) == claimed
    assert await keys.routing(token, before) is None
    (minted,) = (await keys.registered([generated], block)).values()
    routing = await keys.routing(generated, block)
    assert routing == Routing(public_key=minted.public_key, derived_key_id=bytes(32))
    assert not routing.derived
    assert await keys.registered([token], block) == {}
    for stranger in (5, token_id(roots[0])):
        assert await keys.routing(stranger, block) is None
    await town.transact(town.contracts.pkp_nft, BURN.call(token))
    assert await keys.routing(token, await head(town)) == claimed


async def test_a_claimed_token_is_any_token_to_its_permissions(town: Town) -> None:
    permissions = Permissions(town.rpc, town.contracts)
    await register_roots(town)
    token = await claim(town)
    await town.transact(town.contracts.pkp_permissions, GRANT_ACTION.call(token, ACTION, [1]))
    block = await head(town)
    assert await permissions.owner(token, block) == town.alice.address
    assert await permissions.permitted_addresses(token, block) == [town.alice.address]
    assert await permissions.is_permitted_action(token, ACTION, block) == (True, frozenset({1}))
    assert await permissions.token_of_address(eth_address(await child(town)), block) == token


async def test_stock_and_mints_do_not_see_claims(town: Town) -> None:
    keys = Keys(town.rpc, town.contracts)
    await register_roots(town)
    (generated,) = await town.register()
    await claim(town)
    assert await keys.stock(await head(town)) == 1
    await town.transact(town.contracts.pkp_nft, MINT.call(2), value=1)
    block = await head(town)
    assert await keys.stock(block) == 0
    assert await Permissions(town.rpc, town.contracts).owner(generated, block) == town.alice.address


ROUTING_TYPE, ROOTS_TYPE = "(bytes,uint256,bytes32)", "(bytes,uint256)[]"
POINT = b"\x04" + bytes(64)


@pytest.mark.parametrize("answer", [(POINT[:-1], 2, bytes(32)), (b"\x02" + POINT[1:], 2, bytes(32)), (POINT, 1, bytes(32))])
async def test_an_answer_that_describes_no_key_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch, answer: tuple[object, ...]) -> None:
    answers(monkeypatch, ROUTING_TYPE, answer)
    with pytest.raises(MalformedAnswer, match="no key of secp256k1"):
        await Keys(town.rpc, town.contracts).routing(5)


@pytest.mark.parametrize("answer", [[(POINT, 2)], [(POINT, 2)] * 11, [(POINT, 2)] * 9 + [(POINT, 1)], [(b"", 2)] * 10])
async def test_another_number_of_roots_than_ten_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch, answer: list[object]) -> None:
    answers(monkeypatch, ROOTS_TYPE, answer)
    with pytest.raises(MalformedAnswer, match=r"root keys, not 10|no key of secp256k1"):
        await Keys(town.rpc, town.contracts).root_keys()


def answers(monkeypatch: pytest.MonkeyPatch, returns: str, value: object) -> None:
    """Let every contract answer this."""

    async def eth_call(*_: object) -> bytes:
        return encode([returns], [value])

    monkeypatch.setattr(Rpc, "eth_call", eth_call)
