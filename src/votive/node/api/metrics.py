"""GET /metrics: for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CONTENT_TYPE_LATEST

from votive.node.metrics import Metrics


def metrics(numbers: Metrics, gather: Callable[[], None]) -> HTTPRouteHandler:
    """Build the endpoint; ``gather`` sets the gauges from the node's state."""

    @get("/metrics")
    async def handler() -> Response[bytes]:
        gather()
        return Response(numbers.render(), media_type=CONTENT_TYPE_LATEST)

    return handler
