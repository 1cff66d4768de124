"""How a starting node joins its chain: reach it, read the registry, and find itself there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

import structlog

from votive.chain.errors import UnknownNetwork, WrongChain, origin_of
from votive.chain.finality import FinalBlocks, Finality
from votive.chain.keys import Keys
from votive.chain.permissions import Permissions
from votive.chain.registry import Registry
from votive.chain.rpc import Rpc
from votive.node.clock import MonotonicClock
from votive.node.config import Config
from votive.node.failure import ExitStatus, StartFailure
from votive.node.identity import NodeIdentity
from votive.node.permission import SharedBlocks
from votive.node.report import Report
from votive.node.status import StartStep
from votive.terms.contracts import Contracts
from votive.terms.errors import WorldError
from votive.terms.participant import Committee, Participant

log = structlog.get_logger()

T = TypeVar("T")

CHAIN_PAUSE = 1.0
"""Seconds between two attempts to reach a chain that does not answer."""


@dataclass(frozen=True)
class OnChain:
    """The chain's side of a running node."""

    rpc: Rpc
    contracts: Contracts
    committee: Committee
    me: Participant
    blocks: SharedBlocks
    final: FinalBlocks
    keys: Keys
    permissions: Permissions


class Joining:
    """Joins the configured chain as the node of ``identity``; what it opens is closed with ``stack``."""

    def __init__(self, config: Config, identity: NodeIdentity, *, clock: MonotonicClock, report: Report, stack: AsyncExitStack) -> None:
        self._config, self._identity = config, identity
        self._clock, self._report, self._stack = clock, report, stack

    async def join(self) -> OnChain:
        """Reach the chain, read the registry and find this node there; StartFailure if any of it cannot be."""
        self._report.step(StartStep.CHAIN)
        rpc = await self._reach()
        final = FinalBlocks(rpc, Finality.parse(self._config.chain.finality))
        registry = Registry(rpc, self._config.chain.resolver)
        self._report.step(StartStep.REGISTRY)
        contracts, committee = await self._read(registry, final)
        me = member_of(committee, self._identity, self._config)
        self._report.committee(me.seat, committee)
        structlog.contextvars.bind_contextvars(seat=me.seat)
        return OnChain(
            rpc=rpc,
            contracts=contracts,
            committee=committee,
            me=me,
            blocks=SharedBlocks(final),
            final=final,
            keys=Keys(rpc, contracts),
            permissions=Permissions(rpc, contracts),
        )

    async def _reach(self) -> Rpc:
        """Enter the RPC client; a chain that is down is waited for, with a word about it every time."""
        section = self._config.chain

        async def enter() -> Rpc:
            rpc = Rpc(section.rpc_urls, chain_id=section.chain_id, quorum=section.quorum)
            return await self._stack.enter_async_context(rpc)

        return await self._patiently(enter, f"the chain at {', '.join(map(origin_of, section.rpc_urls))}")

    async def _read(self, registry: Registry, final: FinalBlocks) -> tuple[Contracts, Committee]:
        async def read() -> tuple[Contracts, Committee]:
            return await registry.contracts(), await registry.committee(await final.final_block())

        return await self._patiently(read, f"the registry of the network {self._config.chain.resolver}")

    async def _patiently(self, attempt: Callable[[], Awaitable[T]], what: str) -> T:
        """Repeat ``attempt`` while the world fails in a way that may pass, up to the configured patience."""
        until = self._clock.now() + self._config.chain.patience_seconds
        while True:
            try:
                return await attempt()
            except (WrongChain, UnknownNetwork) as error:
                raise StartFailure(error.message, ExitStatus.WRONG_CHAIN) from error
            except WorldError as error:
                if self._clock.now() > until:
                    patience = self._config.chain.patience_seconds
                    raise StartFailure(
                        f"{what} did not answer for {patience:g} s: {error.message}. Start it, or correct [chain] in the configuration.",
                        ExitStatus.CHAIN_DOWN,
                    ) from error
                self._report.waiting(f"{what}: {error.message}")
                log.warning("waiting", what=what, why=error.message, seconds_left=round(until - self._clock.now()))
                await self._clock.sleep(CHAIN_PAUSE)


def member_of(committee: Committee, identity: NodeIdentity, config: Config) -> Participant:
    """Find this node in the registry; StartFailure if it is not there or is there with another certificate or key."""
    public = identity.public
    for member in committee:
        if member.address.lower() != public.address.lower():
            continue
        if (member.certificate_hash, member.x25519_key) != (public.certificate_hash, public.x25519_key):
            raise not_registered(
                f"the registry names another certificate or sealing key for {public.address}. Restore this node's identity."
            )
        if config.node.seat not in (None, member.seat):
            raise not_registered(f"node.seat is {config.node.seat} but the registry gives {public.address} seat {member.seat}. Correct it.")
        return member
    raise not_registered(
        f"{public.address} is not in the committee of epoch {committee.epoch}. Register it with certificate hash "
        f"{public.certificate_hash.hex()} and X25519 key {public.x25519_key.hex()}, or correct chain.resolver."
    )


def not_registered(message: str) -> StartFailure:
    """The failure of a node that the registry does not know as it is."""
    return StartFailure(f"not registered: {message}", ExitStatus.NOT_REGISTERED)
