"""GET /votive/network: where everything is, for clients that know one node."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler


class NodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One node as the registry states it."""

    index: int
    url: str
    address: str


class IpfsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Where actions are read and published."""

    gateway: str | None
    api: str | None


class NetworkView(msgspec.Struct, frozen=True, kw_only=True):
    """The network. A client reads nodes and threshold from the chain; what stands here is a hint."""

    version: str
    chain_id: int
    rpc_url: str
    contracts: dict[str, str]
    threshold: int
    nodes: tuple[NodeEntry, ...]
    ipfs: IpfsEntry


def network(view: Callable[[], NetworkView]) -> HTTPRouteHandler:
    """Build the endpoint; ``view`` raises while the node is starting."""

    @get("/votive/network")
    async def handler() -> Response[bytes]:
        return Response(msgspec.json.encode(view()), media_type=MediaType.JSON)

    return handler
