"""What a signing session is given: the engine, the permission, the links, and its times."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from votive.protocol.channel import Clock, Proves, Run
from votive.protocol.engine import Assemble, Verify
from votive.protocol.events import Observe, unobserved
from votive.terms.block import Block
from votive.terms.participant import Seat


class Permission(Protocol):
    """Reads this node's own answer to: may this caller have this digest signed with this key?"""

    async def permits(self, block: Block) -> bool:
        """Return whether ``block`` is canonical and final by our own rule and the caller may sign there."""

    async def permits_now(self) -> bool:
        """Return whether the caller may sign at our newest final block."""


@dataclass(frozen=True, kw_only=True)
class SignLimits:
    """Times of a signing session, in seconds."""

    deadline: float = 8.0
    """All of it; at most 8."""
    hush: float = 0.1
    """How long the leader alone is told that a node is ready, where no set has failed, and nobody looks why others are silent."""
    patience: float = 0.3
    """How long a node that holds t READYs waits for a proposal."""
    settle: float = 0.15
    """How long a leader waits for a better choice before it proposes a set that has failed."""
    round: float = 1.5
    """How long the other signers may take for one round."""
    grace: float = 1.5
    """How long fewer than t reachable nodes are borne before the session ends."""


@dataclass(frozen=True, kw_only=True)
class SignTools:
    """What a signing session needs from the node."""

    clock: Clock
    run: Run
    assemble: Assemble
    """Makes the engine's party for this session's key and digest."""
    permission: Permission
    pairs: Callable[[], Collection[Seat]]
    """Seats with which this process has a live set-up now."""
    reachable: Callable[[], Collection[Seat]]
    """Seats whose link is up now."""
    verify: Verify
    observe: Observe = unobserved
    proves: Proves | None = None
    """Lets the session name a leader that made two proposals."""
