"""A whole network on one machine: chain, contracts, IPFS and nodes, each a process of its own, in one directory.

``Devnet`` is loaded when it is first used: it needs the node and the chain's administration, which take a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from votive.devnet.errors import AnvilMissing, DevnetError, PortInUse
from votive.devnet.progress import Progress
from votive.devnet.status import NetworkStatus, NodeState
from votive.devnet.undisturbed import GOES_ON, undisturbed

if TYPE_CHECKING:
    from votive.devnet.network import Devnet

__all__ = ["GOES_ON", "AnvilMissing", "Devnet", "DevnetError", "NetworkStatus", "NodeState", "PortInUse", "Progress", "undisturbed"]


def __getattr__(name: str) -> Any:
    """Load ``Devnet`` when it is first used (PEP 562)."""
    if name != "Devnet":
        raise AttributeError(f"module 'votive.devnet' has no attribute {name!r}")
    from votive.devnet import network  # noqa: PLC0415  # see the module's docstring

    return network.Devnet
