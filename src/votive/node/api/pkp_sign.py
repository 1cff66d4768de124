"""POST /web/pkp/sign: sign a digest for a caller who has the right himself."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler

from votive.node.api.body import BODY_LIMIT
from votive.node.api.request import Door, HttpRequest
from votive.node.execute import PkpSignBody, Service


def pkp_sign(door: Door, service: Callable[[], Service]) -> HTTPRouteHandler:
    """Build the endpoint; ``service`` raises while the node is starting."""

    @post("/web/pkp/sign", status_code=200)
    async def handler(request: HttpRequest) -> Response[bytes]:
        return await door.answer(request, BODY_LIMIT, PkpSignBody, lambda asked, body: service().pkp_sign(asked, body))

    return handler
