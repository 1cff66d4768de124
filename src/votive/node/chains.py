"""The chains that conditions ask about, joined from the configuration and the network's own chain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from votive.action.fetch import FetchPolicy, FetchRequest, SafeFetch
from votive.chain.errors import AnswerTooLarge, CallRefused, CallReverted
from votive.chain.named import ChainConfig, Chains
from votive.node.config import NamedChainSection
from votive.terms.block import BlockFacts
from votive.terms.errors import ErrorCode, WorldError

DOCUMENT_BYTES = 256 * 1024
INVALID_PARAMS = -32602
"""JSON-RPC's code for parameters that name nothing."""
NOT_FOUND = 404

_exact = msgspec.json.Decoder(float_hook=Decimal)


def chain_configs(sections: Mapping[str, NamedChainSection]) -> dict[str, ChainConfig]:
    """Read the chains beside the network's own from the configuration."""
    return {name: ChainConfig(**msgspec.structs.asdict(section)) for name, section in sections.items()}


class NamedChains:
    """Fits ``auth.conditions.ReadChains``."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains

    @property
    def names(self) -> Collection[str]:
        """The chains that can be asked."""
        return self._chains.names

    def kind(self, name: str) -> str:
        """Return 'evm', 'solana' or 'cosmos'."""
        return self._chains.kind(name)

    async def final_block(self, name: str) -> BlockFacts:
        """Return the last final block of an EVM chain."""
        block = await self._chains.final_block(name)
        return BlockFacts(number=block.number, hash=block.hash, timestamp=block.timestamp)

    async def call(self, name: str, to: str, data: bytes, block: BlockFacts) -> bytes | None:
        """Return what a contract returns at a block; None if it reverts or returns too much, which are answers too."""
        try:
            return await self._chains.call(name, to, data, block)
        except (AnswerTooLarge, CallReverted):
            return None

    async def balance(self, name: str, address: str, block: BlockFacts) -> int:
        """Return the balance of an address at a block, in wei."""
        return await self._chains.balance(name, address, block)

    async def solana(self, name: str, method: str, params: list[Any]) -> Any:
        """Return the result of a JSON-RPC method; None if the account asked about does not exist."""
        try:
            return await self._chains.solana(name, method, params)
        except CallRefused as error:  # all endpoints refuse it: a wallet that never held a token has no account for it
            if error.rpc_code == INVALID_PARAMS and method == "getTokenAccountBalance":
                return None
            raise

    async def cosmos(self, name: str, path: str) -> Any:
        """Return the JSON behind a path of the chain's REST interface; None if there is nothing."""
        try:
            return await self._chains.cosmos(name, path)
        except CallRefused as error:  # all endpoints refuse it: an address that never received anything has no account
            if error.rpc_code == NOT_FOUND:
                return None
            raise


class Documents:
    """Fetches the documents that tokens name, as safely as actions fetch. Fits ``auth.conditions.FetchJson``."""

    def __init__(self, policy: FetchPolicy) -> None:
        self._fetch = SafeFetch(policy)

    async def __call__(self, url: str) -> Any:
        """Return the JSON behind a URL; FetchRefused, FetchFailed, or WorldError for what is no JSON."""
        request = FetchRequest(url=url, headers=(("Accept", "application/json"),))
        reply, content = await self._fetch.fetch(request, b"", most=DOCUMENT_BYTES, count=lambda: None)
        if reply.status != 200:
            raise WorldError(f"the document that the token names answers with status {reply.status}", code=ErrorCode.FETCH_FAILED)
        try:
            return _exact.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise WorldError(f"the document that the token names is no JSON: {error}", code=ErrorCode.FETCH_FAILED) from error
