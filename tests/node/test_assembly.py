"""Four nodes in one process, from an empty stock to a signature and every refusal on the way."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from coincurve import PrivateKey
from tests.node.grants import a_grant
from tests.node.house import POLICY, House, Node, a_house, until

from votive.auth import NotPermitted
from votive.chain.errors import ChainUnavailable
from votive.chain.token import token_id
from votive.core import verify
from votive.node import permission
from votive.node.approval import Call, Made
from votive.node.permission import SharedBlocks
from votive.node.signing import SignOrder
from votive.protocol import DigestsDiffer, PermissionLost, SecondDigest, Signed
from votive.terms.errors import CallerError, ErrorCode, WorldError

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = "0x" + "0a" * 20
STRANGER = "0x" + "0b" * 20


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with a_house(tmp_path_factory.mktemp("house"), policy=replace(POLICY, low=16, high=24, batch=16)) as made:
        await until(lambda: all(len(node.table.live()) == 3 for node in made.nodes.values()), "all pairs are set up", 90)
        await until(lambda: all(len(node.custody.live) >= 24 for node in made.nodes.values()), "the stock is full everywhere", 90)
        yield made


def a_call(house: House, digest: bytes, *, who: str = OWNER, request: bytes | None = None, token: int | None = None) -> Call:
    token = house.ledger.mint(OWNER) if token is None else token
    public_key = house.ledger.keys[token].public_key
    return Call(
        grant=a_grant(who),
        request=request or secrets.token_bytes(32),
        public_key=bytes([2 + public_key[-1] % 2]) + public_key[1:33],
        digest=digest,
        name="pkpSign",
        ordinal=0,
        personal_sign=False,
    )


async def sign_everywhere(house: House, call: Call) -> dict[int, Made | BaseException]:
    made = await asyncio.gather(*(node.approver.sign(call) for node in house.nodes.values()), return_exceptions=True)
    return dict(zip(house.nodes, made, strict=True))


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def test_the_stock_is_filled_and_every_node_holds_a_share_of_every_registered_key(house: House) -> None:
    for node in house.nodes.values():
        assert {token_id(key.public_key) for key in node.custody.live} >= set(house.ledger.unminted)
        assert node.custody.unavailable == {}
        assert node.store.staged() == []


async def test_an_owner_gets_one_signature_from_all_nodes(house: House) -> None:
    call = a_call(house, digest("one"))
    answers = await sign_everywhere(house, call)
    signatures = {made.signed.signature for made in answers.values() if isinstance(made, Made)}
    (signature,) = signatures
    assert len(answers) == 4
    assert verify(call.public_key, call.digest, signature.r, signature.s, signature.recovery_id)


async def test_a_key_minted_a_moment_ago_is_used_at_once(house: House) -> None:
    await until(lambda: len(house.ledger.unminted) > 0, "a key in stock")
    answers = await sign_everywhere(house, a_call(house, digest("fresh")))
    assert all(isinstance(made, Made) for made in answers.values())


async def test_a_repeated_request_gets_the_same_signature_and_another_digest_under_it_is_refused(house: House) -> None:
    call = a_call(house, digest("same"))
    first = (await sign_everywhere(house, call))[3]
    again = (await sign_everywhere(house, call))[3]
    assert isinstance(first, Made)
    assert isinstance(again, Made)
    assert again.signed == first.signed
    token = token_id(call.public_key)
    other = await sign_everywhere(house, a_call(house, digest("other"), request=call.request, token=token))
    assert all(isinstance(error, SecondDigest) for error in other.values())


async def test_a_stranger_is_refused_by_every_node_with_the_tree_that_explains_it(house: House) -> None:
    answers = await sign_everywhere(house, a_call(house, digest("theft"), who=STRANGER))
    for error in answers.values():
        assert isinstance(error, NotPermitted)
        assert error.details[0]["permitted"] is False


async def test_a_right_that_is_gone_at_the_newest_final_block_signs_no_more(house: House) -> None:
    call = a_call(house, digest("mine"))
    token = token_id(call.public_key)
    assert all(isinstance(made, Made) for made in (await sign_everywhere(house, call)).values())
    house.ledger.owners[token] = STRANGER
    house.ledger.mine()
    answers = await sign_everywhere(house, a_call(house, digest("not mine"), token=token))
    assert all(isinstance(error, NotPermitted) for error in answers.values())


@pytest.fixture
def old_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every node approve at the block that it read last, however long ago."""
    monkeypatch.setattr(permission, "LAST_READ_SECONDS", 3600.0)


@pytest.mark.usefixtures("old_blocks")
async def test_a_right_that_ended_before_the_approval_is_refused_with_the_tree_of_the_newest_block(house: House) -> None:
    call = a_call(house, digest("sold"))
    token, before = token_id(call.public_key), [node.approver.signer.last_active for node in house.nodes.values()]
    await asyncio.gather(*(node.approver.blocks.final_block() for node in house.nodes.values()))
    house.ledger.sell(token, STRANGER)
    async with asyncio.timeout(5.0):
        answers = await sign_everywhere(house, call)
    for error in answers.values():
        assert isinstance(error, NotPermitted), answers
        assert error.details[0]["block"]["number"] == house.ledger.number
    active = [node.approver.signer.last_active for node in house.nodes.values()]
    assert sum(now > then for now, then in zip(active, before, strict=True)) >= 3, "it was refused at the approval"


class Interrupted:
    """Signs nothing: something happens, and the permission is lost."""

    def __init__(self, happens: Callable[[], None], then: Callable[[], None]) -> None:
        self.happens, self.then = happens, then

    async def sign(self, order: SignOrder) -> Signed:
        self.happens()
        await order.standing.permits_now()
        self.then()
        raise PermissionLost(order.block.number)


async def test_a_permission_that_was_lost_is_told_as_the_chain_tells_it_where_it_can(house: House) -> None:
    ledger, call = house.ledger, a_call(house, digest("lost"))

    def sold() -> None:
        ledger.owners[token_id(call.public_key)] = STRANGER
        ledger.mine()

    def broken() -> None:
        ledger.down = True

    def nothing() -> None:
        pass

    for happens, then, told in ((sold, nothing, NotPermitted), (sold, broken, PermissionLost), (nothing, nothing, PermissionLost)):
        ledger.owners[token_id(call.public_key)] = OWNER
        ledger.mine()
        approver = replace(house.any.approver, signer=Interrupted(happens, then), blocks=SharedBlocks(ledger))
        try:
            with pytest.raises(told):
                await approver.sign(call)
        finally:
            ledger.down = False


@pytest.mark.usefixtures("old_blocks")
async def test_a_chain_that_goes_down_after_a_signature_is_an_error_at_all_nodes_and_at_once(house: House) -> None:
    call = a_call(house, digest("up"))
    assert all(isinstance(made, Made) for made in (await sign_everywhere(house, call)).values())
    later = a_call(house, digest("down"), token=token_id(call.public_key))
    house.ledger.down = True
    try:
        async with asyncio.timeout(5.0):
            answers = await sign_everywhere(house, later)
    finally:
        house.ledger.down = False
    assert all(isinstance(error, ChainUnavailable) for error in answers.values()), answers
    again = a_call(house, digest("up again"), token=token_id(call.public_key))
    assert all(isinstance(made, Made) for made in (await sign_everywhere(house, again)).values())


async def test_a_key_that_does_not_exist_is_unknown_and_one_without_our_share_is_unavailable(house: House) -> None:
    node = house.any
    stranger = PrivateKey().public_key.format()
    call = a_call(house, digest("unknown"))
    unknown = Call(
        grant=call.grant, request=call.request, public_key=stranger, digest=call.digest, name="x", ordinal=0, personal_sign=False
    )
    with pytest.raises(CallerError) as caught:
        await node.approver.sign(unknown)
    assert caught.value.code is ErrorCode.UNKNOWN_KEY
    (key,) = (key for key in node.custody.live if key.public_key == call.public_key)
    node.custody.set_aside(key, "a test says so")
    with pytest.raises(WorldError) as unavailable:
        await node.approver.sign(call)
    assert unavailable.value.code is ErrorCode.KEY_UNAVAILABLE


async def test_nodes_that_derived_different_digests_say_so_and_sign_nothing(house: House) -> None:
    call = a_call(house, digest("left"))
    other = a_call(house, digest("right"), request=call.request, token=token_id(call.public_key))
    nodes = list(house.nodes.values())
    answers = await asyncio.gather(
        *(node.approver.sign(call if number < 2 else other) for number, node in enumerate(nodes)), return_exceptions=True
    )
    assert all(isinstance(error, DigestsDiffer) for error in answers)


async def test_a_digest_of_zero_is_refused(house: House) -> None:
    with pytest.raises(CallerError):
        await house.any.approver.sign(a_call(house, bytes(32)))


async def test_a_pair_whose_check_failed_waits_before_it_is_set_up_again(house: House) -> None:
    nodes = list(house.nodes.values())
    first, second = nodes[0], nodes[1]
    await fail_pair(first, second)
    assert first.pairs.pausing(second.seat) > 50
    assert second.seat not in first.table.live()
    answers = await sign_everywhere(house, a_call(house, digest("without that pair")))
    assert all(isinstance(made, Made) for made in answers.values())


async def fail_pair(one: Node, other: Node) -> None:
    """What the engine and the protocol do when a check of this pair fails."""
    for node, peer in ((one, other), (other, one)):
        node.table.forget(peer.seat)
        await node.pairs.note_check_failed(peer.seat)


async def test_a_vote_that_was_lost_is_repeated(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        nodes = list(house.nodes.values())
        house.ledger.lost = {node.address for node in nodes[:2]}
        await until(lambda: len(house.ledger.votes) > 0 and nodes[0].store.staged() != [], "the others have voted", 60)
        assert house.ledger.keys == {}
        house.ledger.lost = set()
        await until(lambda: all(len(node.custody.live) >= 2 for node in nodes), "the repeated votes register the keys", 60)
