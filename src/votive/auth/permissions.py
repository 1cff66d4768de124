"""May this caller use this key? Asked of the chain, at one block, by each node for itself.

A PKP signs for a permitted action that runs, for a permitted authentication method, for its owner's wallet, and for a permitted
address, asked in this order. The last three speak for the caller, so they count only if his capabilities include signing with
this key. A burned PKP has no owner; what it was granted before stays. A key never vouches for itself: where a PKP owns itself or
is permitted to itself, its own address opens nothing, or a method that may sign messages only could sign anything through it.
What opened a session of a PKP counts for that key only: a passkey is checked with the public key that stands in the permissions of
one PKP, and whoever owns another writes what he likes into its. Actions open sessions for keys that have an owner: a burned key
signs what its actions make, or its mint, grant and burn would prove nothing.
Every refusal carries each alternative that was tried and what the chain said.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import msgspec

from votive.auth.errors import NotPermitted
from votive.auth.grant import ActionRef, Grant, ProvenMethod
from votive.terms.auth_method import MethodType
from votive.terms.block import Block
from votive.terms.capability import EVERYTHING, Ability, Resource
from votive.terms.encoding import hex0x
from votive.terms.ethereum import token_text


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

    async def is_permitted_method(self, token_id: int, method_type: int, method_id: bytes, block: Block) -> tuple[bool, Collection[int]]:
        """Say whether an authentication method is permitted under this id, and with which scopes."""
        ...


class ReadKeys(ReadPermissions, Protocol):
    """The chain's answers, those about a key's own address among them."""

    async def token_of_address(self, address: str, block: Block) -> int | None:
        """Return the token of the PKP with this Ethereum address; None if there is none."""
        ...


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

    @property
    def tried(self) -> str:
        """What was asked and seen, in words."""
        return "; ".join(f"{alternative.asked}: {alternative.seen}" for alternative in self.alternatives) or "nobody asks"

    def explanation(self) -> dict[str, Any]:
        """Return the decision as JSON."""
        return {
            "tokenId": token_text(self.token_id),
            "permitted": self.permitted,
            "neededScopes": [scope.name for scope in self.needed],
            "block": {"number": self.block.number, "hash": hex0x(self.block.hash)},
            "alternatives": [msgspec.to_builtins(alternative) for alternative in self.alternatives],
        }

    def require(self) -> None:
        """Raise NotPermitted with the explanation unless permitted."""
        if not self.permitted:
            raise NotPermitted(
                f"nothing permits this signature by token {token_text(self.token_id)} at block {self.block.number}: {self.tried}",
                self.explanation(),
            )


async def decide(
    reader: ReadPermissions, grant: Grant, *, token_id: int, block: Block, personal_sign: bool, key_address: str | None = None
) -> Decision:
    """Decide whether whoever holds ``grant`` may have a signature by ``token_id`` at ``block``.

    ``personal_sign`` says that the message is one of EIP-191 that this node hashed itself; then the scope PersonalSign suffices.
    ``key_address`` is the address of the key itself, which opens nothing.
    """
    needed = (Scope.SIGN_ANYTHING, Scope.PERSONAL_SIGN) if personal_sign else (Scope.SIGN_ANYTHING,)
    question = _Question(reader, grant, token_id, block, needed, (key_address or "").lower())
    tried = await question.tried()
    permitted = any(alternative.permits for alternative in tried)
    return Decision(permitted=permitted, token_id=token_id, needed=needed, block=block, alternatives=tried)


async def require_standing(reader: ReadKeys, grant: Grant, block: Block) -> None:
    """Raise NotPermitted unless one of those who opened a PKP's session still may, with any scope, at ``block``.

    The session speaks as the PKP's address, to conditions and to actions too, where nobody would ask for a permission again.
    """
    address = grant.address or ""
    token = await reader.token_of_address(address, block)
    if token is None:
        raise NotPermitted(f"the session is of {address}, which is no key's address", {"address": address, "block": block.number})
    opener = msgspec.structs.replace(grant, capabilities=EVERYTHING, actions=())
    decision = await decide(reader, opener, token_id=token, block=block, personal_sign=True, key_address=address)
    if not decision.permitted:
        raise NotPermitted(
            f"nobody who opened this session of token {token_text(token)} may use its key any more, at block {block.number}: "
            f"{decision.tried}",
            decision.explanation(),
        )


@dataclass(frozen=True)
class _Question:
    reader: ReadPermissions
    grant: Grant
    token_id: int
    block: Block
    needed: tuple[Scope, ...]
    key_address: str

    async def tried(self) -> tuple[Alternative, ...]:
        """Try one alternative after the other, up to the first that permits."""
        tried = []
        for asking in self._questions():
            tried.append(await asking)
            if tried[-1].permits:
                break
        return tuple(tried)

    def _questions(self) -> Iterator[Awaitable[Alternative]]:
        yield from (self._by_action(action) for action in self.grant.actions)
        if not self.grant.allows(Ability.PKP_SIGNING, Resource.pkp(self.token_id)):
            yield self._by_nobody()
            return
        yield from (self._by_method(method) for method in self.grant.methods)
        for address in self.grant.wallets_for(self.key_address):
            if self._is_key(address):
                yield self._by_itself(address)
            else:
                yield self._by_owner(address)
                yield self._by_address(address)

    def _is_key(self, address: str) -> bool:
        return address.lower() == self.key_address

    async def _by_itself(self, address: str) -> Alternative:
        return Alternative(asked=f"may {address} speak for the key", seen="no: it is the key's own address", permits=False)

    async def _by_nobody(self) -> Alternative:
        resource = Resource.pkp(self.token_id)
        (found,) = self.grant.lacking(Ability.PKP_SIGNING, resource)["alternatives"]
        return Alternative(**found)

    async def _by_action(self, action: ActionRef) -> Alternative:
        granted = await self.reader.is_permitted_action(self.token_id, action.multihash, self.block)
        return self._scoped(f"is the action {action.cid} permitted", *granted)

    async def _by_method(self, method: ProvenMethod) -> Alternative:
        if method.type == MethodType.ETH_WALLET and self._is_key(method.user_id):
            return await self._by_itself(method.user_id)
        name = f"{method.user_id}:{method.app_id}" if method.app_id else method.user_id
        asked = f"is the authentication method {method.type} of {name} permitted"
        if method.for_session and not self.grant.is_session_of(self.key_address):
            return Alternative(
                asked=asked, seen=f"it opened a session of {self.grant.address}, and counts for that key only", permits=False
            )
        if method.type == MethodType.ACTION and await self.reader.owner(self.token_id, self.block) is None:
            return Alternative(
                asked=asked, seen="the token has no owner: its actions sign by themselves, and open no sessions", permits=False
            )
        answers = [await self.reader.is_permitted_method(self.token_id, method.type, one, self.block) for one in method.ids]
        granted = [scopes for permitted, scopes in answers if permitted]
        return self._scoped(asked, bool(granted), {scope for scopes in granted for scope in scopes})

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
