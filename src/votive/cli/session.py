"""A command's connection to the network in its directory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from votive.client import Network
    from votive.devnet.plan import Plan


def plan_of(directory: Path) -> Plan:
    """Return the plan of the network in ``directory``; DevnetError if there is none."""
    from votive.devnet.plan import existing

    return existing(directory.absolute())


@asynccontextmanager
async def connected(plan: Plan) -> AsyncIterator[Network]:
    """Connect to the first node that answers; the network must be the one that ``plan`` names."""
    from votive.client import connect

    urls = [node.url for node in plan.nodes]
    async with connect(urls, rpc_url=plan.rpc_url, ipfs_api=plan.ipfs_url, resolver=plan.resolver) as network:
        yield network
