"""May this caller use this key? Asked of the chain, at one block, by each node for itself.

A PKP signs for a permitted action, for its owner's wallet, and for a permitted address, asked in this order. A burned PKP has no
owner; what it was granted before stays. Every refusal carries each alternative that was tried and what the chain said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from votive.auth.errors import NotPermitted
from votive.terms.block import Block
from votive.terms.encoding import hex0x


class Scope(IntEnum):
    """Scopes of a permission, the bits that PKPPermissions stores. No scope at all permits nothing."""

    SIGN_ANYTHING = 1
    PERSONAL_SIGN = 2


class ReadPermissions(Protocol):
    """The chain's answers at a block. WorldError if it cannot answer."""

    async def owner(self, token_id: int, block: Block) -> str | None:
        """Return the address that owns the token; None if it was burned or never minted."""
        ...

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, Collection[int]]:
        """Say whether an action (34-byte multihash of its CID) is permitted, and with which scopes."""
        ...

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, Collection[int]]:
        """Say whether an address is permitted, and with which scopes."""
        ...


class ActionRef(msgspec.Struct, frozen=True, kw_only=True):
    """The action that runs, named by what this node computed from the code that it runs, never by what a caller said."""

    cid: str
    multihash: bytes
    """34 bytes, as PKPPermissions stores it."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for a signature: a wallet, an action, or a wallet through an action."""

    address: str | None = None
    """The wallet of a Grant."""
    action: ActionRef | None = None


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which the signature could have been allowed, and what came of it."""

    asked: str
    seen: str
    permits: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, with everything that led to it."""

    permitted: bool
    token_id: int
    needed: tuple[Scope, ...]
    """Any one of these scopes suffices."""
    block: Block
    alternatives: tuple[Alternative, ...]

    def explanation(self) -> dict[str, Any]:
        """Return the decision as JSON."""
        return {
            "tokenId": hex(self.token_id),
            "permitted": self.permitted,
            "neededScopes": [scope.name for scope in self.needed],
            "block": {"number": self.block.number, "hash": hex0x(self.block.hash)},
            "alternatives": [msgspec.to_builtins(alternative) for alternative in self.alternatives],
        }

    def require(self) -> None:
        """Raise NotPermitted with the explanation unless permitted."""
        if not self.permitted:
            tried = "; ".join(f"{alternative.asked}: {alternative.seen}" for alternative in self.alternatives)
            raise NotPermitted(
                f"nothing permits this signature by token {self.token_id:#x} at block {self.block.number}: {tried or 'nobody asks'}",
                self.explanation(),
            )


async def decide(reader: ReadPermissions, who: Principal, *, token_id: int, block: Block, personal_sign: bool) -> Decision:
    """Decide whether ``who`` may have a signature by ``token_id`` at ``block``.

    ``personal_sign`` says that the message is one of EIP-191 that this node hashed itself; then the scope PersonalSign suffices.
    """
    needed = (Scope.SIGN_ANYTHING, Scope.PERSONAL_SIGN) if personal_sign else (Scope.SIGN_ANYTHING,)
    question = _Question(reader, token_id, block, needed)
    tried = tuple([alternative async for alternative in question.alternatives(who)])
    permitted = any(alternative.permits for alternative in tried)
    return Decision(permitted=permitted, token_id=token_id, needed=needed, block=block, alternatives=tried)


@dataclass(frozen=True)
class _Question:
    reader: ReadPermissions
    token_id: int
    block: Block
    needed: tuple[Scope, ...]

    async def alternatives(self, who: Principal) -> AsyncIterator[Alternative]:
        """Try one alternative after the other, up to the first that permits."""
        if who.action is not None:
            by_action = await self._by_action(who.action)
            yield by_action
            if by_action.permits:
                return
        if who.address is not None:
            by_owner = await self._by_owner(who.address)
            yield by_owner
            if not by_owner.permits:
                yield await self._by_address(who.address)

    async def _by_action(self, action: ActionRef) -> Alternative:
        granted = await self.reader.is_permitted_action(self.token_id, action.multihash, self.block)
        return self._scoped(f"is the action {action.cid} permitted", *granted)

    async def _by_owner(self, address: str) -> Alternative:
        owner = await self.reader.owner(self.token_id, self.block)
        seen = "the token was burned or never minted, so nobody owns it" if owner is None else f"its owner is {owner}"
        return Alternative(asked=f"does {address} own the token", seen=seen, permits=owner is not None and owner.lower() == address.lower())

    async def _by_address(self, address: str) -> Alternative:
        granted = await self.reader.is_permitted_address(self.token_id, address, self.block)
        return self._scoped(f"is the address {address} permitted", *granted)

    def _scoped(self, asked: str, permitted: bool, scopes: Collection[int]) -> Alternative:
        if not permitted:
            return Alternative(asked=asked, seen="no", permits=False)
        enough = any(scope in scopes for scope in self.needed)
        names = ", ".join(_scope_name(scope) for scope in sorted(scopes)) or "none"
        lacking = "" if enough else f"; it needs {' or '.join(scope.name for scope in self.needed)}"
        return Alternative(asked=asked, seen=f"yes, with the scopes: {names}{lacking}", permits=enough)


def _scope_name(scope: int) -> str:
    return Scope(scope).name if scope in (Scope.SIGN_ANYTHING, Scope.PERSONAL_SIGN) else str(scope)
