"""JSON-RPC of an EVM chain over an ordered list of endpoints: an answer counts when a quorum of endpoints gave the same one.

Reads are repeated until their deadline; transactions are sent once to every endpoint and never repeated here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from votive.chain.endpoint import Endpoint, Question
from votive.chain.endpoints import Endpoints
from votive.chain.errors import BlockGone, CallRefused, CallReverted, WrongChain
from votive.chain.shapes import Data, Quantity
from votive.terms.encoding import hex0x

T = TypeVar("T")


class Rpc:
    """Endpoints ``urls`` in order of preference, all on ``chain_id``; ``quorum`` of them must give the same answer.

    ``timeout`` seconds for one request to one endpoint, ``deadline`` seconds for a read with all its repetitions.
    An async context manager: entering it checks the chain ids.
    """

    def __init__(self, urls: Sequence[str], *, chain_id: int, quorum: int = 1, timeout: float = 2.0, deadline: float = 5.0) -> None:
        different = dict.fromkeys(urls)
        self.chain_id = chain_id
        self.quorum = quorum
        self._endpoints = Endpoints([Endpoint(url, chain_id, min(timeout, deadline)) for url in different], quorum, deadline)

    async def __aenter__(self) -> Self:
        try:
            await self._check_chains()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._endpoints.close()

    async def read(self, method: str, params: Sequence[Any], shape: type[T], *, limit: int | None = None) -> T:
        """Return the answer of a quorum as ``shape``.

        Raises ChainUnavailable or QuorumNotReached after the deadline; WrongChain, CallReverted and CallRefused at once, and
        AnswerTooLarge if a reply would have more than ``limit`` bytes.
        """
        return await self.ask(Question(method, params, shape, limit=limit))

    def ask(self, question: Question[T]) -> Awaitable[T]:
        """Await the answer of a quorum to a question that is made once and asked often; the same errors as ``read``."""
        return self._endpoints.agreed(question.put_to)

    async def agreed(self, ask: Callable[[Endpoint], Awaitable[T]], deadline: float | None = None) -> T:
        """Return what ``ask`` gives for a quorum of endpoints; the same errors as ``read``, after ``deadline`` seconds."""
        return await self._endpoints.agreed(ask, deadline)

    async def survey(self, question: Question[T]) -> list[T]:
        """Return the answers of all endpoints that work, a quorum at least, equal or not: heads of a chain differ by nature."""
        return await self._endpoints.surveyed(question.put_to)

    async def reached(self, method: str, params: Sequence[Any] = ()) -> int:
        """Return the highest number that a quorum of endpoints reaches: one that lies or lags alone decides nothing."""
        question = Question(method, params, Quantity)

        async def ask(endpoint: Endpoint) -> int:
            answer = await endpoint.ask(question)
            return int(answer, 16)

        return await self._endpoints.reached(ask)

    async def eth_call(
        self, to: str, data: bytes, block_hash: bytes | None = None, *, gas: int | None = None, limit: int | None = None
    ) -> bytes:
        """Return what a call of ``to`` returns, in the state of a canonical block (EIP-1898), or of the head.

        Raises CallReverted, AnswerTooLarge, or BlockGone if no endpoint can read that block.
        """
        pin = "latest" if block_hash is None else pin_of(block_hash)
        call = {"to": to, "data": hex0x(data)} | ({} if gas is None else {"gas": hex(gas)})
        try:
            answer = await self.read("eth_call", (call, pin), Data, limit=limit)
        except CallReverted:
            raise
        except CallRefused as error:
            raise BlockGone(f"no endpoint can read the state of block {pin}: {error.message}") from error
        return bytes.fromhex(answer[2:])

    async def send_raw(self, transaction: bytes) -> None:
        """Send a signed transaction once to every endpoint; it is enough that one takes it. Raises why none did."""
        ballot = await self._endpoints.all(Question("eth_sendRawTransaction", (hex0x(transaction),), str).put_to, 1)
        if not ballot.sufficient:
            ballot.raise_first(CallRefused)
        ballot.values()

    async def _check_chains(self) -> None:
        ballot = await self._endpoints.all(Endpoint.check_chain, self.quorum)
        ballot.raise_first(WrongChain)
        ballot.values()


def pin_of(block_hash: bytes) -> dict[str, Any]:
    """Name the state of a canonical block, as EIP-1898 does."""
    return {"blockHash": hex0x(block_hash), "requireCanonical": True}
