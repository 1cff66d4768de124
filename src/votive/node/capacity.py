"""Whether a caller may ask now: limits that the operator set, and capacity if the network asks for it.

Capacity is a RateLimitNFT: so many requests in 1000 seconds, until it expires. Its owner uses it, or whoever he delegated it to by a
message that the session brings along; then the owner's capacity is used up, and the delegation's uses are counted under the hash
of its message. Every node counts for itself: a request comes to all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from votive.auth import CapacityDelegation, Grant
from votive.node.config import Config
from votive.node.rates import REMEMBERED, Buckets, Rate, RateLimited, Tolls
from votive.terms.block import Block

KILOSECOND = 1000.0


class CapacityToken(Protocol):
    """A RateLimitNFT."""

    @property
    def token_id(self) -> int:
        """Its id."""
        ...

    @property
    def requests_per_kilosecond(self) -> int:
        """How much it allows."""
        ...

    @property
    def expires_at(self) -> int:
        """Unix seconds."""
        ...


class ReadCapacity(Protocol):
    """Capacity as the chain has it. WorldError if it cannot answer."""

    async def owned(self, address: str, block: Block) -> Sequence[CapacityToken]:
        """Return every capacity token that ``address`` owns, expired ones too."""
        ...


@dataclass(frozen=True)
class RatePolicy:
    """What the operator allows."""

    node: Rate | None = None
    """All requests together; None: as many as come."""
    caller: Rate | None = None
    """Each caller; None: as many as he likes."""
    ask_capacity: bool = False
    free_per_kilosecond: int = 0
    """Requests in 1000 seconds that a caller without capacity may make, where capacity is asked for."""


@dataclass(frozen=True)
class _Source:
    """One way to have capacity."""

    owner: str
    tokens: tuple[int, ...] | None
    delegation: CapacityDelegation | None = None

    @property
    def asked(self) -> str:
        which = "" if self.tokens is None else f" in the tokens {', '.join(map(str, self.tokens)) or 'none'}"
        by = "" if self.delegation is None else ", by delegation"
        return f"does {self.owner} have capacity{which}{by}"


class Admission:
    """Admits requests whose callers are known."""

    def __init__(
        self, policy: RatePolicy, capacity: ReadCapacity, now: Callable[[], float], final_block: Callable[[], Awaitable[Block]]
    ) -> None:
        self._policy, self._capacity, self._now, self._final_block = policy, capacity, now, final_block
        self._buckets: Buckets[tuple[str, ...]] = Buckets(now)
        self._uses: OrderedDict[bytes, int] = OrderedDict()

    async def admit(self, grant: Grant, *, refusal_status: int = 402, uses_capacity: bool = True) -> None:
        """Count one request of the holder of ``grant``; opening a session uses no capacity, what it is used for does.

        Raises:
            RateLimited: too many; the message says when to try again, ``details`` which capacity was looked for.
            WorldError: capacity is asked for and the chain cannot be.
        """
        self._count(("node",), self._policy.node, "requests to this node", refusal_status)
        self._count(("caller", grant.caller), self._policy.caller, "requests of this caller", refusal_status)
        if self._policy.ask_capacity and uses_capacity:
            await self._use_capacity(grant, refusal_status)

    def _count(self, name: tuple[str, ...], rate: Rate | None, limit: str, status: int) -> None:
        wait = self._buckets.take(name, rate) if rate is not None else 0.0
        if wait > 0:
            raise RateLimited.until(self._now() + wait, limit, status=status)

    async def _use_capacity(self, grant: Grant, status: int) -> None:
        tried: list[dict[str, Any]] = []
        waits: list[float] = []
        block = await self._final_block()
        for source in _sources(grant):
            seen, wait = await self._try(source, grant, block)
            if seen is None:
                return
            tried.append({"asked": source.asked, "seen": seen, "permits": False})
            waits.append(wait)
        free = Rate(self._policy.free_per_kilosecond, self._policy.free_per_kilosecond / KILOSECOND)
        waits.append(self._buckets.take(("free", grant.caller), free))
        if waits[-1] == 0.0:
            return
        tried.append({"asked": "is there a free request left", "seen": f"{self._policy.free_per_kilosecond} in 1000 s", "permits": False})
        tree = {"permitted": False, "block": {"number": block.number}, "alternatives": tried}
        raise RateLimited.until(self._now() + min(*waits, KILOSECOND), "capacity", status=status, details=(tree,))

    async def _try(self, source: _Source, grant: Grant, block: Block) -> tuple[str | None, float]:
        """Use a source and return (None, 0); or return why it does not do, and in how many seconds it may."""
        why = self._is_closed(source.delegation, grant)
        if why is not None:
            return why, KILOSECOND
        tokens = [token for token in await self._capacity.owned(source.owner, block) if _counts(token, source, self._now())]
        waits = []
        for token in tokens:
            # Each token has its bucket, whoever owns it now: handing tokens about fills none.
            rate = Rate(token.requests_per_kilosecond, token.requests_per_kilosecond / KILOSECOND)
            waits.append(self._buckets.take(("token", str(token.token_id)), rate))
            if waits[-1] == 0.0:
                self._note_use(source.delegation)
                return None, 0.0
        allowed = sum(token.requests_per_kilosecond for token in tokens)
        seen = f"{allowed} requests in 1000 s, all used" if tokens else "no token that has not expired"
        return seen, min(waits, default=KILOSECOND)

    def _is_closed(self, delegation: CapacityDelegation | None, grant: Grant) -> str | None:
        if delegation is None:
            return None
        if delegation.delegates is not None and grant.address not in delegation.delegates:
            return f"it is delegated to {', '.join(delegation.delegates) or 'nobody'}"
        if delegation.uses is not None and self._uses.get(delegation.message_hash, 0) >= delegation.uses:
            return f"it was used {delegation.uses} times, as often as it may be"
        return None

    def _note_use(self, delegation: CapacityDelegation | None) -> None:
        if delegation is None or delegation.uses is None:
            return
        self._uses[delegation.message_hash] = self._uses.get(delegation.message_hash, 0) + 1
        self._uses.move_to_end(delegation.message_hash)
        while len(self._uses) > REMEMBERED:
            self._uses.popitem(last=False)


def admission_by(
    config: Config, capacity: ReadCapacity, now: Callable[[], float], final_block: Callable[[], Awaitable[Block]]
) -> Admission:
    """Return the admission that an operator configured."""
    limits = config.limits
    policy = RatePolicy(
        node=_rate(limits.requests_per_second),
        caller=_rate(limits.caller_requests_per_second),
        ask_capacity=config.capacity.ask,
        free_per_kilosecond=config.capacity.free_per_kilosecond,
    )
    return Admission(policy, capacity, now, final_block)


def tolls_by(config: Config, now: Callable[[], float]) -> Tolls:
    """Return the toll that an operator configured."""
    limits = config.limits
    return Tolls(Rate(limits.failed_checks, limits.failed_checks_per_second), at_once=limits.costly_checks, now=now)


def _rate(per_second: float | None) -> Rate | None:
    return None if per_second is None else Rate(max(1.0, per_second), per_second)


def _sources(grant: Grant) -> Iterator[_Source]:
    if grant.address is not None:
        yield _Source(grant.address, None)
    for delegation in grant.delegations:
        yield _Source(delegation.owner, delegation.nft_ids, delegation)


def _counts(token: CapacityToken, source: _Source, now: float) -> bool:
    return token.expires_at > now and (source.tokens is None or token.token_id in source.tokens)
