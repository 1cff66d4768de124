"""Capacity tokens (RateLimitNFT): who may make how many requests, read at a block by its hash."""

from __future__ import annotations

from typing import Any

import msgspec

from votive.chain.abi import Function
from votive.chain.rpc import Rpc
from votive.terms.block import Block
from votive.terms.contracts import Contracts
from votive.terms.ethereum import NO_ADDRESS, address_of_text

MOST_TOKENS = 64
"""Tokens of one holder that are looked at: anybody can give away tokens, and each is read."""

_LIVE_TOKENS = Function("liveTokens(address,uint256)", "(uint256,uint256,uint256)[]")
_LIVE_TOKEN = Function("liveToken(uint256)", "address,(uint256,uint256,uint256)")


class CapacityToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that had not expired when it was read."""

    token_id: int
    owner: str
    """EIP-55 checksummed."""
    requests_per_kilosecond: int
    """Requests within 1,000 seconds."""
    expires_at: int
    """Seconds since 1970; at that second the token allows nothing any more."""


class Capacity:
    """Reads one network's capacity tokens."""

    def __init__(self, rpc: Rpc, contracts: Contracts) -> None:
        self._rpc = rpc
        self._contract = contracts.rate_limit_nft

    async def owned(self, address: str, block: Block) -> tuple[CapacityToken, ...]:
        """Return the live ones of the first MOST_TOKENS tokens of ``address``, in the contract's order (the oldest, as a rule, first)."""
        (tokens,) = await self._read(_LIVE_TOKENS, block, address, MOST_TOKENS)
        return tuple(_token(address_of_text(address), token) for token in tokens)

    async def token(self, token_id: int, block: Block) -> CapacityToken | None:
        """Return a token with its owner, or None if it does not exist or has expired at ``block``."""
        owner, token = await self._read(_LIVE_TOKEN, block, token_id)
        return None if owner == NO_ADDRESS else _token(address_of_text(owner), token)

    async def _read(self, function: Function, block: Block, *arguments: Any) -> tuple[Any, ...]:
        return function.results(await self._rpc.eth_call(self._contract, function.call(*arguments), block.hash))


def _token(owner: str, token: tuple[int, int, int]) -> CapacityToken:
    token_id, requests, expires_at = token
    return CapacityToken(token_id=token_id, owner=owner, requests_per_kilosecond=requests, expires_at=expires_at)
