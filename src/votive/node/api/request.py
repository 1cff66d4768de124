"""What every endpoint does around its one call: limit and parse the body, bound the time, count, answer as JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import msgspec

from votive.node.api.body import Budget, Incoming, is_large, read_json, typed
from votive.node.api.errors import tell
from votive.node.authorise import Asked
from votive.node.metrics import Metrics

Body = TypeVar("Body", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()


class Arrived(msgspec.Struct, frozen=True):
    """A request as it comes in."""

    path: str
    """Without trailing slash."""
    request_id: str
    """The X-Request-Id header, or empty."""
    length: int | None
    """How long the body was announced to be."""
    body: Incoming
    client: str = ""
    """The network address that it comes from, as the socket has it: no header of the caller's is believed."""


class Reply(msgspec.Struct, frozen=True):
    """What goes back: JSON under a status."""

    status: int
    body: bytes


HEAD = ((b"content-type", b"application/json"), (b"access-control-allow-origin", b"*"))
"""Headers of every reply: any web page may read it."""

Answer: TypeAlias = Callable[[Arrived], Awaitable[Reply]]
"""One endpoint."""


@dataclass(frozen=True)
class Door:
    """How this node receives requests."""

    metrics: Metrics
    seconds: float
    """A request that takes longer is answered 408."""
    budget: Budget = field(default_factory=Budget)

    async def answer(
        self, arrived: Arrived, limit: int, kind: type[Body], call: Callable[[Asked, Body], Awaitable[msgspec.Struct]], status: int = 200
    ) -> Reply:
        """Decode the body into ``kind``, await ``call``, encode what it returns under ``status``; any error becomes Lit's JSON form."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.seconds):
                body = await read_json(arrived.body, arrived.length, limit, self.budget)
                asked = Asked(arrived.path, arrived.request_id, body, large=is_large(arrived.length), client=arrived.client)
                answer = await call(asked, typed(body, kind))
            reply = Reply(status, _encoder.encode(answer))
        except Exception as error:  # noqa: BLE001  # the border of the house: every failure is told to the caller
            told = tell(error, arrived.path, arrived.request_id)
            reply = Reply(told.status, _encoder.encode(told))
        self.metrics.answered(arrived.path, reply.status, time.monotonic() - began)
        return reply
