"""What a node offers to callers, joined from its rooms: the sandbox, authorisation, conditions, decryption, the endpoints' service."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from votive.action import FetchPolicy, Pool, Warm
from votive.auth import AuthPolicy, Grant, Granting, Toll, World, node_address_of
from votive.auth.granting import signed_in_by
from votive.auth.methods import Methods, Occasion
from votive.auth.world import Pinned
from votive.chain.blocks import Blocks
from votive.chain.capacity import Capacity
from votive.chain.named import Chains
from votive.chain.wallets import ContractWallets
from votive.ipfs import BlockStore
from votive.ipfs.gateway import Gateways
from votive.net import wallet_signer
from votive.node.api.network import IpfsEntry, NetworkView, NodeEntry
from votive.node.approval import Approver
from votive.node.authorise import Authoriser
from votive.node.capacity import Admission, admission_by, tolls_by
from votive.node.chains import Documents, NamedChains, chain_configs
from votive.node.claim import Claims, Notary
from votive.node.clock import MonotonicClock
from votive.node.config import Config
from votive.node.coordinator import Coordinator
from votive.node.custody import Custody
from votive.node.decryption import Decryption, Judge
from votive.node.derivation import Derivation
from votive.node.execute import Service, action_of
from votive.node.failure import ExitStatus, StartFailure
from votive.node.gate import Gate
from votive.node.identity import NodeIdentity
from votive.node.joining import OnChain
from votive.node.linking import AmongPeers
from votive.node.methods import auth_methods, recent_blocks
from votive.node.metrics import Metrics
from votive.node.network_key import SessionKey
from votive.node.questions import QuestionHost, Questions
from votive.node.session_key import SessionKeys
from votive.node.source import Program, Programs
from votive.terms.action import AuthContext
from votive.terms.auth_sig import AuthSig
from votive.terms.version import VERSION

QUESTIONS_AT_ONCE = 4


class Offering:
    """Joins the callers' side of a node; what it opens is closed with ``stack``."""

    def __init__(
        self, config: Config, identity: NodeIdentity, custody: Custody, *, clock: MonotonicClock, metrics: Metrics, stack: AsyncExitStack
    ) -> None:
        self._config, self._identity, self._custody = config, identity, custody
        self._clock, self._metrics, self._stack = clock, metrics, stack

    # -- the sandbox ---------------------------------------------------------------------------------------------------

    async def open_pool(self) -> Pool:
        """Start the sandbox."""
        sandbox = self._config.sandbox
        pool = self._pool("sandbox", Warm(bare=sandbox.warm, ethers=sandbox.warm_ethers), sandbox.concurrent)
        return await self._stack.enter_async_context(pool)

    def _pool(self, place: str, warm: Warm, parallel: int) -> Pool:
        config = self._config
        return Pool(
            config.limits.action, warm=warm, parallel=parallel, fetch=FetchPolicy(allow=config.fetch.allow), place=config.path(place)
        )

    async def open_programs(self) -> Programs:
        """Open the store of actions."""
        config = self._config
        blocks = BlockStore(config.path("blocks"), limit_bytes=config.ipfs.cache_bytes)
        gateways = await self._stack.enter_async_context(Gateways(config.ipfs.gateways, store=blocks))
        return Programs(gateways, code_limit=config.limits.action.code_bytes, cache_bytes=config.ipfs.cache_bytes)

    # -- who may what --------------------------------------------------------------------------------------------------

    def _methods(self, chain: OnChain, world: Callable[[], World]) -> Methods:
        """Return the authentication methods on offer; ``world`` is what wallets among them are verified with."""

        async def verify_wallet(auth_sig: AuthSig, occasion: Occasion) -> str:
            signed_in = await signed_in_by(auth_sig, occasion.request, world(), Pinned.at(occasion.block))
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
            node_address=own_address(chain.me.url),
            chain_id=self._config.chain.chain_id,
            contract_wallets=ContractWallets(chain.rpc),
            network=SessionKey(self._custody),
            methods=methods,
            keys=chain.permissions,
            name_action=action_of,
        )

    async def _judge(self, chain: OnChain, programs: Programs) -> Judge:
        """Return what judges conditions: chains by name, actions that are asked, documents of tokens."""
        config = self._config
        chains = Chains(chain_configs(config.chains), own=(config.chain.name, chain.rpc, chain.blocks))
        await self._stack.enter_async_context(chains)
        pool = self._pool("questions", Warm(bare=0, ethers=0), QUESTIONS_AT_ONCE)
        host = QuestionHost(chain.permissions, chain.blocks)
        questions = Questions(pool, self._stack, programs=programs, host=host, limits=config.limits.action)
        return Judge(NamedChains(chains), questions, Documents(FetchPolicy(allow=config.fetch.allow)))

    def _admission(self, chain: OnChain) -> Admission:
        return admission_by(self._config, Capacity(chain.rpc, chain.contracts), time.time, chain.blocks.final_block)

    def _approver(self, chain: OnChain, peers: AmongPeers, coordinator: Coordinator) -> Approver:
        return Approver(
            committee=chain.committee,
            custody=self._custody,
            reader=chain.permissions,
            blocks=chain.blocks,
            signer=peers.signer,
            look_again=coordinator.settle_now,
            derivation=Derivation(self._custody, chain.keys, chain.blocks),
        )

    async def _decryption(self, chain: OnChain, peers: AmongPeers, programs: Programs) -> Decryption:
        return Decryption(
            committee=chain.committee,
            custody=self._custody,
            judge=await self._judge(chain, programs),
            mesh=peers.mesh,
            engine=peers.engine,
            clock=self._clock,
            metrics=self._metrics,
        )

    # -- the endpoints -------------------------------------------------------------------------------------------------

    async def services(
        self, chain: OnChain, peers: AmongPeers, coordinator: Coordinator, pool: Pool, programs: Programs
    ) -> tuple[Service, SessionKeys, Claims]:
        """Return what the endpoints call: for requests, for sessions of PKPs, and for claims."""
        notary = self._notary(chain)
        methods = self._methods(chain, lambda: world)
        world = self._world(chain, methods)
        service = Service(
            me=chain.me.seat,
            authorise=Authoriser(Granting(world), self._admission(chain), tolls_by(self._config, time.time)),
            programs=programs,
            pool=pool,
            limits=self._config.limits.action,
            approver=self._approver(chain, peers, coordinator),
            decryption=await self._decryption(chain, peers, programs),
            permissions=chain.permissions,
            blocks=chain.blocks,
            gate=Gate(self._config.limits.concurrent_requests),
            notary=notary,
        )
        return service, self._sessions(chain, service, methods), self._claims(service, methods)

    def _sessions(self, chain: OnChain, service: Service, methods: Methods) -> SessionKeys:
        async def run(program: Program, params: dict[str, Any], context: AuthContext, grant: Grant, request: bytes, *, toll: Toll) -> str:
            result, _ = await service.run(program, params, context, grant, request, toll=toll)
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
            admission=service.authorise.admission,
            tolls=service.authorise.tolls,
            now=time.time,
        )

    def _notary(self, chain: OnChain) -> Notary:
        return Notary(
            sign=wallet_signer(self._identity.wallet_key),
            chain_id=self._config.chain.chain_id,
            router=chain.contracts.pubkey_router,
            accept_open=self._config.auth.accept_open_claims,
            custody=self._custody,
        )

    def _claims(self, service: Service, methods: Methods) -> Claims:
        return Claims(
            gate=service.gate,
            methods=methods,
            blocks=service.blocks,
            admission=service.authorise.admission,
            tolls=service.authorise.tolls,
            notary=service.notary,
            now=time.time,
        )


def own_address(url: str) -> str:
    """Return what session signatures call this node, by its URL in the registry; StartFailure if that names no node."""
    try:
        return node_address_of(url)
    except ValueError as error:
        raise StartFailure(
            f"the registry has the URL {url!r} for this node: {error}. Register it again with its own.", ExitStatus.NOT_REGISTERED
        ) from error


def network_view(config: Config, chain: OnChain) -> NetworkView:
    """What ``/votive/network`` answers, but for the keys."""
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
