"""What a node says of itself: where its start stands, its links and keys, and what an operator should look at."""

from __future__ import annotations

from enum import Enum

import msgspec


class StartStep(Enum):
    """How far the start has come; the value is what an operator reads."""

    CHAIN = "Waiting for the chain to answer."
    REGISTRY = "Reading the committee from the registry."
    SHARES = "Checking every key share against what the chain registered."
    MESH = "Opening the peer port and linking to the other nodes."
    SANDBOX = "Starting the sandbox."
    PAIRS = "Setting up pairs with the nodes that are up."
    SERVING = "Serving requests."


class PeerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One other node, as seen from here."""

    seat: int
    state: str
    """down, connecting or up."""
    since: float
    """Unix seconds."""
    pair: bool
    """A live pairwise set-up: we can sign together."""


class KeysStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Keys by what this node can do with them."""

    live: int = 0
    staged: int = 0
    unminted: int | None = None
    """Of the network, at the newest final block."""
    unavailable: dict[str, str] = {}
    """Public key → why this node takes no part for it."""
    network: dict[str, str | None] = {}
    """Purpose → the network's own key, or none while the nodes are still making it."""
    roots: tuple[str, ...] = ()
    """The ten keys that claimed keys are derived from, compressed, in the chain's order; none before there are ten."""


class StockStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The refill of the stock; see ``transitions.Phase``."""

    phase: str
    meaning: str
    batch: int | None
    failures: int


class ChainStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The newest final block this node has acted on."""

    number: int
    hash: str


class SandboxStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What holds an action."""

    layers: tuple[str, ...]
    missing: tuple[str, ...]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``/health``."""

    status: str
    """starting or serving."""
    step: str
    meaning: str
    version: str
    pid: int
    seat: int | None = None
    epoch: int | None = None
    address: str | None = None
    waiting_for: str = ""
    peers: tuple[PeerStatus, ...] = ()
    keys: KeysStatus = KeysStatus()
    stock: StockStatus | None = None
    chain: ChainStatus | None = None
    sandbox: SandboxStatus | None = None
    warnings: tuple[str, ...] = ()
