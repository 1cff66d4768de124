"""The network's own two keys, on four nodes in one process: made once, used for one purpose each, and never instead of one another."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import structs
from tests.node.house import POLICY, House, Node, a_house, until
from tests.node.ledger import Ledger
from tests.node.test_assembly import a_call, sign_everywhere

from votive.chain.token import token_id
from votive.core import CombinationFailed, InvalidInput, KeyShare, bls_combine, bls_verify, bls_verify_share
from votive.node.approval import parse_public_key
from votive.node.verification import check_share
from votive.terms.errors import CallerError, ErrorCode, VotiveError, WorldError
from votive.terms.key import NETWORK_KEYS, NETWORK_PURPOSES, Purpose, verification_hash
from votive.terms.participant import Seat

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDENTITY = f"lit-accesscontrolcondition://{'ab' * 32}/{'cd' * 32}".encode()
DIGEST = hashlib.sha256(b"a session").digest()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with a_house(tmp_path_factory.mktemp("house"), policy=replace(POLICY, low=4, high=4)) as made:
        await until(lambda: all(has_keys(node) for node in made.nodes.values()), "both network keys are in use everywhere", 60)
        await until(lambda: len(made.ledger.unminted) > 0, "a key in stock", 60)
        yield made


def has_keys(node: Node) -> bool:
    return all(node.custody.holds(purpose) for purpose in NETWORK_KEYS)


async def shares_of(house: House, purpose: Purpose) -> dict[Seat, KeyShare]:
    return {seat: (await node.custody.network_key(purpose))[1] for seat, node in house.nodes.items()}


async def test_all_nodes_have_a_share_of_the_same_two_keys(house: House) -> None:
    for purpose in NETWORK_PURPOSES:
        shares = await shares_of(house, purpose)
        (public_key,) = {share.public_key for share in shares.values()}
        assert {share.purpose for share in shares.values()} == {purpose.value}
        assert {node.custody.network_public_key(purpose) for node in house.nodes.values()} == {public_key}
        registered = house.ledger.keys[token_id(public_key)]
        assert (registered.purpose, registered.public_key, registered.mintable) == (purpose.value, public_key, False)
        assert all(verification_hash(share.verification_shares) == registered.verification_hash for share in shares.values())
    assert not any(node.custody.lacks_share(purpose) for node in house.nodes.values() for purpose in NETWORK_PURPOSES)
    assert len({node.custody.network_public_key(purpose) for node in house.nodes.values() for purpose in NETWORK_PURPOSES}) == 2


async def test_no_network_key_is_ever_in_stock_or_made_twice(house: House) -> None:
    own = {token_id(key.public_key): key.purpose for key in house.ledger.keys.values() if key.purpose != Purpose.PKP_ECDSA}
    assert Counter(own.values()) == {str(purpose): count for purpose, count in NETWORK_KEYS.items()}
    assert not own.keys() & set(house.ledger.unminted)


async def test_t_shares_make_a_signature_that_verifies_under_its_own_key_alone(house: House) -> None:
    uses: dict[Purpose, tuple[Callable[[KeyShare], bytes], bytes]] = {
        Purpose.ENCRYPTION_BLS: (lambda share: share.decryption_share(IDENTITY), IDENTITY),
        Purpose.SESSION_BLS: (lambda share: share.session_share(DIGEST), DIGEST),
    }
    for purpose, (use, message) in uses.items():
        shares = await shares_of(house, purpose)
        parts = {seat: use(share) for seat, share in list(shares.items())[1:]}
        share = shares[next(iter(shares))]
        signature = bls_combine(share.public_key, 3, parts, message)
        assert bls_verify(share.public_key, message, signature)
        for seat, part in parts.items():
            assert bls_verify_share(share.verification_shares[seat], message, part)
        other = next(another for another in NETWORK_PURPOSES if another != purpose)
        strangers = await shares_of(house, other)
        stranger = strangers[share.seat]
        assert not bls_verify(stranger.public_key, message, signature)
        assert not any(bls_verify_share(stranger.verification_shares[seat], message, part) for seat, part in parts.items())
        with pytest.raises(CombinationFailed):
            bls_combine(stranger.public_key, 3, parts, message)


async def test_every_node_refuses_every_use_of_a_key_for_another_purpose(house: House) -> None:
    """A26: not only the contract."""
    identity_as_digest = hashlib.sha256(IDENTITY).digest()
    for node in house.nodes.values():
        _, encryption = await node.custody.network_key(Purpose.ENCRYPTION_BLS)
        _, session = await node.custody.network_key(Purpose.SESSION_BLS)
        _, pkp = await node.custody.share(next(key.public_key for key in node.custody.live if key.purpose is Purpose.PKP_ECDSA))
        crossings: list[Callable[[], bytes]] = [
            lambda share=session: share.decryption_share(IDENTITY),
            lambda share=pkp: share.decryption_share(IDENTITY),
            lambda share=encryption: share.session_share(DIGEST),
            lambda share=pkp: share.session_share(DIGEST),
            lambda share=encryption: share.decryption_share(DIGEST),
            lambda share=encryption: share.decryption_share(identity_as_digest),
            lambda share=session: share.session_share(IDENTITY),
        ]
        for crossing in crossings:
            with pytest.raises(InvalidInput):
                crossing()


async def test_no_node_signs_with_a_root(house: House) -> None:
    call = a_call(house, DIGEST)
    for key in house.any.custody.network_keys(Purpose.ROOT_ECDSA):
        answers = await sign_everywhere(house, replace(call, public_key=key.public_key))
        assert {error.code for error in answers.values() if isinstance(error, VotiveError)} == {ErrorCode.UNKNOWN_KEY}


async def test_an_ecdsa_request_for_a_network_key_is_refused_by_every_node(house: House) -> None:
    call = a_call(house, DIGEST)
    for purpose in NETWORK_PURPOSES:
        public_key = house.any.custody.network_public_key(purpose)
        assert public_key is not None
        answers = await sign_everywhere(house, replace(call, public_key=public_key))
        for error in answers.values():
            assert isinstance(error, VotiveError)
            assert error.code is ErrorCode.UNKNOWN_KEY
        with pytest.raises(CallerError, match="secp256k1"):
            parse_public_key("0x" + public_key.hex(), "pubkey")


async def test_a_pkp_is_no_network_key(house: House) -> None:
    with pytest.raises(WorldError):
        await house.any.custody.network_key(Purpose.PKP_ECDSA)


async def test_a_share_that_the_chain_knows_for_another_purpose_is_set_aside(house: House) -> None:
    node = list(house.nodes.values())[3]
    key, _ = await node.custody.network_key(Purpose.SESSION_BLS)
    registered = house.ledger.keys[token_id(key.public_key)]
    await check_share(node.custody, key, structs.replace(registered, purpose=Purpose.ENCRYPTION_BLS.value))
    assert "encryption-bls" in node.custody.unavailable[key]
    assert node.custody.network_public_key(Purpose.SESSION_BLS) == key.public_key
    assert node.custody.network_share(Purpose.SESSION_BLS) is None
    with pytest.raises(WorldError) as caught:
        await node.custody.network_key(Purpose.SESSION_BLS)
    assert (caught.value.code, caught.value.status) == (ErrorCode.KEY_UNAVAILABLE, 503)


async def test_a_node_that_lost_everything_knows_the_keys_and_makes_no_others(tmp_path: Path) -> None:
    ledger = Ledger(4)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    async with a_house(tmp_path / "first", ledger=ledger) as made:
        await until(lambda: all(has_keys(node) for node in made.nodes.values()), "both network keys are in use", 60)
        before = {purpose: made.any.custody.network_keys(purpose) for purpose in NETWORK_KEYS}
    async with a_house(tmp_path / "second", ledger=ledger) as again:
        node = again.any
        await until(lambda: node.custody.network_keys(Purpose.ROOT_ECDSA) != (), "the chain was read")
        assert {purpose: node.custody.network_keys(purpose) for purpose in NETWORK_KEYS} == before
        assert all(node.custody.lacks_share(purpose) and not node.custody.holds(purpose) for purpose in NETWORK_KEYS)
        with pytest.raises(WorldError, match="other nodes may"):
            await node.custody.network_key(Purpose.SESSION_BLS)
        assert [node.store.batches_used(1, purpose) for purpose in NETWORK_KEYS] == [[], [], []]
