"""The one composition root: reads what is configured, joins the rooms in order, and owns every task until the end.

A node serves even when its peers are down: whoever has the right gets a clear error, and once peers come up, signatures.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack

import structlog

from votive.chain.events import Watcher
from votive.chain.votes import Votes
from votive.chain.wallet import Wallet
from votive.core import Vault, harden_process
from votive.node.api.app import Front, serving
from votive.node.clock import MonotonicClock
from votive.node.config import Config
from votive.node.coordinator import Coordinator
from votive.node.custody import Custody
from votive.node.failure import ExitStatus, StartFailure
from votive.node.identity import NodeIdentity, load_identity
from votive.node.joining import Joining, OnChain
from votive.node.keygen import KeyGeneration
from votive.node.linking import AmongPeers, Linking
from votive.node.metrics import Metrics
from votive.node.offering import Offering, network_view
from votive.node.ports import listen
from votive.node.report import Report
from votive.node.status import StartStep
from votive.node.transitions import StockPolicy, network_key_policy
from votive.node.unlock import unlock
from votive.node.verification import check_all
from votive.store import Store, StoreError, StoreInUse
from votive.terms.key import NETWORK_KEYS, Purpose
from votive.terms.session import network_id
from votive.terms.version import VERSION

log = structlog.get_logger()

FIRST_LINKS = 3.0
"""Seconds that a starting node waits for a first peer."""
PAIRS_PATIENCE = 12.0
"""Seconds that a starting node waits for set-ups with the peers that are up."""
RECENT_SIGNING = 0.5
"""Seconds after a signature for which refilling the stock waits."""


async def run(config: Config) -> None:
    """Run a node until it is cancelled.

    Raises:
        StartFailure: the node cannot start.
    """
    harden_process()
    vault = unlock(config)
    identity = load_identity(config.directory, vault)
    check_address(config, identity)
    with (
        listen(config.http.host, config.http.port, "http.port") as http,
        listen(config.peer.host, config.peer.port, "peer.port") as peer,
        open_store(config, identity, vault) as store,
    ):
        await Daemon(config, identity, store).run(http, peer)


def check_address(config: Config, identity: NodeIdentity) -> None:
    """Refuse to run as another node than the configuration names."""
    named = config.node.address
    if named is not None and named.lower() != identity.public.address.lower():
        raise StartFailure.configuration(
            f"node.address is {named} but the identity in {config.directory} is {identity.public.address}. Correct one of them."
        )


def open_store(config: Config, identity: NodeIdentity, vault: Vault) -> Store:
    """Open the node's store; StartFailure says why it cannot be used."""
    network = network_id(config.chain.chain_id, config.chain.resolver)
    try:
        return Store.open(config.path("store.db"), network=network, node=identity.public.address, vault=vault)
    except StoreInUse as error:
        raise StartFailure(error.message, ExitStatus.STORE_LOCKED) from error
    except StoreError as error:
        raise StartFailure(error.message, ExitStatus.STORE_BROKEN) from error


class Daemon:
    """One node, from the first socket to the last task."""

    def __init__(self, config: Config, identity: NodeIdentity, store: Store) -> None:
        self._config, self._identity, self._store = config, identity, store
        self._clock = MonotonicClock()
        self._metrics = Metrics()
        self._custody = Custody(store)
        self._report = Report(VERSION, identity.public.address, self._custody, self._metrics)
        self._stack = AsyncExitStack()

    async def run(self, http: socket.socket, peer: socket.socket) -> None:
        """Start room by room, then serve until cancelled."""
        async with self._stack as stack:
            await stack.enter_async_context(serving(self._front(), http))
            chain = await Joining(self._config, self._identity, clock=self._clock, report=self._report, stack=stack).join()
            await self._check_shares(chain)
            tasks, peers = await self._join_peers(chain, peer)
            coordinator = self._keep_stock(chain, peers, tasks)
            await self._serve(chain, peers, coordinator)
            await asyncio.Event().wait()

    def _front(self) -> Front:
        report = self._report
        return Front(
            service=report.service,
            sessions=report.sessions,
            claims=report.claims,
            network=report.network,
            status=report.status,
            gather=report.gather,
            metrics=self._metrics,
            request_seconds=self._config.http.request_seconds,
        )

    # -- the chain -----------------------------------------------------------------------------------------------------

    async def _check_shares(self, chain: OnChain) -> None:
        self._report.step(StartStep.SHARES)
        self._custody.refresh()
        await check_all(self._custody, chain.keys, await chain.blocks.final_block())

    # -- the committee -------------------------------------------------------------------------------------------------

    async def _join_peers(self, chain: OnChain, listener: socket.socket) -> tuple[asyncio.TaskGroup, AmongPeers]:
        self._report.step(StartStep.MESH)
        linking = Linking(self._config, self._identity, self._store, clock=self._clock, metrics=self._metrics, stack=self._stack)
        return await linking.link(chain, listener)

    def _keep_stock(self, chain: OnChain, peers: AmongPeers, tasks: asyncio.TaskGroup) -> Coordinator:
        """Start what runs for as long as the node does: control messages, set-ups, the stock, the chain's news."""
        changed = asyncio.Event()
        coordinator = Coordinator(
            committee=chain.committee,
            policies=key_policies(self._config),
            generation=self._generation(chain, peers),
            control=peers.control,
            keys=chain.keys,
            blocks=chain.blocks,
            store=self._store,
            custody=self._custody,
            signing=lambda: peers.signer.active > 0 or self._clock.now() - peers.signer.last_active < RECENT_SIGNING,
            changed=changed,
            poll_seconds=self._config.chain.poll_seconds,
        )
        watcher = Watcher(
            chain.rpc,
            chain.final,
            [chain.contracts.pubkey_router, chain.contracts.pkp_nft],
            self._store.cursor(),
            self._config.chain.poll_seconds,
        )
        for work in (peers.control.run(), peers.pairs.run(), coordinator.run(), watcher.run(changed)):
            tasks.create_task(work)
        self._report.rooms(peers.mesh, peers.table, coordinator)
        return coordinator

    def _generation(self, chain: OnChain, peers: AmongPeers) -> KeyGeneration:
        return KeyGeneration(
            me=chain.me.seat,
            committee=chain.committee,
            sealing=self._identity.sealing,
            mesh=peers.mesh,
            store=self._store,
            votes=Votes(chain.rpc, chain.contracts, Wallet(self._identity.wallet_key)),
            engine=peers.engine,
            clock=self._clock,
        )

    async def _await_pairs(self, peers: AmongPeers) -> None:
        """Give set-ups with the peers that are up a moment, so that the first request finds them; then serve in any case."""
        self._report.step(StartStep.PAIRS)
        began = self._clock.now()
        while (waited := self._clock.now() - began) < PAIRS_PATIENCE:
            up, live = peers.mesh.reachable(), set(peers.table.live())
            if live >= up and (len(up) == len(peers.mesh.links()) or waited > FIRST_LINKS):
                return
            await self._clock.sleep(0.1)

    # -- the callers ---------------------------------------------------------------------------------------------------

    async def _serve(self, chain: OnChain, peers: AmongPeers, coordinator: Coordinator) -> None:
        """Open the endpoints that use keys."""
        offering = Offering(self._config, self._identity, self._custody, clock=self._clock, metrics=self._metrics, stack=self._stack)
        self._report.step(StartStep.SANDBOX)
        pool, programs = await offering.open_pool(), await offering.open_programs()
        self._report.sandbox(pool)
        await self._await_pairs(peers)
        offered = await offering.services(chain, peers, coordinator, pool, programs)
        self._report.serve(*offered, network_view(self._config, chain))
        log.info("serving", url=chain.me.url, keys=len(self._custody.live))


def key_policies(config: Config) -> dict[Purpose, StockPolicy]:
    """Read how many keys of each purpose there shall be: a stock of PKPs, and those for the network's own use."""
    stock = config.stock
    pkps = StockPolicy(
        low=stock.low,
        high=stock.high,
        first_batch=stock.first_batch,
        batch=stock.batch,
        deadline_blocks=stock.deadline_blocks,
        surplus=stock.batch,
    )
    own = {purpose: network_key_policy(stock.deadline_blocks, count) for purpose, count in NETWORK_KEYS.items()}
    return {Purpose.PKP_ECDSA: pkps, **own}
