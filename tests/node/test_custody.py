"""Shares in use: opened once, checked against the chain, set aside when they do not fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest
from tests.node.ledger import Ledger

from votive.chain.keys import RegisteredKey
from votive.chain.token import token_id
from votive.core import DkgParty, KeyShare, SealingKey
from votive.node.custody import Custody
from votive.node.verification import check_all, check_share
from votive.store import KeyUnavailable
from votive.terms.errors import CallerError, ErrorCode, WorldError
from votive.terms.key import KeyId, Purpose, Scheme, verification_hash
from votive.terms.participant import Seat

SEATS = [Seat(1), Seat(2), Seat(3), Seat(4)]


def some_shares(count: int) -> list[KeyShare]:
    """The shares of seat 1 in a batch that four parties generated."""
    sealing = {seat: SealingKey.generate() for seat in SEATS}
    context = hashlib.sha256(b"custody").digest()

    def without(me: Seat, values: Mapping[Seat, bytes]) -> dict[Seat, bytes]:
        return {seat: value for seat, value in values.items() if seat != me}

    public = {seat: key.public_key for seat, key in sealing.items()}
    parties = {
        me: DkgParty(context=context, seat=me, seats=SEATS, threshold=3, count=count, sealing=sealing[me], peer_keys=without(me, public))
        for me in SEATS
    }
    commits = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    deals = {seat: party.deal(without(seat, commits), without(seat, reveals)) for seat, party in parties.items()}
    return parties[SEATS[0]].finish({seat: deals[seat][SEATS[0]] for seat in SEATS[1:]})


def key_of(share: KeyShare) -> KeyId:
    return KeyId(purpose=Purpose.PKP_ECDSA, public_key=share.public_key)


class Cupboard:
    """Takes the place of the store."""

    def __init__(self, *shares: KeyShare) -> None:
        self.shares = {key_of(share): share for share in shares}
        self.damaged: set[KeyId] = set()
        self.opened = 0

    def live_keys(self) -> list[KeyId]:
        return list(self.shares)

    def share(self, key: KeyId) -> KeyShare:
        self.opened += 1
        if key in self.damaged:
            raise KeyUnavailable("it does not open")
        return self.shares[key]


def registered(share: KeyShare, **changes: bytes) -> RegisteredKey:
    fields = {"verification_hash": verification_hash(share.verification_shares), "transcript_hash": bytes(32)} | changes
    return RegisteredKey(
        public_key=share.public_key_uncompressed,
        scheme=Scheme.ECDSA_SECP256K1,
        purpose="pkp-ecdsa",
        mintable=True,
        epoch=1,
        batch=1,
        deadline_block=9,
        **fields,
    )


@pytest.fixture(scope="module")
def shares() -> list[KeyShare]:
    return some_shares(3)


def custody_of(*shares: KeyShare) -> tuple[Custody, Cupboard]:
    cupboard = Cupboard(*shares)
    custody = Custody(cupboard)
    custody.refresh()
    return custody, cupboard


async def test_a_share_is_opened_once(shares: list[KeyShare]) -> None:
    custody, cupboard = custody_of(*shares)
    for _ in range(3):
        key, share = await custody.share(shares[0].public_key)
        assert (key, share) == (key_of(shares[0]), shares[0])
    assert cupboard.opened == 1


async def test_a_key_that_is_not_there_is_unknown(shares: list[KeyShare]) -> None:
    custody, _ = custody_of(shares[0])
    with pytest.raises(CallerError) as caught:
        await custody.share(shares[1].public_key)
    assert (caught.value.code, caught.value.status) == (ErrorCode.UNKNOWN_KEY, 404)


async def test_a_share_that_fits_the_chain_stays_in_use_and_the_others_are_set_aside(shares: list[KeyShare]) -> None:
    good, forged, unregistered = shares
    custody, _ = custody_of(*shares)
    ledger = Ledger(4)
    ledger.keys = {
        token_id(good.public_key): registered(good),
        token_id(forged.public_key): registered(forged, verification_hash=bytes(32)),
    }
    await check_all(custody, ledger, ledger.newest())  # type: ignore[arg-type]  # the ledger answers like the chain
    assert custody.live == {key_of(good)}
    assert set(custody.unavailable) == {key_of(forged), key_of(unregistered)}
    with pytest.raises(WorldError) as caught:
        await custody.share(forged.public_key)
    assert caught.value.code is ErrorCode.KEY_UNAVAILABLE


async def test_a_share_that_does_not_open_is_set_aside_and_the_node_goes_on(shares: list[KeyShare]) -> None:
    custody, cupboard = custody_of(*shares)
    cupboard.damaged.add(key_of(shares[0]))
    await check_share(custody, key_of(shares[0]), registered(shares[0]))
    assert "does not open" in custody.unavailable[key_of(shares[0])]
    assert len(custody.live) == 2
