"""JSON-RPC over an ordered list of endpoints: an answer counts when a quorum of endpoints gave the same one.

Failing over to other endpoints never lowers the quorum. Reads are repeated until their deadline; transactions are sent once to
every endpoint and never repeated here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from votive.chain.endpoint import Endpoint, decode
from votive.chain.errors import BlockGone, CallRefused, CallReverted, ChainUnavailable, QuorumNotReached, WrongChain
from votive.chain.quorum import Ballot, Outcome
from votive.chain.shapes import Data, Quantity
from votive.terms.encoding import hex0x

T = TypeVar("T")


PAUSE_BETWEEN_ROUNDS = 0.1
"""Seconds before all endpoints are asked again."""


class Rpc:
    """Endpoints ``urls`` in order of preference, all on ``chain_id``; ``quorum`` of them must give the same answer.

    ``timeout`` seconds for one request to one endpoint, ``deadline`` seconds for a read with all its repetitions.
    An async context manager: entering it checks the chain ids.
    """

    def __init__(self, urls: Sequence[str], *, chain_id: int, quorum: int = 1, timeout: float = 2.0, deadline: float = 5.0) -> None:
        self._urls = tuple(dict.fromkeys(urls))
        if not 1 <= quorum <= len(self._urls):
            raise ValueError(f"a quorum of {quorum} needs as many different endpoints; there are {len(self._urls)}")
        self.chain_id = chain_id
        self.quorum = quorum
        self._timeout = timeout
        self._deadline = deadline
        self._endpoints = tuple(Endpoint(url, chain_id, timeout) for url in self._urls)

    async def __aenter__(self) -> Self:
        try:
            await self._check_chains()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._close()

    async def _close(self) -> None:
        for endpoint in self._endpoints:
            await endpoint.close()

    async def read(self, method: str, params: Sequence[Any], shape: type[T]) -> T:
        """Return the answer of a quorum as ``shape``.

        Raises ChainUnavailable or QuorumNotReached after the deadline; WrongChain, CallReverted and CallRefused at once.
        """
        return await self.agreed(_question(method, params, shape))

    async def agreed(self, ask: Callable[[Endpoint], Awaitable[T]], deadline: float | None = None) -> T:
        """Return what ``ask`` gives for a quorum of endpoints; the same errors as ``read``, after ``deadline`` seconds."""
        return await self._until_deadline(lambda: self._agreed(ask), deadline or self._deadline)

    async def survey(self, method: str, params: Sequence[Any], shape: type[T]) -> list[T]:
        """Return the answers of at least a quorum of endpoints, equal or not: heads of a chain differ by nature."""
        return await self._until_deadline(lambda: self._surveyed(_question(method, params, shape)), self._deadline)

    async def reached(self, method: str, params: Sequence[Any] = ()) -> int:
        """Return the highest number that a quorum of endpoints reaches: one that lies or lags alone decides nothing."""
        numbers = [int(text, 16) for text in await self.survey(method, params, Quantity)]
        return sorted(numbers, reverse=True)[self.quorum - 1]

    async def eth_call(self, to: str, data: bytes, block_hash: bytes | None = None) -> bytes:
        """Return what a call of ``to`` returns, in the state of a canonical block (EIP-1898), or of the head.

        Raises CallReverted, or BlockGone if no endpoint can read that block.
        """
        pin = "latest" if block_hash is None else pin_of(block_hash)
        try:
            answer = await self.read("eth_call", ({"to": to, "data": hex0x(data)}, pin), Data)
        except CallReverted:
            raise
        except CallRefused as error:
            raise BlockGone(f"no endpoint can read the state of block {pin}: {error.message}") from error
        return bytes.fromhex(answer[2:])

    async def send_raw(self, transaction: bytes) -> None:
        """Send a signed transaction once to every endpoint; it is enough that one takes it. Raises why none did."""
        ballot: Ballot[str] = Ballot(1)
        await self._ask(self._endpoints, _question("eth_sendRawTransaction", (hex0x(transaction),), str), ballot)
        if not ballot.sufficient:
            ballot.raise_first(CallRefused)
        ballot.values()

    async def _check_chains(self) -> None:
        ballot: Ballot[None] = Ballot(self.quorum)
        await self._ask(self._endpoints, Endpoint.check_chain, ballot)
        ballot.raise_first(WrongChain)
        ballot.values()

    async def _agreed(self, ask: Callable[[Endpoint], Awaitable[T]]) -> T:
        """Ask the preferred endpoints, and all others too if those are not a quorum of equal answers."""
        ballot: Ballot[T] = Ballot(self.quorum)
        for wave in self._waves():
            await self._ask(wave, ask, ballot)
            if ballot.decided:
                break
        return ballot.result()

    async def _surveyed(self, ask: Callable[[Endpoint], Awaitable[T]]) -> list[T]:
        ballot: Ballot[T] = Ballot(self.quorum)
        for wave in self._waves():
            await self._ask(wave, ask, ballot)
            if ballot.sufficient:
                break
        return ballot.values()

    def _waves(self) -> tuple[Sequence[Endpoint], Sequence[Endpoint]]:
        """Split the endpoints into a preferred quorum and the rest; those that failed last time come last."""
        ordered = sorted(self._endpoints, key=lambda endpoint: endpoint.failing)
        return ordered[: self.quorum], ordered[self.quorum :]

    async def _ask(self, endpoints: Sequence[Endpoint], ask: Callable[[Endpoint], Awaitable[T]], ballot: Ballot[T]) -> None:
        if len(endpoints) == 1:
            outcomes = [await _outcome(ask(endpoints[0]))]  # no task for the usual case
        else:
            outcomes = await asyncio.gather(*(_outcome(ask(endpoint)) for endpoint in endpoints))
        ballot.add([endpoint.url for endpoint in endpoints], outcomes)

    async def _until_deadline(self, once: Callable[[], Awaitable[T]], deadline: float) -> T:
        """Repeat ``once`` while too few endpoints answer alike, until the deadline; then raise what stopped the last round."""
        last: Exception = ChainUnavailable(f"no chain endpoint answered within {deadline} s")
        try:
            async with asyncio.timeout(deadline):
                while True:
                    try:
                        return await once()
                    except (ChainUnavailable, QuorumNotReached) as error:
                        last = error
                    await asyncio.sleep(PAUSE_BETWEEN_ROUNDS)
        except TimeoutError:
            raise last from None


def pin_of(block_hash: bytes) -> dict[str, Any]:
    """Name the state of a canonical block, as EIP-1898 does."""
    return {"blockHash": hex0x(block_hash), "requireCanonical": True}


async def _outcome(answer: Awaitable[T]) -> Outcome[T]:
    try:
        return await answer
    except Exception as error:  # noqa: BLE001  # the ballot judges it, and raises it where it decides
        return error


def _question(method: str, params: Sequence[Any], shape: type[T]) -> Callable[[Endpoint], Awaitable[T]]:
    async def ask(endpoint: Endpoint) -> T:
        return decode(await endpoint.ask(method, params), shape)

    return ask
