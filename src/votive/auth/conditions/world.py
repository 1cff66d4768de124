"""Whom conditions are asked about, and what must be there to ask: chains, actions, documents. Others provide these; tests do too."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from votive.terms.block import BlockFacts
from votive.terms.errors import CallerError, ErrorCode

MAX_READS = 500
"""Reads of all chains together for one evaluation."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as far as this node verified it itself. What is missing makes a condition about it not hold."""

    address: str | None = None
    """The EVM address that was proven: a wallet's, a contract wallet's or a PKP's."""
    action_cid: str | None = None
    """The action that asks, named by what this node computed from its code."""
    siwe_domain: str = ""
    """Of the caller's own sign-in message; empty if there is none."""
    siwe_resources: tuple[str, ...] = ()
    solana_address: str | None = None
    """A public key in base58, if one was proven."""
    cosmos_address: str | None = None
    """A bech32 address, if one was proven."""


class ReadChains(Protocol):
    """Chains by name, each read with a quorum of its own. WorldError if a chain cannot be asked; CallerError if the name is unknown."""

    @property
    def names(self) -> Collection[str]:
        """The chains that can be asked."""
        ...

    def kind(self, name: str) -> str:
        """Return 'evm', 'solana' or 'cosmos'."""
        ...

    async def final_block(self, name: str) -> BlockFacts:
        """Return the last final block of an EVM chain."""
        ...

    async def call(self, name: str, to: str, data: bytes, block: BlockFacts) -> bytes | None:
        """Return what a contract returns at a block, empty where there is no contract; None if it reverts."""
        ...

    async def balance(self, name: str, address: str, block: BlockFacts) -> int:
        """Return the balance of an address at a block, in wei."""
        ...

    async def solana(self, name: str, method: str, params: list[Any]) -> Any:
        """Return the ``result`` of a JSON-RPC method; None if the account asked about does not exist."""
        ...

    async def cosmos(self, name: str, path: str) -> Any:
        """Return the JSON behind a path of the chain's REST interface; None if the chain knows no such thing."""
        ...


class RunAction(Protocol):
    """Runs an action to ask it a question."""

    async def __call__(self, cid: str, ending: str, who: Subject) -> str:
        """Run the action of this CID with ``ending`` behind its own code and return its response.

        The run has ``who`` as its caller and no rights: it signs nothing, decrypts nothing and asks no conditions.

        Raises:
            CallerError: there is no such action, or it failed.
            WorldError: the action cannot be had now.
        """
        ...


class FetchJson(Protocol):
    """Fetches a document that a token names, through the node's safe fetch."""

    async def __call__(self, url: str) -> Any:
        """Return the JSON behind a URL. CallerError if the URL is refused, WorldError if nothing usable comes back."""
        ...


class Absent(Exception):  # no error: a reason why a condition does not hold
    """What a condition asks about is not there, or nothing it could be compared with; says what is missing."""


class NotOffered(CallerError):
    """A condition needs something that this node does not do."""

    code = ErrorCode.BAD_INPUT


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one condition. ``holds`` is None if it could not be found out."""

    holds: bool | None
    seen: str
    block: BlockFacts | None = None


@dataclass
class Inquiry:
    """One evaluation: everything in it is asked of the same block of each chain."""

    who: Subject
    chains: ReadChains
    run_action: RunAction | None = None
    fetch: FetchJson | None = None
    _reads: int = 0
    _blocks: dict[str, BlockFacts] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def block(self, chain: str) -> BlockFacts:
        """Return the final block at which this EVM chain is read."""
        self.require_kind(chain, "evm")
        async with self._locks.setdefault(chain, asyncio.Lock()):
            if chain not in self._blocks:
                self._spend()
                self._blocks[chain] = await self.chains.final_block(chain)
        return self._blocks[chain]

    def require_kind(self, chain: str, kind: str) -> None:
        """Refuse a chain of another kind; CallerError if there is none of that name."""
        found = self.chains.kind(chain)
        if found != kind:
            raise CallerError(f"{chain} is a chain of the kind {found}; the condition asks one of the kind {kind}. Correct the condition.")

    async def called(self, chain: str, to: str, data: bytes) -> bytes:
        """Return what a contract returned; Absent if it reverted or there is none. ``to`` may lack its 0x, which chains insist on."""
        block = await self.block(chain)
        self._spend()
        answer = await self.chains.call(chain, f"0x{to.removeprefix('0x')}", data, block)
        if answer is None:
            raise Absent("the contract reverted")
        if not answer:
            raise Absent("there is no contract at this address, or it returned nothing")
        return answer

    async def balance(self, chain: str, address: str) -> int:
        """Return the balance of an address in wei."""
        block = await self.block(chain)
        self._spend()
        return await self.chains.balance(chain, address, block)

    async def solana(self, chain: str, method: str, params: list[Any]) -> Any:
        """Return the result of a method of a Solana chain."""
        self.require_kind(chain, "solana")
        self._spend()
        return await self.chains.solana(chain, method, params)

    async def cosmos(self, chain: str, path: str) -> Any:
        """Return the JSON behind a path of a Cosmos chain."""
        self.require_kind(chain, "cosmos")
        self._spend()
        return await self.chains.cosmos(chain, path)

    def _spend(self) -> None:
        """Count one read; thirty conditions that each ask for hundreds of tokens would keep a node busy for minutes."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise CallerError(f"these conditions need more than {MAX_READS} reads of chains. Use fewer, or ask one contract that knows.")
