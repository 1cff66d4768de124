"""How a starting node links to its committee: the mesh, and what works over it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass

from votive.core import PairTable
from votive.net import Identity, Mesh, wallet_signer
from votive.node.clock import MonotonicClock
from votive.node.config import Config
from votive.node.control import Control
from votive.node.engine import Engine
from votive.node.identity import NodeIdentity
from votive.node.joining import OnChain
from votive.node.metrics import Metrics
from votive.node.pairs import Pairs
from votive.node.signing import Signer
from votive.protocol import SigningMemory
from votive.store import Store
from votive.terms.session import control_session


@dataclass(frozen=True)
class AmongPeers:
    """The committee's side of a running node."""

    mesh: Mesh
    table: PairTable
    control: Control
    pairs: Pairs
    signer: Signer
    engine: Engine


class Linking:
    """Links the node of ``identity`` to its committee; what it opens is closed with ``stack``."""

    def __init__(
        self, config: Config, identity: NodeIdentity, store: Store, *, clock: MonotonicClock, metrics: Metrics, stack: AsyncExitStack
    ) -> None:
        self._config, self._identity, self._store = config, identity, store
        self._clock, self._metrics, self._stack = clock, metrics, stack

    async def link(self, chain: OnChain, listener: socket.socket) -> tuple[asyncio.TaskGroup, AmongPeers]:
        """Open the peer port and begin to link; from here on tasks run, all owned by the returned group."""
        me, committee = chain.me.seat, chain.committee
        engine = self._stack.enter_context(Engine(self._config.limits.engine_threads))
        table = PairTable(network=committee.network, epoch=committee.epoch, seat=me, sealing=self._identity.sealing)
        mesh = await self._stack.enter_async_context(self._mesh(chain, table, listener))
        tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        control = Control(mesh.open(control_session(committee.network, committee.epoch)))
        pairs = Pairs(
            me=me, committee=committee, table=table, links=mesh, control=control, store=self._store, run=engine, clock=self._clock
        )
        signer = Signer(
            mesh=mesh,
            committee=committee,
            table=table,
            pairs=pairs,
            engine=engine,
            clock=self._clock,
            memory=SigningMemory(self._clock),
            metrics=self._metrics,
        )
        await self._stack.enter_async_context(signer.running())
        return tasks, AmongPeers(mesh, table, control, pairs, signer, engine)

    def _mesh(self, chain: OnChain, table: PairTable, listener: socket.socket) -> Mesh:
        identity = Identity(
            seat=chain.me.seat,
            address=chain.me.address,
            certificate_pem=self._identity.certificate_pem,
            key_pem=self._identity.key_pem,
            key_password=self._identity.key_password,
            sign=wallet_signer(self._identity.wallet_key),
            boot_nonce=table.boot_nonce,
        )
        peer = self._config.peer
        return Mesh(identity, chain.committee, listen_host=peer.host, listen_port=peer.port, listen_socket=listener)
