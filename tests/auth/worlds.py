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
            name_action=action_of,
        ),
        **other,
    )
