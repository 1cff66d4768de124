"""Creating a node: its identity, before it is registered on chain."""

from __future__ import annotations

from pathlib import Path

from votive.core import Vault
from votive.node.identity import NodeIdentityPublic, create_identity

__all__ = ["NodeIdentityPublic", "create"]


def create(directory: Path, vault: Vault) -> NodeIdentityPublic:
    """Create the identity of a new node in ``directory`` and return what it has to register on chain.

    Called again, it returns the identity that is already there.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return create_identity(directory, vault)
