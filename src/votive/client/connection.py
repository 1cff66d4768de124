"""Finding a network: a node names its chain and contracts, the chain says the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from votive.client.ask import decoded
from votive.client.auth_sig import ANONYMOUS, Origin
from votive.client.errors import Unreachable, WrongNetwork
from votive.client.network import Network
from votive.client.registry import Registry
from votive.client.rpc import Rpc
from votive.terms.errors import IS_IT_UP, reason_of

if TYPE_CHECKING:
    import aiohttp

DESCRIBE_SECONDS = 5.0


class IpfsAddresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where a network's actions are read and published."""

    gateway: str | None = None
    api: str | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of its network (``GET /votive/network``). Only a hint: everything that matters is read on chain."""

    chain_id: int
    chain_name: str
    rpc_url: str
    contracts: dict[str, str]
    ipfs: IpfsAddresses = IpfsAddresses()


@asynccontextmanager
async def connect(
    url: str | Sequence[str],
    *,
    rpc_url: str | None = None,
    ipfs_api: str | None = None,
    resolver: str | None = None,
    origin: Origin = ANONYMOUS,
) -> AsyncIterator[Network]:
    """Connect to the network that the node at ``url`` belongs to.

    Args:
        url: base URL of a node, or of several, of which the first that answers is asked.
        rpc_url: EVM JSON-RPC endpoint to read the chain from; by default the one the node names. Name your own to trust no node.
        ipfs_api: base of ``/api/v0/add`` to publish actions at; by default the one the node names.
        resolver: address of the network's ContractResolver. If given, the node must name the same.
        origin: who asks for signatures, as the wallet's owner and the nodes see it.

    Raises:
        Unreachable: no node or no chain answers.
        WrongNetwork: node, chain and ``resolver`` do not belong together.
    """
    import aiohttp  # noqa: PLC0415  # loaded when first needed: see the package's docstring

    connector, no_cookies = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=no_cookies, timeout=aiohttp.ClientTimeout(total=None)) as session:
        description = await describe(session, [url] if isinstance(url, str) else url)
        rpc = Rpc(session, rpc_url or description.rpc_url)
        registry = await _registry(rpc, description, resolver)
        yield Network(
            session=session,
            registry=registry,
            committee=await registry.committee(),
            ipfs_api=ipfs_api or description.ipfs.api,
            gateways=tuple(filter(None, [description.ipfs.gateway])),
            origin=origin,
            chain_name=description.chain_name,
        )


async def describe(session: aiohttp.ClientSession, urls: Sequence[str]) -> Description:
    """Ask the nodes at ``urls``, one after the other, until one describes its network."""
    failures: list[str] = []
    for url in urls:
        try:
            return await _describe(session, url.rstrip("/"))
        except Unreachable as error:
            failures.append(error.message)
    if not failures:
        raise Unreachable("no node was named: give the URL of at least one.")
    raise Unreachable(f"{'; '.join(failures)}. {IS_IT_UP}")


async def _describe(session: aiohttp.ClientSession, url: str) -> Description:
    import aiohttp  # noqa: PLC0415  # loading it takes 0.2 s, and not every use needs it

    try:
        async with asyncio.timeout(DESCRIBE_SECONDS), session.get(f"{url}/votive/network") as response:
            raw = await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Unreachable(f"no node answers at {url} ({reason_of(error)})") from error
    try:
        return decoded(raw, msgspec.json.Decoder(Description))
    except ValueError as error:
        raise Unreachable(
            f"{url} is no Votive node: its /votive/network (HTTP {response.status}) does not describe a network ({error})"
        ) from error


async def _registry(rpc: Rpc, description: Description, resolver: str | None) -> Registry:
    named = description.contracts.get("ContractResolver", "")
    if resolver is not None and resolver.lower() != named.lower():
        raise WrongNetwork(
            f"the node's network has the ContractResolver {named}, not {resolver}. Ask a node of the other network.", retryable=False
        )
    registry = await Registry.open(rpc, named)
    if registry.chain_id != description.chain_id:
        raise WrongNetwork(
            f"the node's chain has the id {description.chain_id}, the chain at {rpc.url} has {registry.chain_id}. Give the right rpc_url.",
            retryable=False,
        )
    return registry
