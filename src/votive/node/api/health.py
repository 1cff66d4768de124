"""GET /health: what an operator wants to know first."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from votive.node.status import Status


def health(status: Callable[[], Status]) -> HTTPRouteHandler:
    """Build the endpoint."""

    @get("/health")
    async def handler() -> Response[bytes]:
        return Response(msgspec.json.encode(status()), media_type=MediaType.JSON)

    return handler
