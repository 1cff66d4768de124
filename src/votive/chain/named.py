"""The chains that conditions ask about, by name: each with its own endpoints, quorum and rule of finality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, TypeVar

import msgspec

from votive.chain.cosmos import CosmosChain
from votive.chain.evm import EvmChain, FindFinalBlock
from votive.chain.finality import Block, FinalBlocks, Finality
from votive.chain.rpc import Rpc
from votive.chain.solana import SolanaChain
from votive.terms import block
from votive.terms.errors import CallerError

TIMEOUT = 2.0
"""Seconds for one request to one endpoint."""
DEADLINE = 5.0
"""Seconds for a read with all its repetitions; then it fails, whatever the condition."""

Chain: TypeAlias = EvmChain | SolanaChain | CosmosChain
C = TypeVar("C", EvmChain, SolanaChain, CosmosChain)


class ChainConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a chain is reached. ``quorum`` of ``rpc_urls`` must give the same answer; one that is down never lowers it."""

    kind: Literal["evm", "solana", "cosmos"] = "evm"
    rpc_urls: tuple[str, ...]
    quorum: int = 1
    finality: str | int = "finalized"
    """``"finalized"`` or a number of confirmations; of an EVM chain."""
    chain_id: int | None = None
    """Of an EVM chain, which has to have one."""


class UnknownChain(CallerError):
    """A condition names a chain that this node does not know, or one of another kind."""


class Chains:
    """Reads chains by name. ``own`` is the network's own chain, under the name that conditions call it; it is not closed here.

    Connections are made when a chain is first asked. Errors of a read: UnknownChain and what is wrong with a question are the
    caller's; ChainUnavailable and QuorumNotReached (503) say that no answer has a quorum: then nothing may be decided.
    """

    def __init__(self, configs: Mapping[str, ChainConfig], own: tuple[str, Rpc, FindFinalBlock] | None = None) -> None:
        self._opened = {name: opened(name, config) for name, config in configs.items()}
        self._chains: dict[str, Chain] = dict(self._opened)
        if own is not None:
            name, rpc, blocks = own
            if name in configs:
                raise ValueError(f"the network's own chain is called {name!r} already; give the other one another name")
            self._chains[name] = EvmChain(rpc, blocks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for chain in self._opened.values():
            await chain.close()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return tuple(sorted(self._chains))

    def kind(self, name: str) -> str:
        """Return "evm", "solana" or "cosmos"; UnknownChain if there is no such chain."""
        return self._chain(name).kind

    async def final_block(self, name: str) -> Block:
        """Return the newest final block of an EVM chain."""
        return await self._of(name, EvmChain).final_block()

    async def call(self, name: str, to: str, data: bytes, at: block.Block) -> bytes:
        """Return what a contract returns at a block; CallReverted, AnswerTooLarge or BlockGone if it returns nothing."""
        return await self._of(name, EvmChain).call(to, data, at)

    async def balance(self, name: str, address: str, at: block.Block) -> int:
        """Return a balance in wei at a block."""
        return await self._of(name, EvmChain).balance(address, at)

    async def solana(self, name: str, method: str, params: Sequence[Any]) -> Any:
        """Return the finalized result of a JSON-RPC method without its ``context``; numbers are int or Decimal."""
        return await self._of(name, SolanaChain).read(method, params)

    async def cosmos(self, name: str, path: str) -> Any:
        """Return the JSON at a path of the chain's REST interface; numbers are int or Decimal."""
        return await self._of(name, CosmosChain).read(path)

    def _chain(self, name: str) -> Chain:
        chain = self._chains.get(name)
        if chain is None:
            known = ", ".join(self.names) or "none"
            raise UnknownChain(f"this node knows no chain {name[:64]!r}; it knows {known}")
        return chain

    def _of(self, name: str, kind: type[C]) -> C:
        chain = self._chain(name)
        if not isinstance(chain, kind):
            raise UnknownChain(f"{name!r} is a chain of kind {chain.kind}; a chain of kind {kind.kind} is asked here")
        return chain


def opened(name: str, config: ChainConfig) -> Chain:
    """Return the chain of a configuration; ValueError says what is wrong with it."""
    if config.kind == "solana":
        return SolanaChain(config.rpc_urls, config.quorum, TIMEOUT, DEADLINE)
    if config.kind == "cosmos":
        return CosmosChain(config.rpc_urls, config.quorum, TIMEOUT, DEADLINE)
    if config.chain_id is None:
        raise ValueError(f"the EVM chain {name!r} needs its chain_id, so that an endpoint of another chain is noticed")
    rpc = Rpc(config.rpc_urls, chain_id=config.chain_id, quorum=config.quorum, timeout=TIMEOUT, deadline=DEADLINE)
    return EvmChain(rpc, FinalBlocks(rpc, Finality.parse(config.finality)))
