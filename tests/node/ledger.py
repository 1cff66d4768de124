"""A chain in memory, at the border where the node asks it: final blocks, registered keys, votes, owners and permissions."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from coincurve import PublicKey

from votive.auth.conditions import Subject
from votive.chain.errors import BlockGone, ChainUnavailable
from votive.chain.finality import Block
from votive.chain.keys import RegisteredKey, Routing
from votive.chain.token import token_id
from votive.core import derive_public_key
from votive.terms.block import BlockFacts
from votive.terms.claim import ROOT_KEYS
from votive.terms.key import BatchVote, KeyVote, Purpose, Scheme
from votive.terms.participant import threshold_of

CHAIN = "yellowstone"
"""What conditions call it."""


class Ledger:
    """What all nodes of a test see. Every change is a block of its own, and every block is final at once."""

    def __init__(self, nodes: int) -> None:
        self._threshold = threshold_of(nodes)
        self.number = 1
        self.keys: dict[int, RegisteredKey] = {}
        self.unminted: list[int] = []
        self.claimed: dict[int, Routing] = {}
        self.routed = 0
        """How often the key of a token was read."""
        self.owners: dict[int, str] = {}
        self.past: dict[int, dict[int, str]] = {}
        """Owners by block, where a sale has changed them since."""
        self.balances: dict[str, int] = {}
        """Wei by lower-case address."""
        self.actions: dict[int, set[bytes]] = defaultdict(set)
        self.votes: dict[tuple[BatchVote, KeyVote], set[str]] = defaultdict(set)
        self.lost: set[str] = set()
        """Addresses whose votes never arrive."""
        self.down = False
        self.asked = 0
        """How often the final block was read."""

    def mine(self) -> None:
        self.number += 1

    def mint(self, owner: str) -> int:
        token = self.unminted.pop(0)
        self.owners[token] = owner
        self.mine()
        return token

    def sell(self, token: int, to: str) -> None:
        self.past[self.number] = dict(self.owners)
        self.owners[token] = to
        self.mine()

    def newest(self) -> Block:
        return self.at(self.number)

    def at(self, number: int) -> Block:
        return Block(number=number, hash=hash_of(number), parent_hash=hash_of(number - 1), timestamp=1_700_000_000 + number)

    # FinalBlocks

    async def final_block(self, name: str = "") -> Block:
        self.asked += 1
        if self.down:
            raise ChainUnavailable("the chain of this test is down")
        return self.newest()

    async def is_final(self, number: int, block_hash: bytes) -> bool:
        return number <= self.number and block_hash == hash_of(number)

    async def block(self, number: int) -> Block:
        if number > self.number:
            raise BlockGone("no such block")
        return self.at(number)

    # Keys

    async def routing(self, token: int, block: Block | None = None) -> Routing | None:
        self.routed += 1
        if token in self.claimed:
            return self.claimed[token]
        key = self.keys.get(token)
        return Routing(public_key=key.public_key, derived_key_id=bytes(32)) if key is not None and key.mintable else None

    def claim(self, derived_key_id: bytes, owner: str) -> bytes:
        """Claim a key for ``owner``, as the contract does with the signatures of t nodes; return its public key, compressed."""
        roots = [key.public_key for key in self.keys.values() if key.purpose == Purpose.ROOT_ECDSA]
        public_key = derive_public_key(roots[:ROOT_KEYS], derived_key_id)
        token = token_id(public_key)
        self.claimed[token], self.owners[token] = Routing(public_key=public_key, derived_key_id=derived_key_id), owner
        self.mine()
        return PublicKey(public_key).format()

    async def stock(self, block: Block, scheme: Scheme = Scheme.ECDSA_SECP256K1) -> int:
        return len(self.unminted)

    async def next_batch(self, epoch: int, purpose: Purpose, block: Block) -> int:
        return 1 + max((key.batch for key in self.keys.values() if key.purpose == purpose), default=0)

    async def of_purpose(self, purpose: Purpose, block: Block) -> list[RegisteredKey]:
        return [key for key in self.keys.values() if key.purpose == purpose]

    async def registered(self, tokens: list[int], block: Block) -> dict[int, RegisteredKey]:
        return {token: self.keys[token] for token in tokens if token in self.keys}

    # Permissions

    async def owner(self, token: int, block: Block) -> str | None:
        return self.past.get(block.number, self.owners).get(token)

    async def is_permitted_action(self, token: int, multihash: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        return multihash in self.actions[token], frozenset({1})

    async def is_permitted_address(self, token: int, address: str, block: Block) -> tuple[bool, frozenset[int]]:
        return False, frozenset()

    # Chains by name, for conditions: there is this one

    @property
    def names(self) -> tuple[str, ...]:
        return (CHAIN,)

    def kind(self, name: str) -> str:
        return "evm"

    async def balance(self, name: str, address: str, block: BlockFacts) -> int:
        return self.balances.get(address.lower(), 0)

    async def call(self, name: str, to: str, data: bytes, block: BlockFacts) -> bytes | None:
        return None

    async def solana(self, name: str, method: str, params: list[Any]) -> Any:
        raise ChainUnavailable("this test has no Solana")

    async def cosmos(self, name: str, path: str) -> Any:
        raise ChainUnavailable("this test has no Cosmos")

    async def ask_action(self, cid: str, ending: str, who: Subject) -> str:
        raise AssertionError("no condition of these tests asks an action")

    async def fetch(self, url: str) -> Any:
        raise AssertionError("no condition of these tests names a document")

    def ballot(self, address: str) -> Ballot:
        return Ballot(self, address)

    def count(self, vote: BatchVote, key: KeyVote, address: str) -> None:
        voters = self.votes[vote, key]
        voters.add(address)
        token = token_id(key.public_key)
        if len(voters) >= self._threshold and token not in self.keys:
            self.keys[token] = RegisteredKey(
                public_key=key.public_key,
                scheme=vote.scheme,
                purpose=vote.purpose,
                mintable=vote.purpose.mintable,
                epoch=vote.epoch,
                batch=vote.batch,
                deadline_block=vote.deadline_block,
                verification_hash=key.verification_hash,
                transcript_hash=vote.transcript_hash,
            )
            if vote.purpose.mintable:
                self.unminted.append(token)


class Ballot:
    """One node's way to vote."""

    def __init__(self, ledger: Ledger, address: str) -> None:
        self._ledger, self._address = ledger, address

    async def vote(self, vote: BatchVote) -> tuple[str, ...]:
        if self._address in self._ledger.lost:
            return ()
        for key in vote.keys:
            self._ledger.count(vote, key, self._address)
        self._ledger.mine()
        return ("0x00",)


def hash_of(number: int) -> bytes:
    return hashlib.sha256(b"block" + number.to_bytes(8, "big")).digest()
