"""One JSON-RPC endpoint: asks one question, and knows whether it serves the right chain."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

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
    id: int
    method: str
    params: Sequence[Any]


_replies = msgspec.json.Decoder(_Reply)
_requests = msgspec.json.Encoder()
_ids = itertools.count(1)


class Health:
    """Whether an endpoint answered when it was last asked."""

    def __init__(self) -> None:
        self._failed_at: float | None = None

    @property
    def failing(self) -> bool:
        """Whether it did not answer when it was last asked."""
        return self._failed_at is not None

    @property
    def resting(self) -> bool:
        """Whether that was a moment ago."""
        return self._failed_at is not None and time.monotonic() - self._failed_at < REST_SECONDS

    def failed(self) -> None:
        """Note that it did not answer."""
        self._failed_at = time.monotonic()

    def answered(self) -> None:
        """Note that it did."""
        self._failed_at = None


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
        self._checked = False

    async def ask(self, method: str, params: Sequence[Any], *, limit: int | None = None) -> bytes:
        """Return the JSON of the result, or raise EndpointFailed, CallRefused, CallReverted or WrongChain.

        A reply of more than ``limit`` bytes is AnswerTooLarge, which says nothing against the endpoint. The chain id is read
        before the first question and again after every failure: what answers at an address that was down may be another chain.
        """
        try:
            await self.check_chain()
            answer = await self._post(method, params, limit)
        except EndpointFailed:
            self.failed()
            self._checked = False
            raise
        self.answered()
        return answer

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
        return int(decode(await self._post("eth_chainId", ()), Quantity), 16)

    async def _post(self, method: str, params: Sequence[Any], limit: int | None = None) -> bytes:
        body = _requests.encode(_Request(id=next(_ids), method=method, params=params))
        content = await answered(self._exchange(body, limit), method, self._timeout)
        if is_too_deep(content):
            raise EndpointFailed(f"{method}: lists or objects within one another without an end")
        try:
            reply = _replies.decode(content)
        except (ValueError, msgspec.MsgspecError) as error:
            raise EndpointFailed(f"{method}: {type(error).__name__}: {error}") from error
        if reply.error is not None:
            raise _refusal(method, reply.error)
        return bytes(reply.result)

    async def _exchange(self, body: bytes, limit: int | None) -> bytes:
        self._line = self._line or Line(self.url)
        status, content = await self._line.post(body, limit)
        if not content:
            raise EndpointFailed(f"empty reply with HTTP status {status}")
        return content

    async def close(self) -> None:
        """Close the connections."""
        if self._line is not None:
            await self._line.close()


async def answered(exchange: Awaitable[T], method: str, seconds: float) -> T:
    """Await an exchange for at most ``seconds``; EndpointFailed, NoAnswerInTime or AnswerTooLarge say why it gave nothing."""
    try:
        async with asyncio.timeout(seconds):
            return await exchange
    except TimeoutError as error:
        raise NoAnswerInTime(f"no answer to {method} within {seconds} s") from error
    except ReplyTooLarge as error:
        raise AnswerTooLarge(method, error.limit) from error
    except (ExchangeFailed, OSError, ValueError) as error:
        raise EndpointFailed(f"{method}: {type(error).__name__}: {error}") from error


async def chain_id_of(url: str) -> int:
    """Ask the endpoint at ``url`` which chain it serves; ChainUnavailable if it does not say."""
    endpoint = Endpoint(url, 0, FIRST_CONTACT)
    try:
        return await endpoint.found_chain_id()
    except EndpointFailed as error:
        raise ChainUnavailable(f"no chain at {origin_of(url)}: {error}") from error
    finally:
        await endpoint.close()


def decode(raw: bytes, shape: type[T]) -> T:
    """Decode a result into ``shape``; EndpointFailed if it does not fit."""
    try:
        return cast("T", _decoder(cast("Any", shape)).decode(raw))
    except msgspec.MsgspecError as error:
        raise EndpointFailed(f"malformed result: {error}") from error


@lru_cache(64)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def _refusal(method: str, error: _RpcError) -> CallRefused:
    message = f"{method} refused: {error.message} ({error.code})"
    if error.code == EXECUTION_REVERTED:
        return CallReverted(message, rpc_code=error.code, data=revert_data(error.data))
    return CallRefused(message, rpc_code=error.code)
