"""A world for tests of authorisation: a clock, one final block, contract wallets and a network key that answer from tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from votive.auth import ActionRef, AuthPolicy, ProvenMethod, World
from votive.terms.auth_method import AuthMethod, method_id
from votive.terms.binding import RequestBinding
from votive.terms.block import Block
from votive.terms.errors import CallerError

BLOCK = Block(number=7, hash=b"\x07" * 32)
CHAIN_ID = 31337
NODE = "127.0.0.1:7470"


@dataclass
class Answer:
    valid: bool
    why: str = "it said so"


@dataclass
class Contracts:
    """Contract wallets: valid are the (address, digest, signature) in a set. Remembers what it was asked."""

    signed: set[tuple[str, bytes, bytes]] = field(default_factory=set)
    asked: list[Block] = field(default_factory=list)

    async def is_valid_signature(self, address: str, digest: bytes, signature: bytes, block: Block) -> Answer:
        self.asked.append(block)
        return Answer((address, digest, signature) in self.signed, "it answered 0xffffffff")


@dataclass
class Network:
    """The network's session key, as a hash that only the test knows how to make."""

    asked: int = 0

    @staticmethod
    def sign(digest: bytes) -> bytes:
        return hashlib.sha512(b"network" + digest).digest() + digest

    async def verify(self, digest: bytes, signature: bytes) -> bool:
        self.asked += 1
        return signature == self.sign(digest)


@dataclass
class Methods:
    """Takes a token for the name of its user."""

    async def verify(self, method: AuthMethod, *, token_id: int | None, request: RequestBinding, block: Block) -> ProvenMethod:
        if method.access_token == "stolen":
            raise CallerError("the token proves nobody")
        user = method.access_token
        return ProvenMethod(type=method.auth_method_type, id=method_id(user, "app"), user_id=user, app_id="app")


@dataclass
class Keys:
    """PKPs by their address, all with the same permissions: the owner, and (type, id) with scopes."""

    tokens: dict[str, int] = field(default_factory=dict)
    owned_by: str | None = None
    permitted: dict[tuple[int, bytes], frozenset[int]] = field(default_factory=dict)
    asked: list[Block] = field(default_factory=list)

    async def token_of_address(self, address: str, block: Block) -> int | None:
        self.asked.append(block)
        return self.tokens.get(address)

    async def owner(self, token_id: int, block: Block) -> str | None:
        return self.owned_by

    async def is_permitted_method(self, token_id: int, method_type: int, method_id: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        scopes = self.permitted.get((method_type, method_id))
        return scopes is not None, scopes or frozenset()

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        return await self.is_permitted_method(token_id, 2, multihash, block)

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, frozenset[int]]:
        return await self.is_permitted_method(token_id, 1, bytes.fromhex(address[2:]), block)


PKP = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
CAROL = (6, method_id("carol", "app"))
"""Who opened the sessions of ``PKP`` in these tests."""


def action_of(cid: str) -> ActionRef:
    return ActionRef(cid=cid, multihash=b"\x12\x20" + hashlib.sha256(cid.encode()).digest())


@dataclass
class Moment:
    """A clock and a chain that tests move."""

    now: float
    block: Block = BLOCK
    read: int = 0

    async def final_block(self) -> Block:
        self.read += 1
        return self.block


def a_world(moment: Moment, **other: Any) -> World:
    return replace(
        World(
            policy=AuthPolicy(),
            now=lambda: moment.now,
            final_block=moment.final_block,
            node_address=NODE,
            chain_id=CHAIN_ID,
            contract_wallets=Contracts(),
            network=Network(),
            methods=Methods(),
            keys=Keys(tokens={PKP: 1}, permitted={CAROL: frozenset({2})}),
            name_action=action_of,
        ),
        **other,
    )
