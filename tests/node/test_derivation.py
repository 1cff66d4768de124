"""Claimed keys on four nodes in one process: they sign as any key does, and cost nothing before the chain knows them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from coincurve import PrivateKey
from msgspec import structs
from tests.node.grants import a_grant
from tests.node.house import POLICY, House, a_house, until
from tests.node.test_assembly import OWNER, STRANGER, sign_everywhere

from votive.auth import NotPermitted
from votive.chain.keys import Routing
from votive.chain.token import token_id
from votive.core import KeyShare, verify
from votive.ipfs import cid_of
from votive.node.approval import Call, Made
from votive.node.derivation import Derivation
from votive.node.execute import action_of
from votive.terms.claim import user_key_id
from votive.terms.errors import CallerError, ErrorCode, VotiveError, WorldError
from votive.terms.key import KeyId, Purpose

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACTION = action_of(cid_of(b"an action"))
DIGEST = hashlib.sha256(b"signed by a claimed key").digest()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with a_house(tmp_path_factory.mktemp("house"), policy=replace(POLICY, low=2, high=2)) as made:
        await until(lambda: all(node.custody.holds(Purpose.ROOT_ECDSA) for node in made.nodes.values()), "ten roots everywhere", 90)
        await until(lambda: all(len(node.table.live()) == 3 for node in made.nodes.values()), "all pairs are set up", 90)
        await until(lambda: len(made.ledger.unminted) > 0, "a key in stock", 90)
        yield made


def a_call(house: House, public_key: bytes, who: str = OWNER) -> Call:
    return Call(
        grant=a_grant(who),
        request=secrets.token_bytes(32),
        public_key=public_key,
        digest=DIGEST,
        name="pkpSign",
        ordinal=0,
        personal_sign=False,
    )


def unclaimed() -> bytes:
    return PrivateKey(secrets.token_bytes(32)).public_key.format()


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The ids that were derived, by whichever node."""
    done: list[bytes] = []

    def derive(roots: list[KeyShare], derived_key_id: bytes, public_key: bytes) -> KeyShare:
        done.append(derived_key_id)
        return KeyShare.derived(roots, derived_key_id, public_key)

    class Counted:
        derived = staticmethod(derive)

    monkeypatch.setattr("votive.node.derivation.KeyShare", Counted)
    return done


async def test_a_claimed_key_signs_for_its_owner_and_for_nobody_else(house: House) -> None:
    public_key = house.ledger.claim(user_key_id("ann", "app"), OWNER)
    answers = await sign_everywhere(house, a_call(house, public_key))
    (signature,) = {made.signed.signature for made in answers.values() if isinstance(made, Made)}
    assert verify(public_key, DIGEST, signature.r, signature.s, signature.recovery_id)
    refusals = await sign_everywhere(house, a_call(house, public_key, STRANGER))
    assert all(isinstance(error, NotPermitted) for error in refusals.values())


async def test_a_burned_claimed_key_signs_for_what_is_permitted_and_for_nobody_else(house: House) -> None:
    public_key = house.ledger.claim(user_key_id("bea", "app"), OWNER)
    assert house.ledger.owners.pop(token_id(public_key)) == OWNER
    refusals = await sign_everywhere(house, a_call(house, public_key))
    assert all(isinstance(error, NotPermitted) for error in refusals.values())
    house.ledger.actions[token_id(public_key)].add(ACTION.multihash)
    call = a_call(house, public_key)
    answers = await sign_everywhere(house, replace(call, grant=structs.replace(call.grant, actions=(ACTION,))))
    assert all(isinstance(made, Made) for made in answers.values())


async def test_each_node_derives_a_key_once_however_many_ask_and_stores_nothing_of_it(house: House, derived: list[bytes]) -> None:
    identity = user_key_id("cid", "app")
    public_key = house.ledger.claim(identity, OWNER)
    before = [node.store.live_keys() for node in house.nodes.values()]
    made = await asyncio.gather(*(sign_everywhere(house, a_call(house, public_key)) for _ in range(4)))
    assert all(isinstance(one, Made) for answers in made for one in answers.values())
    assert derived == [identity] * len(house.nodes)
    assert [node.store.live_keys() for node in house.nodes.values()] == before
    assert KeyId(purpose=Purpose.PKP_ECDSA, public_key=public_key) not in house.any.custody.live


async def test_a_flood_of_keys_that_nobody_claimed_costs_one_read_of_the_chain_each(house: House, derived: list[bytes]) -> None:
    node, before = house.any, house.ledger.routed
    errors = await asyncio.gather(*(node.approver.sign(a_call(house, unclaimed())) for _ in range(100)), return_exceptions=True)
    assert {error.code for error in errors if isinstance(error, CallerError)} == {ErrorCode.UNKNOWN_KEY}
    assert (len(errors), house.ledger.routed - before, derived) == (100, 100, [])


async def test_a_key_of_an_id_that_was_never_claimed_is_unknown(house: House, derived: list[bytes]) -> None:
    public_key = house.ledger.claim(user_key_id("dan", "app"), OWNER)
    del house.ledger.claimed[token_id(public_key)]
    for error in (await sign_everywhere(house, a_call(house, public_key))).values():
        assert isinstance(error, VotiveError)
        assert (error.code, derived) == (ErrorCode.UNKNOWN_KEY, [])


async def test_a_chain_that_names_another_id_for_a_key_makes_no_node_sign(house: House) -> None:
    public_key = house.ledger.claim(user_key_id("eve", "app"), OWNER)
    token = token_id(public_key)
    house.ledger.claimed[token] = Routing(public_key=house.ledger.claimed[token].public_key, derived_key_id=user_key_id("mallory", "app"))
    for error in (await sign_everywhere(house, a_call(house, public_key))).values():
        assert isinstance(error, WorldError)
        assert (error.code, error.status) == (ErrorCode.KEY_UNAVAILABLE, 503)
        assert "another public key" in error.message


async def test_a_node_that_lost_a_generated_keys_share_says_that_others_may_have_it(house: House) -> None:
    token = house.ledger.mint(OWNER)
    node, (lost,) = house.any, [key for key in house.any.custody.live if token_id(key.public_key) == token]
    derivation = Derivation(node.custody, house.ledger, node.approver.blocks)
    with pytest.raises(WorldError, match="other nodes may"):
        await derivation.share(lost.public_key)


async def test_a_node_without_one_of_the_roots_takes_no_part_for_claimed_keys(house: House) -> None:
    """The last test of this house, as it takes a root from a node."""
    node = list(house.nodes.values())[3]
    node.custody.set_aside(node.custody.network_keys(Purpose.ROOT_ECDSA)[4], "it is damaged")
    public_key = house.ledger.claim(user_key_id("fay", "app"), OWNER)
    answers = await sign_everywhere(house, a_call(house, public_key))
    refused = answers.pop(node.seat)
    assert isinstance(refused, WorldError)
    assert refused.code is ErrorCode.KEY_UNAVAILABLE
    assert "it is damaged" in refused.message
    assert all(isinstance(made, Made) for made in answers.values())
    assert not node.custody.holds(Purpose.ROOT_ECDSA)


async def test_of_the_open_shares_the_longest_unused_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("votive.node.derivation.CACHE", 2)
    derivation = Derivation(None, None, None)  # type: ignore[arg-type]  # nothing is asked
    shares = [object() for _ in range(3)]
    for number, share in enumerate(shares[:2]):
        derivation._keep(bytes([number]), share)  # type: ignore[arg-type]  # a stand-in
    assert derivation.opened(b"\x00") is not None
    derivation._keep(b"\x02", shares[2])  # type: ignore[arg-type]  # a stand-in
    assert [derivation.opened(bytes([number])) is not None for number in range(3)] == [True, False, True]
