"""An ordered list of endpoints, of which a quorum must give the same answer.

Failing over to other endpoints never lowers the quorum. Questions are repeated until their deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from votive.chain.errors import AnswerTooLarge, CallReverted, ChainUnavailable, QuorumNotReached
from votive.chain.quorum import Ballot, Outcome


class Asked(Protocol):
    """One endpoint, whatever it speaks."""

    url: str

    @property
    def failing(self) -> bool:
        """Whether it did not answer when it was last asked: others are asked first."""

    @property
    def known(self) -> bool:
        """Whether the next question is one exchange, with nothing to be found out before."""

    @property
    def resting(self) -> bool:
        """Whether that was a moment ago: it is not asked again yet if the others are enough."""

    async def close(self) -> None:
        """Close its connections."""


E = TypeVar("E", bound=Asked)
T = TypeVar("T")

PAUSE_BETWEEN_ROUNDS = 0.1
"""Seconds before all endpoints are asked again."""


class Endpoints(Generic[E]):
    """``endpoints`` in order of preference; ``quorum`` of them must agree within ``deadline`` seconds, repetitions included."""

    def __init__(self, endpoints: Sequence[E], quorum: int, deadline: float) -> None:
        if not 1 <= quorum <= len({endpoint.url for endpoint in endpoints}):
            raise ValueError(f"a quorum of {quorum} needs as many different endpoints; there are {len(endpoints)}")
        self.quorum = quorum
        self._endpoints = tuple(endpoints)
        self._deadline = deadline

    async def agreed(self, ask: Callable[[E], Awaitable[T]], deadline: float | None = None) -> T:
        """Return what ``ask`` gives for a quorum of endpoints.

        Raises ChainUnavailable or QuorumNotReached after the deadline; what a quorum of them refuses, or WrongChain, at once.
        """
        began = time.monotonic()
        preferred = self._preferred()
        if self.quorum == 1 and deadline is None and preferred.known:  # the usual case: one good answer decides, in one exchange
            try:
                return await ask(preferred)
            except (AnswerTooLarge, CallReverted):
                raise
            except Exception:  # noqa: BLE001, S110  # the ballot asks again, and judges and raises what it finds
                pass
        return await self._until_deadline(lambda: self._agreed(ask), deadline or self._deadline, began)

    async def surveyed(self, ask: Callable[[E], Awaitable[T]]) -> list[T]:
        """Return what ``ask`` gives for all endpoints that did not fail a moment ago, equal or not, if they are at least a quorum.

        A quorum of them would not do: of two that answer, one that lags alone could hold both back.
        """
        return await self._until_deadline(lambda: self._surveyed(ask), self._deadline, time.monotonic())

    async def reached(self, ask: Callable[[E], Awaitable[int]]) -> int:
        """Return the highest number that a quorum of endpoints reaches: one that lies or lags alone decides nothing."""
        return sorted(await self.surveyed(ask), reverse=True)[self.quorum - 1]

    async def all(self, ask: Callable[[E], Awaitable[T]], quorum: int) -> Ballot[T]:
        """Ask every endpoint once, and return what they said."""
        ballot: Ballot[T] = Ballot(quorum)
        await _count(self._endpoints, ask, ballot)
        return ballot

    async def close(self) -> None:
        """Close all connections."""
        for endpoint in self._endpoints:
            await endpoint.close()

    async def _agreed(self, ask: Callable[[E], Awaitable[T]]) -> T:
        """Ask the preferred endpoints, and all others too if those are not a quorum of equal answers."""
        ballot: Ballot[T] = Ballot(self.quorum)
        for wave in self._waves():
            await _count(wave, ask, ballot)
            if ballot.decided:
                break
        return ballot.result()

    async def _surveyed(self, ask: Callable[[E], Awaitable[T]]) -> list[T]:
        ballot: Ballot[T] = Ballot(self.quorum)
        ordered = self._ordered()
        awake = [endpoint for endpoint in ordered if not endpoint.resting]
        first = max(awake, ordered[: self.quorum], key=len) if self.quorum > 1 else ordered[:1]
        for wave in (first, [endpoint for endpoint in ordered if endpoint not in first]):
            await _count(wave, ask, ballot)
            if ballot.sufficient:
                break
        return ballot.values()

    def _waves(self) -> tuple[Sequence[E], Sequence[E]]:
        """Split the endpoints into a preferred quorum and the rest."""
        ordered = self._ordered()
        return ordered[: self.quorum], ordered[self.quorum :]

    def _preferred(self) -> E:
        """The first in that order."""
        for endpoint in self._endpoints:
            if not endpoint.failing:
                return endpoint
        return self._endpoints[0]

    def _ordered(self) -> Sequence[E]:
        """In order of preference; those that failed when they were last asked come last."""
        return sorted(self._endpoints, key=lambda endpoint: endpoint.failing)

    async def _until_deadline(self, once: Callable[[], Awaitable[T]], deadline: float, began: float) -> T:
        """Repeat ``once`` while too few endpoints answer alike, until ``deadline`` seconds after ``began``.

        Then raise what stopped the last round.
        """
        last: Exception = ChainUnavailable(f"no chain endpoint answered within {deadline} s")
        try:
            async with asyncio.timeout(began + deadline - time.monotonic()):
                while True:
                    try:
                        return await once()
                    except (ChainUnavailable, QuorumNotReached) as error:
                        last = error
                    await asyncio.sleep(PAUSE_BETWEEN_ROUNDS)
        except TimeoutError:
            raise last from None


async def _count(endpoints: Sequence[E], ask: Callable[[E], Awaitable[T]], ballot: Ballot[T]) -> None:
    if len(endpoints) == 1:
        outcomes = [await _outcome(ask(endpoints[0]))]  # no task for the usual case
    else:
        outcomes = await asyncio.gather(*(_outcome(ask(endpoint)) for endpoint in endpoints))
    ballot.add([endpoint.url for endpoint in endpoints], outcomes)


async def _outcome(answer: Awaitable[T]) -> Outcome[T]:
    try:
        return await answer
    except Exception as error:  # noqa: BLE001  # the ballot judges it, and raises it where it decides
        return error
