"""What every endpoint does around its one call: limit and parse the body, bound the time, count, answer as JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Request, Response

from votive.node.api.body import Budget, is_large, read_json, typed
from votive.node.api.errors import respond_to_error
from votive.node.authorise import Asked
from votive.node.metrics import Metrics

Body = TypeVar("Body", bound=msgspec.Struct)
HttpRequest = Request[Any, Any, Any]

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Door:
    """How this node receives requests."""

    metrics: Metrics
    seconds: float
    """A request that takes longer is answered 408."""
    budget: Budget = field(default_factory=Budget)

    async def answer(
        self, request: HttpRequest, limit: int, kind: type[Body], call: Callable[[Asked, Body], Awaitable[msgspec.Struct]]
    ) -> Response[bytes]:
        """Decode the body into ``kind``, await ``call``, encode what it returns; any error becomes Lit's JSON form."""
        endpoint, began = request.url.path.rstrip("/"), time.monotonic()
        try:
            async with asyncio.timeout(self.seconds):
                declared = request.headers.get("content-length")
                body = await read_json(request.stream(), declared, limit, self.budget)
                asked = Asked(endpoint, request.headers.get("x-request-id", ""), body, large=is_large(declared))
                answer = await call(asked, typed(body, kind))
            response = Response(_encoder.encode(answer), status_code=200, media_type=MediaType.JSON)
        except Exception as error:  # noqa: BLE001  # the border of the house: every failure is told to the caller
            response = respond_to_error(request, error)
        self.metrics.requests.labels(endpoint, response.status_code).inc()
        self.metrics.request_seconds.labels(endpoint).observe(time.monotonic() - began)
        return response
