"""How often: token buckets for whoever asks, in bounded memory, and the toll on checks that cost much.

A bucket holds so many tokens and fills at a steady rate; what finds none in it is refused at once, with the moment to try again.
The chain, the network's key and identity providers are asked on behalf of callers whom nobody knows yet. Such a check takes a
token from its network address and gives it back if it holds: who is right pays nothing, who guesses runs dry.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from typing import Any, Generic, TypeVar

from votive.terms.errors import CallerError, ErrorCode, OurError, WorldError

REMEMBERED = 10_000
"""Buckets that are kept, each some hundred bytes; the longest unused is forgotten, and would be full again."""

Name = TypeVar("Name")


class RateLimited(CallerError):
    """A caller asks too often, or without the capacity that the network asks for."""

    code = ErrorCode.RATE_LIMITED
    status = 402

    @classmethod
    def until(cls, moment: float, limit: str, *, status: int = 402, details: tuple[Any, ...] = ()) -> RateLimited:
        """Say when to try again (Unix seconds), and which limit it was."""
        again = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return cls(f"Rate limit exceeded.  Try again at {again} ({limit}).", status=status, details=details or ({"limit": limit},))


@dataclass(frozen=True)
class Rate:
    """So many at once, and so many more each second."""

    burst: float
    per_second: float


class Buckets(Generic[Name]):
    """One bucket for each name."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._levels: OrderedDict[Name, tuple[float, float]] = OrderedDict()

    def take(self, name: Name, rate: Rate) -> float:
        """Take a token and return 0.0; or take none and return in how many seconds there will be one."""
        level = self._level(name, rate)
        if level < 1.0:
            return (1.0 - level) / rate.per_second if rate.per_second > 0 else float("inf")
        self._set(name, level - 1.0)
        return 0.0

    def give_back(self, name: Name, rate: Rate) -> None:
        """Undo a ``take``."""
        self._set(name, min(rate.burst, self._level(name, rate) + 1.0))

    def _level(self, name: Name, rate: Rate) -> float:
        level, seen = self._levels.get(name, (rate.burst, self._now()))
        return min(rate.burst, level + max(0.0, self._now() - seen) * rate.per_second)

    def _set(self, name: Name, level: float) -> None:
        self._levels[name] = (level, self._now())
        self._levels.move_to_end(name)
        while len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)

    def __len__(self) -> int:
        """How many buckets are not full, or were not lately."""
        return len(self._levels)


class Tolls:
    """The toll on costly checks: so many failed ones for each network address, so many under way for all together."""

    def __init__(self, rate: Rate, *, at_once: int, now: Callable[[], float]) -> None:
        self._rate, self._places, self._now = rate, at_once, now
        self._buckets: Buckets[str] = Buckets(now)
        self._under_way = 0

    def of(self, client: str, *, refusal_status: int = 402) -> Callable[[], AbstractContextManager[None]]:
        """Return the toll of one client, an IP address as text: to be entered around each costly check."""
        return partial(self._paid, network_of(client), refusal_status)

    @contextmanager
    def _paid(self, network: str, refusal_status: int) -> Iterator[None]:
        """Hold a place; RateLimited if the address failed too often, CallerError 429 if too many are checked already."""
        wait = self._buckets.take(network, self._rate)
        if wait > 0:
            raise RateLimited.until(self._now() + min(wait, 86_400.0), "failed checks from this address", status=refusal_status)
        if self._under_way >= self._places:
            self._buckets.give_back(network, self._rate)
            raise CallerError(
                "this node verifies as much as it can already. Try again in a moment.",
                code=ErrorCode.CONCURRENCY_OVERLOAD,
                status=429,
                details=[{"limit": "costly_checks", "value": self._places}],
            )
        self._under_way += 1
        try:
            yield
        except (WorldError, OurError):  # nobody is to blame who asked
            self._buckets.give_back(network, self._rate)
            raise
        else:
            self._buckets.give_back(network, self._rate)
        finally:
            self._under_way -= 1


def network_of(client: str) -> str:
    """Return whom an address stands for: itself if IPv4, its /64 if IPv6, which one subscriber has whole; else the text itself."""
    try:
        address = IPv6Address(client.partition("%")[0])
    except AddressValueError:
        return client
    mapped: IPv4Address | None = address.ipv4_mapped
    return str(mapped) if mapped is not None else str(IPv6Network((address, 64), strict=False))
