"""The endpoints that work, without a framework in between: a signature waits for four nodes to answer one request each.

Litestar has the same paths for every other method, so that preflights and 405s stay its own (docs/decisions/0071). Small bodies that
come in one piece do not even get here: see ``votive.node.api.connection``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from votive.node.api.body import announced
from votive.node.api.request import HEAD, Answer, Arrived
from votive.terms.errors import CallerError


class Straight:
    """An ASGI application: POST to one of ``answers``, by path, goes straight there, all else to ``rest``."""

    def __init__(self, answers: Mapping[str, Answer], rest: ASGIApp) -> None:
        self._answers, self._rest = answers, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"].rstrip("/")
        answer = self._answers.get(path) if scope.get("method") == "POST" else None
        if answer is None:
            await self._rest(scope, receive, send)
            return
        headers = dict(reversed(list(scope["headers"])))  # of a header that stands twice, the first counts
        length = headers.get(b"content-length")
        reply = await answer(
            Arrived(
                path,
                headers.get(b"x-request-id", b"").decode("latin-1"),
                None if length is None else announced(length.decode("latin-1")),
                _pieces(receive),
                (scope.get("client") or ("", 0))[0],
            )
        )
        head = [*HEAD, (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise CallerError("the connection ended before the body was whole.")
        yield message["body"]
        if not message["more_body"]:
            return


def posted(path: str, answer: Answer) -> HTTPRouteHandler:
    """Give Litestar the same endpoint."""

    @post(path, status_code=200)
    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        headers = request.headers
        client = request.client.host if request.client is not None else ""
        reply = await answer(
            Arrived(path, headers.get("x-request-id", ""), announced(headers.get("content-length")), request.stream(), client)
        )
        return Response(reply.body, status_code=reply.status, media_type=MediaType.JSON)

    return handler
