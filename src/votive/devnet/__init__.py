"""A whole network on one machine: chain, contracts, IPFS and nodes, each a process of its own, in one directory."""

from __future__ import annotations

from votive.devnet.errors import AnvilMissing, DevnetError, PortInUse
from votive.devnet.network import Devnet
from votive.devnet.progress import Progress
from votive.devnet.status import NetworkStatus, NodeState

__all__ = ["AnvilMissing", "Devnet", "DevnetError", "NetworkStatus", "NodeState", "PortInUse", "Progress"]
