"""What ``votive up`` and ``votive status`` print: the network and what of it runs now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from votive.client.errors import Unreachable
from votive.client.network_key import NetworkKey
from votive.client.registry import Registry
from votive.client.rpc import Rpc
from votive.devnet.plan import CHAIN_ID, CHAIN_NAME, Account, NodePlan, Plan
from votive.devnet.processes import Process
from votive.terms.encoding import hex0x
from votive.terms.key import Purpose

if TYPE_CHECKING:
    import aiohttp

HEALTH_SECONDS = 2.0


class NodeState(StrEnum):
    """How far a node is."""

    DOWN = "down"
    """Its process does not run: start it with ``votive up``."""
    STARTING = "starting"
    """It runs, and is not ready for requests yet: wait, or read its log."""
    SERVING = "serving"
    """It answers requests."""


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The chain; ``pid`` is None if it does not run."""

    name: str
    """What access control conditions call it."""
    rpc_url: str
    chain_id: int
    pid: int | None


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A node; ``pid`` is None if it does not run."""

    index: int
    url: str
    pid: int | None
    state: NodeState


class IpfsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The store of actions; ``pid`` is None if it does not run."""

    gateway: str
    api: str
    pid: int | None


class IssuerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The development issuer of identity tokens; ``pid`` is None if it does not run."""

    url: str
    pid: int | None


class NetworkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A network."""

    version: str
    chain: ChainStatus
    contracts: dict[str, str]
    threshold: int
    nodes: tuple[NodeStatus, ...]
    ipfs: IpfsStatus
    issuer: IssuerStatus
    keys: KeysStatus
    accounts: tuple[Account, ...]


class KeysStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The network's own keys as the chain has them: compressed points of G1, 48 bytes, 0x hex; None if there is none yet."""

    encryption: str | None
    session: str | None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The processes that run; None for those that do not."""

    chain: Process | None
    ipfs: Process | None
    issuer: Process | None
    nodes: Mapping[int, Process | None]


async def status_of(session: aiohttp.ClientSession, version: str, plan: Plan, running: Running) -> NetworkStatus:
    """Put ``plan`` and what runs together, asking the nodes that run how they are."""
    return NetworkStatus(
        version=version,
        chain=ChainStatus(name=CHAIN_NAME, rpc_url=plan.rpc_url, chain_id=CHAIN_ID, pid=_pid(running.chain)),
        contracts=plan.contracts,
        threshold=plan.threshold,
        nodes=tuple(await asyncio.gather(*(_node_status(session, node, running.nodes[node.index]) for node in plan.nodes))),
        ipfs=IpfsStatus(gateway=plan.ipfs_url, api=plan.ipfs_url, pid=_pid(running.ipfs)),
        issuer=IssuerStatus(url=plan.issuer_url, pid=_pid(running.issuer)),
        keys=await keys_status(session, plan),
        accounts=plan.accounts,
    )


async def keys_status(session: aiohttp.ClientSession, plan: Plan) -> KeysStatus:
    """Read the network's own keys; all None if the chain does not answer."""
    try:
        registry = await Registry.open(Rpc(session, plan.rpc_url), plan.resolver)
        encryption, own = await registry.network_key(Purpose.ENCRYPTION_BLS), await registry.network_key(Purpose.SESSION_BLS)
    except Unreachable:
        return KeysStatus(encryption=None, session=None)
    return KeysStatus(encryption=_hex(encryption), session=_hex(own))


def _hex(key: NetworkKey | None) -> str | None:
    return None if key is None else hex0x(key.public_key)


def _pid(process: Process | None) -> int | None:
    return None if process is None else process.pid


async def _node_status(session: aiohttp.ClientSession, node: NodePlan, process: Process | None) -> NodeStatus:
    state = NodeState.DOWN if process is None else await node_state(session, node.url)
    return NodeStatus(index=node.index, url=node.url, pid=_pid(process), state=state)


async def node_state(session: aiohttp.ClientSession, url: str) -> NodeState:
    """Ask a running node whether it serves."""
    health = await get_json(session, f"{url}/health")
    return NodeState.SERVING if health is not None and health.get("status") == NodeState.SERVING else NodeState.STARTING


async def get_json(session: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    """Get a JSON object; None if nobody answers with one."""
    import aiohttp  # noqa: PLC0415  # loading it takes 0.2 s, and not every use needs it

    try:
        async with asyncio.timeout(HEALTH_SECONDS), session.get(url) as response:
            return msgspec.json.decode(await response.read(), type=dict[str, Any])
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError):
        return None
