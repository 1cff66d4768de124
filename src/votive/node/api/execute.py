"""POST /web/execute: run an action."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from votive.node.api.body import EXECUTE_LIMIT
from votive.node.api.request import Door, HttpRequest
from votive.node.execute import ExecuteBody, Service


def execute(door: Door, service: Callable[[], Service]) -> HTTPRouteHandler:
    """Build the endpoint; ``service`` raises while the node is starting."""

    @post("/web/execute", status_code=200)
    async def handler(request: HttpRequest) -> Response[bytes]:
        return await door.answer(request, EXECUTE_LIMIT, ExecuteBody, lambda asked, body: service().execute(asked, body))

    return handler
