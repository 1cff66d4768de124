"""Random histories of votes, mints, grants and attacks: contracts and a model in plain Python never disagree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, rule
from tests.contracts.evm import (
    BLS,
    ECDSA,
    ENCRYPTION,
    MINT_COST,
    PKP,
    ROOT,
    SCHEMES,
    SESSION,
    Evm,
    bls_key_vote,
    key_vote,
    multihash,
)
from tests.contracts.histories import Histories

from votive.chain.token import token_id

SEATS = (1, 2, 3, 4)
THRESHOLD = 3
KEYS = [key_vote(f"model {number}") for number in range(8)] + [bls_key_vote(f"model {number}") for number in range(3)]
ECDSA_KEYS = 8
"""So many of ``KEYS``, the first ones, are of ECDSA; the others are of BLS."""
ACTIONS = [multihash(f"model {number}") for number in range(3)]
ACTION_METHOD = 2
VERSIONS = {
    "honest": {},
    "other transcript": {"transcript": b"o" * 32},
    "other deadline": {"deadline": 999_999},
    "root": {"purpose": ROOT},
    "encryption": {"purpose": ENCRYPTION},
    "session": {"purpose": SESSION},
    "mintable bls": {"scheme": BLS},
    "ecdsa for encryption": {"purpose": ENCRYPTION, "scheme": ECDSA},
}

seats = st.sampled_from(SEATS)
keys = st.integers(0, len(KEYS) - 1)
batches = st.integers(1, 2)
versions = st.sampled_from(sorted(VERSIONS))
actions = st.sampled_from(ACTIONS)
scopes = st.lists(st.integers(0, 5), max_size=3, unique=True)
people = st.integers(0, 2)


@dataclass
class Model:
    """What the contracts promise, in sets and dictionaries."""

    ballots: dict[tuple[int, bytes, int], str] = field(default_factory=dict)
    voted: set[tuple[int, int]] = field(default_factory=set)
    votes: dict[tuple[int, int, str, bytes], int] = field(default_factory=dict)
    registered: set[int] = field(default_factory=set)
    own: dict[bytes, list[int]] = field(default_factory=lambda: {ROOT: [], ENCRYPTION: [], SESSION: []})
    unminted: list[int] = field(default_factory=list)
    owner: dict[int, int] = field(default_factory=dict)
    ever: set[int] = field(default_factory=set)
    grants: dict[int, dict[bytes, set[int]]] = field(default_factory=dict)

    def vote(self, seat: int, key: int, batch: int, version: str, shares: bytes) -> str | None:
        """Count a vote, or return the error that it deserves."""
        purpose = VERSIONS[version].get("purpose", PKP)
        scheme = VERSIONS[version].get("scheme", SCHEMES[purpose])
        if scheme != SCHEMES[purpose]:
            return "WrongScheme"
        if self.ballots.setdefault((batch, purpose, seat), version) != version:
            return "EquivocatingVote"
        if scheme != (ECDSA if key < ECDSA_KEYS else BLS):
            return "NotAPublicKey"
        if (seat, key) in self.voted:
            return "AlreadyVoted"
        self.voted.add((seat, key))
        tuple_ = (key, batch, version, shares)
        self.votes[tuple_] = self.votes.get(tuple_, 0) + 1
        if self.votes[tuple_] == THRESHOLD:
            self.registered.add(key)
            if purpose == PKP:
                self.unminted.append(key)
            else:
                self.own[purpose].append(key)
        return None


class Contracts(Histories):
    """Every rule does one thing on the chain and in the model, and compares what came of it."""

    tokens: Bundle[int] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    @classmethod
    def deployed(cls) -> Evm:
        return Evm(SEATS)

    @initialize(target=tokens, ready=st.integers(1, 3))
    def stock(self, ready: int) -> Any:
        for key in range(ready):
            for seat in SEATS[:THRESHOLD]:
                self.vote(seat, key, 1, "honest", True)
        return multiple(*(self.mint(0) for _ in range(ready)))

    @rule(seat=seats, key=keys, batch=batches, version=versions, honest=st.booleans())
    def vote(self, seat: int, key: int, batch: int, version: str, honest: bool) -> None:
        public_key, shares = KEYS[key]
        said = shares if honest else b"x" * 32
        header = self.chain.header(batch=batch, **VERSIONS[version])
        before = Model(ballots=dict(self.model.ballots))
        error = self.model.vote(seat, key, batch, version, said)
        if error is not None:
            self.model.ballots = before.ballots
        self.attempt(lambda: self.chain.vote(seat, header, [(public_key, said)]), error)

    @rule(key=keys, version=versions, honest=st.booleans())
    def all_vote(self, key: int, version: str, honest: bool) -> None:
        for seat in SEATS:
            self.vote(seat, key, 1, version, honest)

    @rule(seat=seats, key=keys)
    def vote_too_late(self, seat: int, key: int) -> None:
        header = self.chain.header(deadline=self.chain.block_number)
        self.attempt(lambda: self.chain.vote(seat, header, [KEYS[key]]), "DeadlinePassed")

    @rule(key=keys, person=people)
    def a_stranger_votes(self, key: int, person: int) -> None:
        stranger = self.people[person]
        self.attempt(lambda: self.chain.router.voteForKeys(self.chain.header(), [KEYS[key]], sender=stranger), "NotANode")

    @rule(target=tokens, person=people)
    def mint(self, person: int) -> Any:
        error = None if self.model.unminted else "NoUnmintedKey"
        mint = self.chain.nft["mintNext(uint256)"]
        events = self.attempt(lambda: mint(ECDSA, sender=self.people[person], value=MINT_COST), error)
        return multiple() if events is None else self.minted(events, person)

    @rule(target=tokens, person=people, action=actions)
    def mint_grant_and_burn(self, person: int, action: bytes) -> Any:
        error = None if self.model.unminted else "NoUnmintedKey"
        mint = self.chain.nft["mintGrantAndBurnNext(uint256,bytes)"]
        events = self.attempt(lambda: mint(ECDSA, action, sender=self.people[person], value=MINT_COST), error)
        if events is None:
            return multiple()
        token = self.minted(events, person)
        del self.model.owner[token]
        self.model.grants[token] = {action: {1}}
        return token

    def minted(self, events: list[Any], person: int) -> int:
        token = token_id(KEYS[self.model.unminted.pop(0)][0])
        assert events[0].name == "PKPMinted"
        assert events[0].values["tokenId"] == token
        self.model.owner[token] = person
        self.model.ever.add(token)
        self.model.grants[token] = {}
        return token

    @rule(person=people, value=st.sampled_from([0, MINT_COST - 1, MINT_COST + 1]))
    def mint_at_a_wrong_price(self, person: int, value: int) -> None:
        mint = self.chain.nft["mintNext(uint256)"]
        self.attempt(lambda: mint(ECDSA, sender=self.people[person], value=value), "WrongMintCost")

    @rule(token=tokens, person=people, action=actions, given=scopes)
    def grant(self, token: int, person: int, action: bytes, given: list[int]) -> None:
        add = self.chain.permissions.addPermittedAction
        error = self.not_owner(token, person)
        self.attempt(lambda: add(token, action, given, sender=self.people[person]), error)
        if error is None:
            self.model.grants[token].setdefault(action, set()).update(given)

    @rule(token=tokens, person=people, action=actions)
    def revoke(self, token: int, person: int, action: bytes) -> None:
        remove = self.chain.permissions.removePermittedAction
        error = self.not_owner(token, person)
        if error is None and action not in self.model.grants[token]:
            error = "NotPermitted"
        self.attempt(lambda: remove(token, action, sender=self.people[person]), error)
        if error is None:
            del self.model.grants[token][action]

    @rule(token=tokens, person=people)
    def reset(self, token: int, person: int) -> None:
        error = self.not_owner(token, person)
        self.attempt(lambda: self.chain.permissions.resetPermissions(token, sender=self.people[person]), error)
        if error is None:
            self.model.grants[token] = {}

    @rule(token=tokens, person=people, to=people)
    def transfer(self, token: int, person: int, to: int) -> None:
        send = self.chain.nft.transferFrom
        error = None if self.model.owner.get(token) == person else "ERC721InsufficientApproval"
        error = error if token in self.model.owner else "ERC721NonexistentToken"
        self.attempt(lambda: send(self.people[person], self.people[to], token, sender=self.people[person]), error)
        if error is None:
            self.model.owner[token] = to

    @rule(token=tokens, person=people)
    def burn(self, token: int, person: int) -> None:
        error = None if self.model.owner.get(token) == person else "ERC721InsufficientApproval"
        error = error if token in self.model.owner else "ERC721NonexistentToken"
        self.attempt(lambda: self.chain.nft.burn(token, sender=self.people[person]), error)
        if error is None:
            del self.model.owner[token]

    def not_owner(self, token: int, person: int) -> str | None:
        return None if self.model.owner.get(token) == person else "NotPkpOwner"

    @invariant()
    def the_counts_agree(self) -> None:
        assert self.chain.nft.totalSupply() == len(self.model.owner)
        assert self.chain.router.getUnmintedRoutedTokenIdCount(ECDSA) == len(self.model.unminted)

    def compare(self) -> None:
        """Every token has the model's owner and permissions; exactly the model's keys are registered."""
        for token in self.model.ever:
            person = self.model.owner.get(token)
            owner = "0x" + "00" * 20 if person is None else self.people[person].lower()
            assert self.chain.nft.ownerOfOrZero(token) == owner
            assert set(self.chain.permissions.getPermittedActions(token)) == self.model.grants[token].keys()
            for action in ACTIONS:
                given = self.model.grants[token].get(action)
                bits = sum(1 << scope for scope in given or ())
                assert self.chain.permissions.permission(token, ACTION_METHOD, action) == (given is not None, bits)
        found = self.chain.router.getKeys([token_id(public_key) for public_key, _ in KEYS])
        assert {number for number, key in enumerate(found) if key[0]} == self.model.registered
        for purpose, own in self.model.own.items():
            assert self.chain.router.getKeysOfPurpose(purpose) == tuple(token_id(KEYS[key][0]) for key in own)
            assert not any(self.chain.router.isRouted(token_id(KEYS[key][0])) for key in own)


TestContracts = Contracts.TestCase
TestContracts.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=True
)
