"""What authorisation needs from outside: the time, the chain, the network's session key, and who verifies methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from votive.auth.contract_wallet import AskContractWallets
from votive.auth.grant import ActionRef, ProvenMethod
from votive.auth.permissions import ReadKeys
from votive.auth.wallet import AuthPolicy
from votive.terms.auth_method import AuthMethod
from votive.terms.binding import RequestBinding
from votive.terms.block import Block


class VerifyMethods(Protocol):
    """Authentication methods that this node accepts."""

    async def verify(self, method: AuthMethod, *, token_id: int | None, request: RequestBinding, block: Block) -> ProvenMethod:
        """Return who the method proves to be asking; CallerError if nobody, WorldError if an identity provider cannot be asked."""
        ...


class VerifyNetwork(Protocol):
    """The network's session key, an aggregate of no single node."""

    async def verify(self, digest: bytes, signature: bytes) -> bool:
        """Say whether the network signed ``digest`` (32 bytes); WorldError while it has no session key."""
        ...


class Pinned:
    """The final block of one request: read when it is first needed, and then the same for whatever is asked of the chain."""

    def __init__(self, read: Callable[[], Awaitable[Block]]) -> None:
        self._read = read
        self._block: Block | None = None

    @classmethod
    def at(cls, block: Block) -> Pinned:
        """Return what is pinned to ``block``, final and read already."""

        async def known() -> Block:
            return block

        return cls(known)

    async def __call__(self) -> Block:
        """Return the block; WorldError if the chain cannot answer."""
        if self._block is None:
            self._block = await self._read()
        return self._block


Toll: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Entered around each check that asks chain, network key or identity providers for a caller whom nobody knows yet; refuses whoever
failed too often."""


@dataclass(frozen=True)
class World:
    """What a node verifies with, and as which node."""

    policy: AuthPolicy
    now: Callable[[], float]
    """Unix seconds."""
    final_block: Callable[[], Awaitable[Block]]
    """The newest final block, read after the call."""
    node_address: str
    """This node's ``host:port`` as the registry has it; see ``session.node_address_of``."""
    chain_id: int
    contract_wallets: AskContractWallets
    network: VerifyNetwork
    methods: VerifyMethods
    keys: ReadKeys
    """Whether those who opened a PKP's session still may."""
    name_action: Callable[[str], ActionRef]
    """Return the action of a CID; CallerError if it is none."""
