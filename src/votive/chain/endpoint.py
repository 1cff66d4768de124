"""One JSON-RPC endpoint: asks one question, and knows whether it serves the right chain."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from votive.chain.errors import AnswerTooLarge, CallRefused, CallReverted, ChainUnavailable, WrongChain, origin_of
from votive.chain.line import ExchangeFailed, Line, ReplyTooLarge
from votive.chain.shapes import Quantity
from votive.terms.ethereum import revert_data
from votive.terms.nesting import is_too_deep

T = TypeVar("T")

REST_SECONDS = 5.0
"""An endpoint that failed is not waited for again for so long, where others are enough."""
FIRST_CONTACT = 5.0
"""Seconds that an endpoint may take to say which chain it serves."""

EXECUTION_REVERTED = 3
"""JSON-RPC error code of a reverted call, in all of today's clients."""


class EndpointFailed(Exception):
    """This endpoint gave no usable answer; another one may."""


class NoAnswerInTime(EndpointFailed):
    """The endpoint did not answer this question in time."""


class _RpcError(msgspec.Struct, frozen=True):
    code: int
    message: str = ""
    data: Any = None


class _Reply(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _RpcError | None = None


class _Request(msgspec.Struct, frozen=True, tag_field="jsonrpc", tag="2.0"):
    method: str
    params: Sequence[Any]
    id: int = 1
    """Always the same: HTTP says whose reply it is, and a question that is asked often is the same bytes each time."""


_replies = msgspec.json.Decoder(_Reply)
_requests = msgspec.json.Encoder()


class Question(Generic[T]):
    """What is asked of endpoints, whose answer has the form of ``shape``, in a reply of ``limit`` bytes at most.

    It is encoded here, so that one that is asked often is best made once.
    """

    def __init__(self, method: str, params: Sequence[Any], shape: type[T], *, limit: int | None = None) -> None:
        self.method = method
        self.limit = limit
        self.body = _requests.encode(_Request(method=method, params=params))
        self._decoder: msgspec.json.Decoder[T] = _decoder(cast("Any", shape))

    def put_to(self, endpoint: Endpoint) -> Awaitable[T]:
        """Ask one endpoint."""
        return endpoint.ask(self)

    def read(self, result: msgspec.Raw) -> T:
        """Return the answer that a result in JSON is; EndpointFailed if it is none."""
        try:
            return self._decoder.decode(result)
        except msgspec.MsgspecError as error:
            raise EndpointFailed(f"malformed result: {error}") from error


@lru_cache(64)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


_CHAIN_ID = Question("eth_chainId", (), Quantity)


class Health:
    """Whether an endpoint answered when it was last asked."""

    def __init__(self) -> None:
        self.failing = False
        """Whether it did not answer when it was last asked."""
        self._failed_at = 0.0

    @property
    def known(self) -> bool:
        """Whether the next question is one exchange, with nothing to be found out before."""
        return True

    @property
    def resting(self) -> bool:
        """Whether that was a moment ago."""
        return self.failing and time.monotonic() - self._failed_at < REST_SECONDS

    def failed(self) -> None:
        """Note that it did not answer."""
        self.failing, self._failed_at = True, time.monotonic()

    def answered(self) -> None:
        """Note that it did."""
        self.failing = False


class Endpoint(Health):
    """An endpoint at ``url``; each request may take ``timeout`` seconds.

    It is expected to serve the EVM chain of ``chain_id``; None does not ask, for chains that have no such id.
    """

    def __init__(self, url: str, chain_id: int | None, timeout: float) -> None:
        super().__init__()
        self.url = url
        self._line: Line | None = None
        self._chain_id = chain_id
        self._timeout = timeout
        self._checked = chain_id is None

    @property
    def known(self) -> bool:
        """Whether it is known to serve its chain."""
        return self._checked

    async def ask(self, question: Question[T]) -> T:
        """Return the answer, or raise EndpointFailed, CallRefused, CallReverted or WrongChain.

        A reply of more than the question's limit is AnswerTooLarge, which says nothing against the endpoint. The chain id is read
        before the first question and again after every failure: what answers at an address that was down may be another chain.
        """
        try:
            if not self._checked:
                await self.check_chain()
            result = await self._result(question)
        except EndpointFailed:
            self.failed()
            self._checked = self._chain_id is None
            raise
        self.answered()
        return question.read(result)

    async def check_chain(self) -> None:
        """Raise WrongChain unless the endpoint serves the expected chain."""
        if self._checked or self._chain_id is None:
            return
        found = await self.found_chain_id()
        if found != self._chain_id:
            raise WrongChain(self.url, self._chain_id, found)
        self._checked = True

    async def found_chain_id(self) -> int:
        """Return the id of the chain that the endpoint says it serves."""
        return int(_CHAIN_ID.read(await self._result(_CHAIN_ID)), 16)

    async def _result(self, question: Question[Any]) -> msgspec.Raw:
        method = question.method
        try:
            self._line = self._line or Line(self.url, self._timeout)
            status, content = await self._line.post(question.body, question.limit)
        except (ExchangeFailed, OSError, ValueError) as error:
            raise no_answer(method, error, self._timeout) from error
        if not content:
            raise EndpointFailed(f"empty reply with HTTP status {status}")
        if is_too_deep(content):
            raise EndpointFailed(f"{method}: lists or objects within one another without an end")
        try:
            reply = _replies.decode(content)
        except (ValueError, msgspec.MsgspecError) as error:
            raise EndpointFailed(f"{method}: {type(error).__name__}: {error}") from error
        if reply.error is not None:
            raise _refusal(method, reply.error)
        return reply.result

    async def close(self) -> None:
        """Close the connections."""
        if self._line is not None:
            await self._line.close()


def no_answer(method: str, error: Exception, timeout: float) -> EndpointFailed | AnswerTooLarge:
    """Return why a question has no answer, given what its exchange raised."""
    if isinstance(error, TimeoutError):
        return NoAnswerInTime(f"no answer to {method} within {timeout} s")
    if isinstance(error, ReplyTooLarge):
        return AnswerTooLarge(method, error.limit)
    return EndpointFailed(f"{method}: {type(error).__name__}: {error}")


async def chain_id_of(url: str) -> int:
    """Ask the endpoint at ``url`` which chain it serves; ChainUnavailable if it does not say."""
    endpoint = Endpoint(url, 0, FIRST_CONTACT)
    try:
        return await endpoint.found_chain_id()
    except EndpointFailed as error:
        raise ChainUnavailable(f"no chain at {origin_of(url)}: {error}") from error
    finally:
        await endpoint.close()


def _refusal(method: str, error: _RpcError) -> CallRefused:
    message = f"{method} refused: {error.message} ({error.code})"
    if error.code == EXECUTION_REVERTED:
        return CallReverted(message, rpc_code=error.code, data=revert_data(error.data))
    return CallRefused(message, rpc_code=error.code)
