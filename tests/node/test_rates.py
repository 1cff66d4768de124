"""Who asks too often waits; who is right pays nothing; memory stays bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from tests.auth.sessions import NOW, WALLET, Siwe, by_wallet, session
from tests.auth.worlds import Contracts, Moment, a_world
from tests.node.grants import a_grant

from votive.auth import CapacityDelegation, Granting, InvalidAuthSig
from votive.node.authorise import Asked, Authoriser
from votive.node.capacity import Admission, RatePolicy
from votive.node.rates import REMEMBERED, Buckets, Rate, RateLimited, Tolls, network_of
from votive.terms.block import Block
from votive.terms.errors import CallerError, ErrorCode, WorldError

OWNER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ALICE = WALLET.address


async def newest() -> Block:
    return Block(number=9, hash=b"\x09" * 32)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# Buckets


def test_a_bucket_gives_what_it_holds_and_fills_at_its_rate(clock: Clock) -> None:
    buckets, rate = Buckets[str](clock), Rate(3, 0.5)
    assert [buckets.take("a", rate) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]
    assert buckets.take("b", rate) == 0.0
    clock.now += 1.0
    assert buckets.take("a", rate) == pytest.approx(1.0)
    clock.now += 1.0
    assert buckets.take("a", rate) == 0.0
    clock.now += 1e6
    assert [buckets.take("a", rate) for _ in range(4)] == [0.0, 0.0, 0.0, 2.0]


def test_a_clock_that_runs_backwards_fills_nothing(clock: Clock) -> None:
    buckets, rate = Buckets[str](clock), Rate(1, 1.0)
    assert buckets.take("a", rate) == 0.0
    clock.now -= 1e6
    assert buckets.take("a", rate) == 1.0


def test_no_number_of_names_fills_the_memory(clock: Clock) -> None:
    buckets, rate = Buckets[int](clock), Rate(1, 1.0)
    for name in range(REMEMBERED + 1_000):
        buckets.take(name, rate)
    assert len(buckets) == REMEMBERED


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_subscriber_counts_once_however_many_addresses_he_has(client: str, network: str) -> None:
    assert network_of(client) == network


# The toll on costly checks


def test_a_check_that_holds_costs_nothing_and_one_that_fails_does(clock: Clock) -> None:
    toll = Tolls(Rate(2, 0.1), at_once=10, now=clock).of("192.0.2.1")
    for _ in range(100):
        with toll():
            pass
    for _ in range(2):
        with pytest.raises(InvalidAuthSig), toll():
            raise InvalidAuthSig("it does not hold")
    with pytest.raises(RateLimited, match="Try again at 2027-01-15T08:00:10Z") as refusal, toll():
        pass
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.RATE_LIMITED, 402)
    clock.now += 10
    with toll():
        pass


def test_nobody_pays_for_a_chain_that_is_down(clock: Clock) -> None:
    toll = Tolls(Rate(1, 0.1), at_once=10, now=clock).of("192.0.2.1")
    for _ in range(5):
        with pytest.raises(WorldError), toll():
            raise WorldError("the chain does not answer")
    with toll():
        pass


def test_one_address_that_fails_does_not_stop_another(clock: Clock) -> None:
    tolls = Tolls(Rate(1, 0.1), at_once=10, now=clock)
    with pytest.raises(InvalidAuthSig), tolls.of("2001:db8::1")():
        raise InvalidAuthSig("it does not hold")
    with pytest.raises(RateLimited), tolls.of("2001:db8::2")():
        pass
    with tolls.of("2001:db8:0:1::1")():
        pass


def test_so_many_checks_at_once_and_no_more(clock: Clock) -> None:
    tolls = Tolls(Rate(100, 0.1), at_once=2, now=clock)
    with tolls.of("a")(), tolls.of("b")():
        with pytest.raises(CallerError) as refusal, tolls.of("c")():
            pass
        assert (refusal.value.code, refusal.value.status) == (ErrorCode.CONCURRENCY_OVERLOAD, 429)
    with tolls.of("c")():
        pass


# Admission


@dataclass
class Token:
    token_id: int
    requests_per_kilosecond: int
    expires_at: float = NOW + 100_000


@dataclass
class Tokens:
    """RateLimitNFTs by their owner."""

    held: dict[str, list[Token]] = field(default_factory=dict)
    asked: list[Block] = field(default_factory=list)

    async def owned(self, address: str, block: Block) -> Sequence[Any]:
        self.asked.append(block)
        return self.held.get(address, [])


def delegated(**fields: Any) -> CapacityDelegation:
    given: dict[str, Any] = {
        "owner": OWNER,
        "message_hash": b"\x01" * 32,
        "nft_ids": None,
        "delegates": None,
        "uses": None,
        "expires_at": NOW + 1000,
    }
    return CapacityDelegation(**(given | fields))


async def count(admission: Admission, *delegations: CapacityDelegation, caller: str = ALICE, tries: int = 20) -> int:
    """Return how many of ``tries`` requests are admitted."""
    grant = msgspec.structs.replace(a_grant(caller), delegations=delegations)
    admitted = 0
    for _ in range(tries):
        try:
            await admission.admit(grant)
        except RateLimited:
            continue
        admitted += 1
    return admitted


async def test_without_limits_everybody_is_admitted(clock: Clock) -> None:
    assert await count(Admission(RatePolicy(), Tokens(), clock, newest)) == 20


async def test_a_caller_and_the_node_have_limits_of_their_own(clock: Clock) -> None:
    admission = Admission(RatePolicy(node=Rate(15, 1.0), caller=Rate(10, 1.0)), Tokens(), clock, newest)
    assert await count(admission) == 10
    assert await count(admission, caller=OWNER) == 0  # the refused ones counted for the node
    clock.now += 15
    assert await count(admission, caller=OWNER) == 10


async def test_capacity_is_the_sum_of_what_the_caller_owns_and_has_not_expired(clock: Clock) -> None:
    held = {ALICE: [Token(1, 3), Token(2, 2), Token(3, 50, NOW - 1)]}
    admission = Admission(RatePolicy(ask_capacity=True), Tokens(held), clock, newest)
    assert await count(admission) == 5
    assert await count(admission, caller=OWNER) == 0
    clock.now += 500
    assert await count(admission) == 2
    clock.now += 100_000
    assert await count(admission) == 0


async def test_a_token_that_is_handed_about_is_no_fuller_for_it(clock: Clock) -> None:
    token = Token(1, 3)
    tokens = Tokens({ALICE: [token]})
    admission = Admission(RatePolicy(ask_capacity=True), tokens, clock, newest)
    assert await count(admission) == 3
    tokens.held = {OWNER: [token]}
    assert await count(admission, caller=OWNER) == 0
    tokens.held = {ALICE: [token, Token(2, 1)]}
    assert await count(admission) == 1


async def test_capacity_is_looked_for_at_the_newest_block(clock: Clock) -> None:
    tokens = Tokens({ALICE: [Token(1, 9)]})
    await Admission(RatePolicy(ask_capacity=True), tokens, clock, newest).admit(a_grant(ALICE))
    assert tokens.asked == [await newest()]


async def test_a_network_may_give_some_requests_away(clock: Clock) -> None:
    admission = Admission(RatePolicy(ask_capacity=True, free_per_kilosecond=4), Tokens(), clock, newest)
    assert await count(admission) == 4
    assert await count(admission, caller=OWNER) == 4


@pytest.mark.parametrize(
    ("delegation", "admitted"),
    [
        (delegated(), 7),
        (delegated(delegates=(ALICE,)), 7),
        (delegated(delegates=(OWNER,)), 0),
        (delegated(delegates=()), 0),
        (delegated(uses=3), 3),
        (delegated(uses=0), 0),
        (delegated(nft_ids=(2,)), 4),
        (delegated(nft_ids=(9,)), 0),
        (delegated(nft_ids=()), 0),
        (delegated(owner=ALICE), 0),
    ],
)
async def test_a_delegation_lends_its_owners_capacity_within_its_restriction(
    clock: Clock, delegation: CapacityDelegation, admitted: int
) -> None:
    admission = Admission(RatePolicy(ask_capacity=True), Tokens({OWNER: [Token(1, 3), Token(2, 4)]}), clock, newest)
    assert await count(admission, delegation) == admitted


async def test_uses_are_counted_by_the_message_whoever_brings_it(clock: Clock) -> None:
    admission = Admission(RatePolicy(ask_capacity=True), Tokens({OWNER: [Token(1, 100)]}), clock, newest)
    assert await count(admission, delegated(uses=5), tries=3) == 3
    assert await count(admission, delegated(uses=5), caller="0x" + "0c" * 20) == 2
    assert await count(admission, delegated(uses=5, message_hash=b"\x02" * 32)) == 5


async def test_what_is_lent_is_used_up_for_all_who_borrow_and_own_capacity_comes_first(clock: Clock) -> None:
    admission = Admission(RatePolicy(ask_capacity=True), Tokens({OWNER: [Token(1, 5)], ALICE: [Token(2, 2)]}), clock, newest)
    assert await count(admission, delegated()) == 7
    assert await count(admission, delegated(), caller="0x" + "0c" * 20) == 0


async def test_a_refusal_names_every_capacity_that_was_looked_for(clock: Clock) -> None:
    admission = Admission(RatePolicy(ask_capacity=True), Tokens({OWNER: [Token(1, 5)]}), clock, newest)
    grant = msgspec.structs.replace(a_grant(ALICE), delegations=(delegated(delegates=(OWNER,)), delegated(uses=0)))
    with pytest.raises(RateLimited, match="Try again at") as refusal:
        await admission.admit(grant, refusal_status=400)
    assert refusal.value.status == 400
    (tree,) = refusal.value.details
    assert [alternative["seen"] for alternative in tree["alternatives"]] == [
        "no token that has not expired",
        f"it is delegated to {OWNER}",
        "it was used 0 times, as often as it may be",
        "0 in 1000 s",
    ]


# A flood


async def test_a_flood_of_requests_that_are_wrong_leaves_the_right_ones_alone(clock: Clock) -> None:
    """Ten wrong requests for each right one, which cost a contract call each until their addresses run dry."""
    contracts = Contracts()
    world = a_world(Moment(NOW), contract_wallets=contracts, chain_id=1)
    tolls = Tolls(Rate(20, 1.0), at_once=32, now=clock)
    authoriser = Authoriser(Granting(world), Admission(RatePolicy(), Tokens(), clock, newest), tolls)
    wrong = by_wallet(Siwe(address=OWNER).message(), derivedVia="EIP1271", address=OWNER)

    async def ask(number: int) -> str:
        flood = number % 11 != 0
        capability = wrong if flood else by_wallet(Siwe(said=f"Number {number % 7}.").message())
        auth_sig = msgspec.to_builtins(session(capabilities=[capability]))
        client = f"2001:db8::{number:x}" if flood else "192.0.2.7"
        try:
            await authoriser.authorise(Asked("/web/execute/v1", f"lit_{number}", {"authSig": auth_sig}, client=client))
        except RateLimited:
            return "limited"
        except InvalidAuthSig:
            return "wrong"
        return "right"

    answers = await asyncio.gather(*(ask(number) for number in range(1_100)))
    assert answers.count("right") == 100
    assert answers.count("wrong") <= 21
    assert len(contracts.asked) == answers.count("wrong")
