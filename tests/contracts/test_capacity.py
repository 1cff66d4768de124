"""Capacity tokens: bought at a price, worth what they say until they expire, and nobody's to take."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

import pytest
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.contracts.evm import Evm, Reverted
from tests.contracts.histories import Histories

DAY = 86_400
COST = 1
"""Wei of one request per kilosecond for one second, as the test network is deployed."""


def mint(evm: Evm, owner: str, requests: int = 10, lifetime: int = DAY) -> tuple[int, int]:
    """Buy a token and return its id and expiry; the payment covers the block of the mint as well."""
    expires_at = evm.now + lifetime
    paid = evm.capacity.calculateCost(requests, expires_at)
    events = evm.capacity.mint(expires_at, sender=owner, value=paid)
    return events[0].values["tokenId"], expires_at


def test_the_first_log_of_a_mint_is_the_transfer_that_clients_read_the_token_from(evm: Evm) -> None:
    expires_at = evm.now + DAY
    events = evm.capacity.mint(expires_at, sender=evm.alice, value=evm.capacity.calculateCost(5, expires_at))
    assert [event.name for event in events] == ["Transfer"]
    assert events[0].values == {"from": "0x" + "00" * 20, "to": evm.alice.lower(), "tokenId": 1}
    assert evm.capacity.ownerOf(1) == evm.alice.lower()


def test_a_token_is_worth_what_was_paid_until_it_expires(evm: Evm) -> None:
    token, expires_at = mint(evm, evm.alice, 14)
    requests, until = evm.capacity.capacity(token)
    assert until == expires_at
    assert requests in (14, 15), "time passed between the price and the mint, so that the payment bought a little more, if anything"
    assert not evm.capacity.isExpired(token)
    evm.wait_until(expires_at - 1)
    assert not evm.capacity.isExpired(token)
    evm.wait_until(expires_at)
    assert evm.capacity.isExpired(token)
    assert evm.capacity.liveToken(token) == ("0x" + "00" * 20, (0, 0, 0))


def test_price_and_capacity_are_each_others_inverse(evm: Evm) -> None:
    expires_at = evm.now + DAY
    for requests in (1, 7, 1000, 10**9):
        cost = evm.capacity.calculateCost(requests, expires_at)
        assert cost == requests * (expires_at - evm.now) * COST
        assert evm.capacity.calculateRequestsPerKilosecond(cost, expires_at) == requests
        assert evm.capacity.calculateRequestsPerKilosecond(cost - 1, expires_at) == requests - 1


def test_too_little_buys_nothing_and_is_not_taken(evm: Evm) -> None:
    for value in (0, 1, DAY - 10):
        with pytest.raises(Reverted, match="NothingBought"):
            evm.capacity.mint(evm.now + DAY, sender=evm.alice, value=value)
    assert evm.capacity.totalSupply() == 0


def test_a_token_neither_expires_before_it_begins_nor_lives_for_ever(evm: Evm) -> None:
    longest = evm.capacity.MAX_LIFETIME()
    assert longest == 730 * DAY
    for lifetime, error in ((-1, "ExpiryInThePast"), (0, "ExpiryInThePast"), (longest + 100, "ExpiryTooFar")):
        for ask in (evm.capacity.calculateCost, evm.capacity.calculateRequestsPerKilosecond):
            with pytest.raises(Reverted, match=error):
                ask(10**12, evm.now + lifetime)
        with pytest.raises(Reverted, match=error):
            evm.capacity.mint(evm.now + lifetime, sender=evm.alice, value=10**18)
    with pytest.raises(Reverted, match="ExpiryTooFar"):
        evm.capacity.mint(2**256 - 1, sender=evm.alice, value=10**18)
    mint(evm, evm.alice, lifetime=longest)


def test_no_amount_overflows_into_a_cheaper_one(evm: Evm) -> None:
    evm.capacity.setAdditionalRequestsPerKilosecondCost(2**200, sender=evm.deployer)
    with pytest.raises(Reverted):
        evm.capacity.calculateCost(2**200, evm.now + DAY)
    with pytest.raises(Reverted, match="NothingBought"):
        evm.capacity.mint(evm.now + DAY, sender=evm.alice, value=10**18)
    evm.capacity.setAdditionalRequestsPerKilosecondCost(2**250, sender=evm.deployer)
    with pytest.raises(Reverted):
        evm.capacity.mint(evm.now + DAY, sender=evm.alice, value=10**18)


def test_a_new_price_changes_no_token_that_exists(evm: Evm) -> None:
    token, _ = mint(evm, evm.alice)
    before = evm.capacity.capacity(token)
    (event,) = evm.capacity.setAdditionalRequestsPerKilosecondCost(1000, sender=evm.deployer)
    assert event.values == {"newAdditionalRequestsPerKilosecondCost": 1000}
    assert evm.capacity.capacity(token) == before
    assert evm.capacity.calculateCost(3, evm.now + DAY) == 3 * DAY * 1000


def test_capacity_is_never_free(evm: Evm) -> None:
    with pytest.raises(Reverted, match="FreeOfCharge"):
        evm.capacity.setAdditionalRequestsPerKilosecondCost(0, sender=evm.deployer)


def test_only_the_contracts_owner_sets_the_price_and_collects_it(evm: Evm) -> None:
    mint(evm, evm.alice, 1000)
    brought_in = evm.tester.get_balance(evm.addresses.rate_limit_nft)
    assert brought_in > 0
    for stranger in (evm.alice, evm.mallory, evm.wallets[1]):
        for attempt in (
            lambda who=stranger: evm.capacity.setAdditionalRequestsPerKilosecondCost(5, sender=who),
            lambda who=stranger: evm.capacity.withdraw(sender=who),
        ):
            with pytest.raises(Reverted, match="OwnableUnauthorizedAccount"):
                attempt()
    (event,) = evm.capacity.withdraw(sender=evm.deployer)
    assert event.values == {"amount": brought_in}
    assert evm.tester.get_balance(evm.addresses.rate_limit_nft) == 0


def test_the_contracts_owner_has_no_power_over_a_token(evm: Evm) -> None:
    token, _ = mint(evm, evm.alice)
    with pytest.raises(Reverted, match="ERC721InsufficientApproval"):
        evm.capacity.transferFrom(evm.alice, evm.deployer, token, sender=evm.deployer)
    evm.capacity.pruneExpired(evm.alice, sender=evm.deployer)
    assert evm.capacity.ownerOf(token) == evm.alice.lower()


def test_a_token_takes_its_capacity_along(evm: Evm) -> None:
    token, expires_at = mint(evm, evm.alice)
    requests, _ = evm.capacity.capacity(token)
    evm.capacity.transferFrom(evm.alice, evm.bob, token, sender=evm.alice)
    assert evm.capacity.liveTokens(evm.alice, 10) == ()
    assert evm.capacity.liveTokens(evm.bob, 10) == ((token, requests, expires_at),)
    assert evm.capacity.liveToken(token) == (evm.bob.lower(), (token, requests, expires_at))


def test_expired_tokens_are_pruned_by_anybody_and_live_ones_by_nobody(evm: Evm) -> None:
    tokens = [mint(evm, evm.alice, lifetime=lifetime) for lifetime in (100, DAY, 150, 2 * DAY, 120)]
    evm.wait_until(tokens[2][1])
    assert [live[0] for live in evm.capacity.liveTokens(evm.alice, 10)] == [2, 4]
    burned = evm.capacity.pruneExpired(evm.alice, sender=evm.mallory)
    assert sorted(event.values["tokenId"] for event in burned) == [1, 3, 5]
    assert {event.values["to"] for event in burned} == {"0x" + "00" * 20}
    assert [evm.capacity.tokenOfOwnerByIndex(evm.alice, index) for index in range(evm.capacity.balanceOf(evm.alice))] == [4, 2]
    for token in (1, 3, 5):
        assert evm.capacity.capacity(token) == (0, 0)
        assert evm.capacity.isExpired(token)
    assert mint(evm, evm.alice)[0] == 6, "no id is used twice"
    assert evm.capacity.pruneExpired(evm.alice, sender=evm.alice) == []


def test_tokens_that_are_given_away_bury_none_that_were_bought(evm: Evm) -> None:
    """Whoever floods a wallet with tokens comes after those that it had."""
    bought, _ = mint(evm, evm.alice, 1000)
    for _ in range(4):
        gift, _ = mint(evm, evm.mallory, 1, 200)
        evm.capacity.transferFrom(evm.mallory, evm.alice, gift, sender=evm.mallory)
    assert [live[0] for live in evm.capacity.liveTokens(evm.alice, 2)] == [bought, 2]
    assert len(evm.capacity.liveTokens(evm.alice, 64)) == 5
    assert evm.capacity.liveTokens(evm.alice, 0) == ()


def test_a_token_describes_itself(evm: Evm) -> None:
    token, expires_at = mint(evm, evm.alice, 14)
    kind, _, encoded = evm.capacity.tokenURI(token).partition(",")
    assert kind == "data:application/json;base64"
    described = json.loads(base64.b64decode(encoded))
    assert described["name"] == f"Capacity #{token}"
    values = {attribute["trait_type"]: attribute["value"] for attribute in described["attributes"]}
    assert values == {"Requests per kilosecond": str(evm.capacity.capacity(token)[0]), "Expiration Date": expires_at}
    with pytest.raises(Reverted, match="ERC721NonexistentToken"):
        evm.capacity.tokenURI(99)


def test_the_resolver_names_the_contract(evm: Evm) -> None:
    key = evm.resolver.RATE_LIMIT_NFT_CONTRACT()
    assert key == keccak(text="RATE_LIMIT_NFT")
    assert evm.resolver.getContract(key, 0) == evm.addresses.rate_limit_nft.lower()


@dataclass
class Bought:
    owner: int
    least: int
    """What was asked for when the price was calculated."""
    requests: int
    expires_at: int


@dataclass
class Model:
    tokens: dict[int, Bought] = field(default_factory=dict)
    minted: int = 0
    brought_in: int = 0
    cost: int = COST


class CapacityTokens(Histories):
    """Random histories of mints, transfers, prices and time: contract and model never disagree."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    @classmethod
    def deployed(cls) -> Evm:
        return Evm()

    @rule(person=st.integers(0, 2), requests=st.integers(1, 50), lifetime=st.integers(30, 5000), more=st.integers(0, 20))
    def mint(self, person: int, requests: int, lifetime: int, more: int) -> None:
        expires_at = self.chain.now + lifetime
        paid = self.chain.capacity.calculateCost(requests, expires_at) + more
        events = self.attempt(lambda: self.chain.capacity.mint(expires_at, sender=self.people[person], value=paid), None)
        self.model.minted += 1
        self.model.brought_in += paid
        assert events[0].values["tokenId"] == self.model.minted
        worth = paid // ((expires_at - self.chain.now) * self.model.cost)
        self.model.tokens[self.model.minted] = Bought(person, requests, worth, expires_at)

    @rule(person=st.integers(0, 2), lifetime=st.integers(-5, 0))
    def mint_too_late(self, person: int, lifetime: int) -> None:
        late = self.chain.now + lifetime
        self.attempt(lambda: self.chain.capacity.mint(late, sender=self.people[person], value=10**6), "ExpiryInThePast")

    @rule(person=st.integers(0, 2), to=st.integers(0, 2), number=st.integers(1, 12))
    def transfer(self, person: int, to: int, number: int) -> None:
        bought = self.model.tokens.get(number)
        error = None if bought is not None and bought.owner == person else "ERC721InsufficientApproval"
        error = error if bought is not None else "ERC721NonexistentToken"
        send = self.chain.capacity.transferFrom
        self.attempt(lambda: send(self.people[person], self.people[to], number, sender=self.people[person]), error)
        if error is None and bought is not None:
            bought.owner = to

    @rule(seconds=st.integers(1, 3000))
    def wait(self, seconds: int) -> None:
        self.chain.wait_until(self.chain.now + seconds)

    @rule(person=st.integers(0, 2), by=st.integers(0, 2))
    def prune(self, person: int, by: int) -> None:
        self.attempt(lambda: self.chain.capacity.pruneExpired(self.people[person], sender=self.people[by]), None)
        now = self.chain.now
        kept = {number: token for number, token in self.model.tokens.items() if token.owner != person or token.expires_at > now}
        self.model.tokens = kept

    @rule(cost=st.integers(0, 9), owner=st.booleans())
    def price(self, cost: int, owner: bool) -> None:
        sender = self.chain.deployer if owner else self.chain.mallory
        error = "OwnableUnauthorizedAccount" if not owner else "FreeOfCharge" if cost == 0 else None
        self.attempt(lambda: self.chain.capacity.setAdditionalRequestsPerKilosecondCost(cost, sender=sender), error)
        if error is None:
            self.model.cost = cost

    @invariant()
    def the_counts_agree(self) -> None:
        assert self.chain.capacity.totalSupply() == len(self.model.tokens)
        assert self.chain.tester.get_balance(self.chain.addresses.rate_limit_nft) == self.model.brought_in

    def compare(self) -> None:
        now = self.chain.now
        for number in range(1, self.model.minted + 1):
            bought = self.model.tokens.get(number)
            expired = bought is None or bought.expires_at <= now
            assert self.chain.capacity.isExpired(number) is expired
            assert self.chain.capacity.capacity(number) == ((bought.requests, bought.expires_at) if bought else (0, 0))
            if bought is not None:
                assert bought.requests >= bought.least, "a payment never buys less than was asked for"
                assert self.chain.capacity.ownerOf(number) == self.people[bought.owner].lower()
        for person, address in enumerate(self.people):
            live = {n: t for n, t in self.model.tokens.items() if t.owner == person and t.expires_at > now}
            found = self.chain.capacity.liveTokens(address, 64)
            assert {each[0]: each[1:] for each in found} == {n: (t.requests, t.expires_at) for n, t in live.items()}


TestCapacityTokens = CapacityTokens.TestCase
TestCapacityTokens.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=True
)
