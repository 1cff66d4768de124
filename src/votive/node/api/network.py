"""GET /votive/network: where everything is, for clients that know one node."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from votive.core import KeyShare
from votive.terms.encoding import hex0x


class NodeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One node as the registry states it."""

    index: int
    url: str
    address: str


class IpfsEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Where actions are read and published."""

    gateway: str | None
    api: str | None


class NetworkKeyEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One of the network's own keys, with what its shares of signatures are verified under."""

    public_key: str
    """0x and hex of a compressed point of G1, 48 bytes."""
    verification_shares: dict[int, str]
    """The same of each seat. Who uses them compares ``terms.key.verification_hash`` with the hash that the chain has for the key."""

    @classmethod
    def of(cls, share: KeyShare | None) -> NetworkKeyEntry | None:
        """Describe the key of our ``share``, if we have one."""
        if share is None:
            return None
        verification_shares = {int(seat): hex0x(point) for seat, point in sorted(share.verification_shares.items())}
        return cls(public_key=hex0x(share.public_key), verification_shares=verification_shares)


class NetworkKeysEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The network's own keys; none while the nodes are still making it, or where this node has no usable share."""

    encryption: NetworkKeyEntry | None = None
    session: NetworkKeyEntry | None = None
    roots: tuple[str, ...] | None = None
    """The ten keys that claimed keys are derived from, in the chain's order: 0x and hex of compressed points, 33 bytes."""


class NetworkView(msgspec.Struct, frozen=True, kw_only=True):
    """The network. A client reads nodes and threshold from the chain; what stands here is a hint."""

    version: str
    chain_id: int
    chain_name: str
    """What access control conditions call the network's own chain."""
    rpc_url: str
    contracts: dict[str, str]
    threshold: int
    nodes: tuple[NodeEntry, ...]
    ipfs: IpfsEntry
    keys: NetworkKeysEntry = NetworkKeysEntry()


def network(view: Callable[[], NetworkView]) -> HTTPRouteHandler:
    """Build the endpoint; ``view`` raises while the node is starting."""

    @get("/votive/network")
    async def handler() -> Response[bytes]:
        return Response(msgspec.json.encode(view()), media_type=MediaType.JSON)

    return handler
