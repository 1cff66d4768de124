"""Random histories of claims: whoever signs, names, sends, burns or adds roots, contracts and a model never disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, rule
from tests.contracts.claims import Signature, mirrored, register_roots, signatures
from tests.contracts.evm import ECDSA, MINT_COST, ROOT, Evm, multihash
from tests.contracts.histories import Histories
from tests.core.independent_derivation import decoded, derive, encoded

from votive.chain.token import token_id
from votive.terms.claim import ANYONE, ROOT_KEYS

SEATS = (1, 2, 3, 4)
THRESHOLD = 3
IDS = [keccak(text=f"model {number}") for number in range(4)]
ACTION = multihash("model")
NO_GRANTS = (ECDSA, [], [], [], [], [], [], [], [], False, False)

seats = st.sampled_from(SEATS)
quorums = st.permutations(SEATS) | st.lists(seats, min_size=2, max_size=5)
people = st.integers(0, 2)
ids = st.sampled_from(IDS)


@dataclass
class Model:
    """What claims promise."""

    roots: list[bytes] = field(default_factory=list)
    claimed: dict[bytes, int] = field(default_factory=dict)
    owner: dict[int, int] = field(default_factory=dict)
    permitted: dict[int, bool] = field(default_factory=dict)

    def claim(self, derived_key_id: bytes, signed: set[int], minter: int | None, person: int) -> str | None:
        """The error that a claim deserves; ``minter`` None: the signatures name nobody."""
        if len(signed) < THRESHOLD or minter not in (None, person):
            return "ClaimNotGranted"
        if len(self.roots) < ROOT_KEYS:
            return "RootKeysMissing"
        return "AlreadyClaimed" if derived_key_id in self.claimed else None

    def public_key(self, derived_key_id: bytes) -> bytes:
        roots = [decoded(root.hex()) for root in self.roots[:ROOT_KEYS]]
        return bytes.fromhex(encoded(derive(roots, derived_key_id)))


class Claims(Histories):
    """Every rule does one thing on the chain and in the model, and compares what came of it."""

    tokens: Bundle[int] = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()

    @classmethod
    def deployed(cls) -> Evm:
        return Evm(SEATS)

    @initialize(count=st.sampled_from([ROOT_KEYS - 1, ROOT_KEYS]))
    def begin(self, count: int) -> None:
        self.add_roots(count)

    @rule()
    def add_a_root(self) -> None:
        self.add_roots(1)

    def add_roots(self, count: int) -> None:
        tokens = register_roots(self.chain, count)
        self.model.roots += [key[2] for key in self.chain.router.getKeys(tokens)]

    @rule(target=tokens, person=people)
    def mint(self, person: int) -> int:
        token = self.chain.mint(self.people[person])
        self.model.owner[token], self.model.permitted[token] = person, False
        return token

    @rule(target=tokens, key=ids, signed=quorums, named=st.booleans(), bent=st.booleans(), helped=st.booleans(), person=people)
    def claim(self, key: bytes, signed: list[int], named: bool, bent: bool, helped: bool, person: int) -> Any:
        """``bent``: each signature is there in its other form too, which is no other node's."""
        minter = person if named else None
        made = signatures(self.chain, signed, key, self.people[person] if named else ANYONE)
        made += [mirrored(each) for each in made] if bent else []
        return self.claimed(key, self.sending(key, made, helped, person), self.model.claim(key, set(signed), minter, person), person)

    @rule(key=ids, signed=quorums, minter=people, ahead=st.integers(1, 2), helped=st.booleans())
    def run_ahead_of_the_minter(self, key: bytes, signed: list[int], minter: int, ahead: int, helped: bool) -> None:
        thief = (minter + ahead) % 3
        made = signatures(self.chain, signed, key, self.people[minter])
        self.attempt(self.sending(key, made, helped, thief), self.model.claim(key, set(signed), minter, thief))

    @rule(key=ids, other=ids, signed=st.permutations(SEATS), person=people)
    def claim_one_key_with_signatures_for_another(self, key: bytes, other: bytes, signed: list[int], person: int) -> None:
        if key != other:
            made = signatures(self.chain, signed, other)
            self.attempt(self.sending(key, made, False, person), "ClaimNotGranted")

    def sending(self, key: bytes, made: list[Signature], helped: bool, person: int) -> Callable[[], Any]:
        sent = {"sender": self.people[person], "value": MINT_COST}
        if helped:
            return lambda: self.chain.helper.claimAndMintNextAndAddAuthMethods((ECDSA, key, made), NO_GRANTS, **sent)
        return lambda: self.chain.nft["claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[])"](ECDSA, key, made, **sent)

    def claimed(self, key: bytes, act: Callable[[], Any], error: str | None, person: int) -> Any:
        events = self.attempt(act, error)
        if events is None:
            return multiple()
        token = token_id(self.model.public_key(key))
        assert [event.name for event in events[:2]] == ["PubkeyRoutingDataSet", "PKPMinted"]
        assert events[1].values == {"tokenId": token, "pubkey": self.model.public_key(key)}
        self.model.claimed[key] = token
        self.model.owner[token], self.model.permitted[token] = person, False
        return token

    @rule(token=tokens, person=people)
    def grant(self, token: int, person: int) -> None:
        error = None if self.model.owner.get(token) == person else "NotPkpOwner"
        self.attempt(lambda: self.chain.permissions.addPermittedAction(token, ACTION, [1], sender=self.people[person]), error)
        self.model.permitted[token] |= error is None

    @rule(token=tokens, to=people)
    def transfer(self, token: int, to: int) -> None:
        if token in self.model.owner:
            person = self.people[self.model.owner[token]]
            self.chain.nft.transferFrom(person, self.people[to], token, sender=person)
            self.model.owner[token] = to

    @rule(token=tokens)
    def burn(self, token: int) -> None:
        if token in self.model.owner:
            self.chain.nft.burn(token, sender=self.people[self.model.owner.pop(token)])

    @invariant()
    def the_counts_agree(self) -> None:
        assert self.chain.nft.totalSupply() == len(self.model.owner)
        assert len(self.chain.router.getKeysOfPurpose(ROOT)) == len(self.model.roots)

    def compare(self) -> None:
        """The ten first roots are the roots; what was claimed is routed for ever, and nothing else is."""
        roots = self.chain.router.getRootKeys(self.chain.staking.address)
        enough = len(self.model.roots) >= ROOT_KEYS
        assert [root for root, _ in roots] == (self.model.roots[:ROOT_KEYS] if enough else [])
        for token, permitted in self.model.permitted.items():
            person = self.model.owner.get(token)
            assert self.chain.nft.ownerOfOrZero(token) == ("0x" + "00" * 20 if person is None else self.people[person].lower())
            assert self.chain.permissions.isPermittedAction(token, ACTION) == permitted
        for key in IDS if enough else []:
            public_key = self.model.public_key(key)
            routed = (public_key, ECDSA, key) if key in self.model.claimed else (b"", 0, bytes(32))
            assert self.chain.router.getRoutingData(token_id(public_key)) == routed
        assert not any(self.chain.router.isRouted(token_id(root)) for root in self.model.roots)


TestClaims = Claims.TestCase
TestClaims.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, derandomize=True
)
