"""Who and what may use a key, read at a block by its hash.

A block's state never changes, so every answer is kept under (block hash, contract, function, arguments).
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from votive.chain.abi import Function
from votive.chain.rpc import Rpc
from votive.terms.block import Block
from votive.terms.contracts import Contracts
from votive.terms.encoding import bytes_of
from votive.terms.ethereum import NO_ADDRESS, address_of_text

CACHED_CALLS = 4096

_OWNER = Function("ownerOfOrZero(uint256)", "address")
_PERMISSION = Function("permission(uint256,uint256,bytes)", "bool,uint256")
_ACTIONS = Function("getPermittedActions(uint256)", "bytes[]")
_ADDRESSES = Function("getPermittedAddresses(uint256)", "address[]")
_METHODS = Function("getPermittedAuthMethods(uint256)", "(uint256,bytes,bytes)[]")

_TOKEN = Function("ethAddressToPkpId(address)", "uint256")

_ADDRESS_METHOD = 1
_ACTION_METHOD = 2

_Question: TypeAlias = tuple[bytes, str, bytes, tuple[Any, ...]]


@lru_cache(CACHED_CALLS)
def checksummed(address: str) -> str:
    """Return an address in EIP-55's notation."""
    return address_of_text(address)


class PermittedMethod(NamedTuple):
    """A way to be allowed to use a key; type and id as the chain has them, ``user_pubkey`` for WebAuthn only."""

    type: int
    id: bytes
    user_pubkey: bytes


class Permissions:
    """Reads owners and permissions of one network's tokens."""

    def __init__(self, rpc: Rpc, contracts: Contracts) -> None:
        self._rpc = rpc
        self._contracts = contracts
        self._cache: OrderedDict[_Question, tuple[Any, ...]] = OrderedDict()

    async def owner(self, token_id: int, block: Block) -> str | None:
        """Return the owner's checksummed address, or None if the token was burned or never minted."""
        (address,) = await self._read(self._contracts.pkp_nft, _OWNER, block, token_id)
        return None if address == NO_ADDRESS else checksummed(address)

    async def token_of_address(self, address: str, block: Block) -> int | None:
        """Return the token of the PKP that has this Ethereum address, or None if no registered key has it."""
        (token,) = await self._read(self._contracts.pubkey_router, _TOKEN, block, address)
        return token or None

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        """Whether the action of this CID (its 34-byte multihash) is permitted, and its scopes among 0…255."""
        return await self._permission(token_id, _ACTION_METHOD, multihash, block)

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, frozenset[int]]:
        """Whether an address was granted the use, and its scopes. Being the owner is no grant: see ``owner``."""
        return await self._permission(token_id, _ADDRESS_METHOD, bytes_of(address), block)

    async def is_permitted_method(self, token_id: int, method_type: int, identity: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        """Whether an authentication method of this type and id, as it is on chain, is permitted, and its scopes among 0…255."""
        return await self._permission(token_id, method_type, identity, block)

    async def permitted_actions(self, token_id: int, block: Block) -> list[bytes]:
        """Return the multihashes of all permitted actions."""
        (multihashes,) = await self._read(self._contracts.pkp_permissions, _ACTIONS, block, token_id)
        return list(multihashes)

    async def permitted_addresses(self, token_id: int, block: Block) -> list[str]:
        """Return the owner, if there is one, and all permitted addresses, checksummed."""
        (addresses,) = await self._read(self._contracts.pkp_permissions, _ADDRESSES, block, token_id)
        return [checksummed(address) for address in addresses]

    async def permitted_methods(self, token_id: int, block: Block) -> list[PermittedMethod]:
        """Return all that is permitted, of every type; actions (type 2) and addresses (type 1) among them, the owner not."""
        (methods,) = await self._read(self._contracts.pkp_permissions, _METHODS, block, token_id)
        return [PermittedMethod(*method) for method in methods]

    async def _permission(self, token_id: int, method: int, identity: bytes, block: Block) -> tuple[bool, frozenset[int]]:
        permitted, scopes = await self._read(self._contracts.pkp_permissions, _PERMISSION, block, token_id, method, identity)
        return permitted, frozenset(scope for scope in range(256) if scopes >> scope & 1)

    async def _read(self, contract: str, function: Function, block: Block, *arguments: Any) -> tuple[Any, ...]:
        question = (block.hash, contract, function.selector, arguments)
        answer = self._cache.get(question)
        if answer is None:
            answer = function.results(await self._rpc.eth_call(contract, function.call(*arguments), block.hash))
            self._remember(question, answer)
        return answer

    def _remember(self, question: _Question, answer: tuple[Any, ...]) -> None:
        self._cache[question] = answer
        while len(self._cache) > CACHED_CALLS:
            self._cache.popitem(last=False)
