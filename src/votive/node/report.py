"""Collects what ``/health``, ``/metrics`` and the starting endpoints answer, from the rooms as they open."""

from __future__ import annotations

import os

import msgspec

from votive.action import Pool
from votive.core import PairTable
from votive.net import Mesh
from votive.node.api.network import NetworkKeyEntry, NetworkKeysEntry, NetworkView
from votive.node.claim import Claims
from votive.node.coordinator import Coordinator
from votive.node.custody import Custody
from votive.node.execute import Service
from votive.node.metrics import Metrics
from votive.node.session_key import SessionKeys
from votive.node.status import ChainStatus, KeysStatus, PeerStatus, SandboxStatus, StartStep, Status, StockStatus
from votive.terms.encoding import hex0x
from votive.terms.errors import ErrorCode, WorldError
from votive.terms.key import NETWORK_KEYS, NETWORK_PURPOSES, Purpose
from votive.terms.participant import Committee, Seat


class Report:
    """The node's view of itself; the daemon tells it of each step."""

    def __init__(self, version: str, address: str, custody: Custody, metrics: Metrics) -> None:
        self._version, self._address, self._custody, self._metrics = version, address, custody, metrics
        self._step, self._waiting = StartStep.CHAIN, ""
        self._seat: Seat | None = None
        self._committee: Committee | None = None
        self._mesh: Mesh | None = None
        self._table: PairTable | None = None
        self._coordinator: Coordinator | None = None
        self._pool: Pool | None = None
        self._service: Service | None = None
        self._sessions: SessionKeys | None = None
        self._claims: Claims | None = None
        self._network: NetworkView | None = None

    # What the daemon tells.

    def step(self, step: StartStep) -> None:
        """Note how far the start has come."""
        self._step, self._waiting = step, ""

    def waiting(self, what: str) -> None:
        """Note what the start waits for."""
        self._waiting = what

    def committee(self, seat: Seat, committee: Committee) -> None:
        """Note our seat and committee."""
        self._seat, self._committee = seat, committee

    def rooms(self, mesh: Mesh, table: PairTable, coordinator: Coordinator) -> None:
        """Note the rooms that the status looks into."""
        self._mesh, self._table, self._coordinator = mesh, table, coordinator

    def sandbox(self, pool: Pool) -> None:
        """Note the sandbox."""
        self._pool = pool

    def serve(self, service: Service, sessions: SessionKeys, claims: Claims, network: NetworkView) -> None:
        """Begin to serve."""
        self._service, self._sessions, self._claims, self._network = service, sessions, claims, network
        self.step(StartStep.SERVING)
        self._metrics.serving.set(1)

    # What the endpoints ask.

    def service(self) -> Service:
        """Return what serves requests; WorldError 503 while the node is starting."""
        if self._service is None:
            raise self._starting()
        return self._service

    def sessions(self) -> SessionKeys:
        """Return what opens sessions; WorldError 503 while the node is starting."""
        if self._sessions is None:
            raise self._starting()
        return self._sessions

    def claims(self) -> Claims:
        """Return what signs claims; WorldError 503 while the node is starting."""
        if self._claims is None:
            raise self._starting()
        return self._claims

    def network(self) -> NetworkView:
        """Return the network; WorldError 503 while the node is starting."""
        if self._network is None:
            raise self._starting()
        encryption, session = (NetworkKeyEntry.of(self._custody.network_share(purpose)) for purpose in NETWORK_PURPOSES)
        keys = NetworkKeysEntry(
            encryption=encryption, session=session, roots=self._roots() if self._custody.holds(Purpose.ROOT_ECDSA) else None
        )
        return msgspec.structs.replace(self._network, keys=keys)

    def _roots(self) -> tuple[str, ...]:
        return tuple(hex0x(key.public_key) for key in self._custody.network_keys(Purpose.ROOT_ECDSA))

    def _starting(self) -> WorldError:
        return WorldError(f"this node is starting. {self._step.value} Try again in a moment.", code=ErrorCode.KEY_UNAVAILABLE, status=503)

    def status(self) -> Status:
        """Return the status as of now."""
        return Status(
            status="serving" if self._step is StartStep.SERVING else "starting",
            step=self._step.name.lower(),
            meaning=self._step.value,
            version=self._version,
            pid=os.getpid(),
            seat=self._seat,
            epoch=self._committee.epoch if self._committee else None,
            address=self._address,
            waiting_for=self._waiting,
            peers=self._peers(),
            keys=self._keys(),
            stock=self._stock(),
            chain=self._chain(),
            sandbox=SandboxStatus(layers=self._pool.layers(), missing=self._pool.missing_layers()) if self._pool else None,
            warnings=tuple(self._warnings()),
        )

    def _peers(self) -> tuple[PeerStatus, ...]:
        if self._mesh is None or self._table is None:
            return ()
        live = set(self._table.live())
        return tuple(
            PeerStatus(seat=seat, state=link.state.name.lower(), since=link.since, pair=seat in live)
            for seat, link in self._mesh.links().items()
        )

    def _keys(self) -> KeysStatus:
        seen = self._coordinator.seen if self._coordinator else None
        return KeysStatus(
            live=len(self._custody.live),
            staged=self._coordinator.staged if self._coordinator else 0,
            unminted=seen.unminted if seen else None,
            unavailable={hex0x(key.public_key): why for key, why in self._custody.unavailable.items()},
            network={purpose.value: self._network_key(purpose) for purpose in NETWORK_PURPOSES},
            roots=self._roots(),
        )

    def _network_key(self, purpose: Purpose) -> str | None:
        key = self._custody.network_public_key(purpose)
        return None if key is None else hex0x(key)

    def _stock(self) -> StockStatus | None:
        if self._coordinator is None:
            return None
        state = self._coordinator.states[Purpose.PKP_ECDSA]
        return StockStatus(
            phase=state.phase.name.lower(),
            meaning=state.phase.value,
            batch=state.plan.batch if state.plan else None,
            failures=state.failures,
        )

    def _chain(self) -> ChainStatus | None:
        seen = self._coordinator.seen if self._coordinator else None
        return ChainStatus(number=seen.block.number, hash=hex0x(seen.block.hash)) if seen else None

    def _warnings(self) -> list[str]:
        warnings = [f"key {hex0x(key.public_key)}: {why}" for key, why in self._custody.unavailable.items()]
        warnings += [
            f"this node lacks a share of the network's keys for {purpose.value}: it takes no part for it. Restore its backup."
            for purpose in NETWORK_KEYS
            if self._custody.lacks_share(purpose)
        ]
        if self._pool is not None and self._pool.missing_layers():
            warnings.append(f"the sandbox runs without these layers: {', '.join(self._pool.missing_layers())}")
        return warnings

    def gather(self) -> None:
        """Set the gauges."""
        keys, metrics = self._keys(), self._metrics
        metrics.keys.labels("live").set(keys.live)
        metrics.keys.labels("staged").set(keys.staged)
        metrics.keys.labels("unavailable").set(len(keys.unavailable))
        if keys.unminted is not None:
            metrics.unminted.set(keys.unminted)
        if (chain := self._chain()) is not None:
            metrics.final_block.set(chain.number)
        if self._mesh is not None and self._table is not None:
            metrics.links.set(len(self._mesh.reachable()))
            metrics.pairs.set(len(self._table.live()))
            for name, counts in self._mesh.counters().items():
                for seat, count in counts.items():
                    metrics.mesh.labels(name, seat).set(count)
