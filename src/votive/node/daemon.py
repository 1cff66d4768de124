"""The one composition root: reads what is configured, joins the rooms in order, and owns every task until the end.

A node serves even when its peers are down: whoever has the right gets a clear error, and once peers come up, signatures.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog

from votive.action import FetchPolicy, Pool, Warm
from votive.auth import AuthPolicy, Grant, Granting, World, node_address_of
from votive.auth.granting import signed_in_by
from votive.auth.methods import Methods, Occasion
from votive.chain.blocks import Blocks
from votive.chain.events import Watcher
from votive.chain.token import token_id
from votive.chain.votes import Votes
from votive.chain.wallet import Wallet
from votive.chain.wallets import ContractWallets
from votive.core import PairTable, Vault, harden_process
from votive.ipfs import BlockStore
from votive.ipfs.gateway import Gateways
from votive.net import Identity, Mesh, wallet_signer
from votive.node.api.app import Front, serving
from votive.node.api.network import IpfsEntry, NetworkView, NodeEntry
from votive.node.approval import Approver
from votive.node.authorise import Authoriser
from votive.node.clock import MonotonicClock
from votive.node.config import Config
from votive.node.control import Control
from votive.node.coordinator import Coordinator
from votive.node.custody import Custody
from votive.node.engine import Engine
from votive.node.execute import Gate, Service, action_of
from votive.node.failure import ExitStatus, StartFailure
from votive.node.identity import NodeIdentity, load_identity
from votive.node.joining import Joining, OnChain
from votive.node.keygen import KeyGeneration
from votive.node.methods import auth_methods, recent_blocks
from votive.node.metrics import Metrics
from votive.node.network_key import SessionKey
from votive.node.pairs import Pairs
from votive.node.ports import listen
from votive.node.report import Report
from votive.node.session_key import SessionKeys
from votive.node.signing import Signer
from votive.node.source import Program, Programs
from votive.node.status import StartStep
from votive.node.transitions import StockPolicy, network_key_policy
from votive.node.unlock import unlock
from votive.node.verification import check_all
from votive.protocol import SigningMemory
from votive.store import Store, StoreError, StoreInUse
from votive.terms.action import AuthContext
from votive.terms.auth_sig import AuthSig
from votive.terms.key import NETWORK_PURPOSES, Purpose
from votive.terms.session import control_session, network_id
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


@dataclass(frozen=True)
class AmongPeers:
    """The committee's side of a running node."""

    mesh: Mesh
    table: PairTable
    control: Control
    pairs: Pairs
    signer: Signer
    engine: Engine


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
            pool, programs = await self._open_sandbox()
            await self._await_pairs(peers)
            self._serve(chain, peers, coordinator, pool, programs)
            await asyncio.Event().wait()

    def _front(self) -> Front:
        report = self._report
        return Front(
            report.service, report.sessions, report.network, report.status, report.gather, self._metrics, self._config.http.request_seconds
        )

    # -- the chain -----------------------------------------------------------------------------------------------------

    async def _check_shares(self, chain: OnChain) -> None:
        self._report.step(StartStep.SHARES)
        self._custody.refresh()
        await check_all(self._custody, chain.keys, await chain.blocks.final_block())

    # -- the committee -------------------------------------------------------------------------------------------------

    async def _join_peers(self, chain: OnChain, listener: socket.socket) -> tuple[asyncio.TaskGroup, AmongPeers]:
        """Link to the committee; from here on tasks run, all owned by the returned group."""
        self._report.step(StartStep.MESH)
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

    async def _open_sandbox(self) -> tuple[Pool, Programs]:
        self._report.step(StartStep.SANDBOX)
        config = self._config
        pool = Pool(
            config.limits.action,
            warm=Warm(bare=config.sandbox.warm, ethers=config.sandbox.warm_ethers),
            parallel=config.sandbox.concurrent,
            fetch=FetchPolicy(allow=config.fetch.allow),
            place=config.path("sandbox"),
        )
        await self._stack.enter_async_context(pool)
        self._report.sandbox(pool)
        blocks = BlockStore(config.path("blocks"), limit_bytes=config.ipfs.cache_bytes)
        gateways = await self._stack.enter_async_context(Gateways(config.ipfs.gateways, store=blocks))
        return pool, Programs(gateways, code_limit=config.limits.action.code_bytes, cache_bytes=config.ipfs.cache_bytes)

    def _approver(self, chain: OnChain, peers: AmongPeers, coordinator: Coordinator) -> Approver:
        async def registered(public_key: bytes) -> bool:
            token = token_id(public_key)
            return token in await chain.keys.registered([token], await chain.blocks.final_block())

        return Approver(
            committee=chain.committee,
            custody=self._custody,
            reader=chain.permissions,
            blocks=chain.blocks,
            signer=peers.signer,
            look_again=coordinator.settle_now,
            registered=registered,
        )

    def _methods(self, chain: OnChain, world: Callable[[], World]) -> Methods:
        """Return the authentication methods on offer; ``world`` is what wallets among them are verified with."""

        async def verify_wallet(auth_sig: AuthSig, occasion: Occasion) -> str:
            signed_in, _ = await signed_in_by(auth_sig, occasion.request, world(), occasion.block)
            return signed_in.address

        return auth_methods(
            self._config.auth,
            verify_wallet=verify_wallet,
            reader=chain.permissions,
            recent=recent_blocks(Blocks(chain.rpc), chain.blocks.final_block),
            now=time.time,
        )

    def _world(self, chain: OnChain, methods: Methods) -> World:
        """Return what requests are authorised with."""
        auth = self._config.auth
        return World(
            policy=AuthPolicy(accept_bearer=auth.accept_bearer_authsig, domains=auth.domains or None),
            now=time.time,
            final_block=chain.blocks.final_block,
            node_address=node_address_of(chain.me.url),
            chain_id=self._config.chain.chain_id,
            contract_wallets=ContractWallets(chain.rpc),
            network=SessionKey(self._custody),
            methods=methods,
            name_action=action_of,
        )

    def _sessions(self, chain: OnChain, service: Service, methods: Methods) -> SessionKeys:
        async def run(program: Program, params: dict[str, Any], context: AuthContext, grant: Grant, request: bytes) -> str:
            result, _ = await service.run(program, params, context, grant, request)
            return result.response

        return SessionKeys(
            gate=service.gate,
            methods=methods,
            reader=chain.permissions,
            blocks=chain.blocks,
            nonces=Blocks(chain.rpc),
            programs=service.programs,
            run=run,
            keys=self._custody,
            now=time.time,
        )

    def _serve(self, chain: OnChain, peers: AmongPeers, coordinator: Coordinator, pool: Pool, programs: Programs) -> None:
        """Open the endpoints that use keys."""
        methods = self._methods(chain, lambda: world)
        world = self._world(chain, methods)
        service = Service(
            me=chain.me.seat,
            authorise=Authoriser(Granting(world)),
            programs=programs,
            pool=pool,
            limits=self._config.limits.action,
            approver=self._approver(chain, peers, coordinator),
            permissions=chain.permissions,
            blocks=chain.blocks,
            gate=Gate(self._config.limits.concurrent_requests),
        )
        self._report.serve(service, self._sessions(chain, service, methods), network_view(self._config, chain))
        log.info("serving", url=chain.me.url, keys=len(self._custody.live))


def key_policies(config: Config) -> dict[Purpose, StockPolicy]:
    """Read how many keys of each purpose there shall be: a stock of PKPs, and one key of each of the network's own purposes."""
    stock = config.stock
    pkps = StockPolicy(
        low=stock.low,
        high=stock.high,
        first_batch=stock.first_batch,
        batch=stock.batch,
        deadline_blocks=stock.deadline_blocks,
        surplus=stock.batch,
    )
    own = network_key_policy(stock.deadline_blocks)
    return {Purpose.PKP_ECDSA: pkps, **dict.fromkeys(NETWORK_PURPOSES, own)}


def network_view(config: Config, chain: OnChain) -> NetworkView:
    """What ``/votive/network`` answers."""
    return NetworkView(
        version=VERSION,
        chain_id=config.chain.chain_id,
        chain_name=config.chain.name,
        rpc_url=config.chain.public_rpc_url or config.chain.rpc_urls[0],
        contracts=chain.contracts.as_dict(),
        threshold=chain.committee.threshold,
        nodes=tuple(NodeEntry(index=member.seat, url=member.url, address=member.address) for member in chain.committee),
        ipfs=IpfsEntry(gateway=next(iter(config.ipfs.gateways), None), api=config.ipfs.api),
    )
