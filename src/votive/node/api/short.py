"""One request on the short way: a small body that is posted to an endpoint that works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from httptools import HttpRequestParser

from votive.node.api.body import Incoming
from votive.node.api.request import Answer, Arrived
from votive.terms.errors import CallerError

SHORT_BYTES = 64 * 1024
"""Larger bodies go uvicorn's way, which pauses the reading when it holds as much."""
_DIGITS = len(str(SHORT_BYTES))

Endpoints: TypeAlias = Mapping[bytes, tuple[str, Answer]]
"""Each endpoint with its path, by the URL that is asked for."""


def endpoints(answers: Mapping[str, Answer]) -> Endpoints:
    """Make the table; a URL written in any other way (a query, an escape) is no mistake, but goes uvicorn's way."""
    return {url.encode(): (path, answer) for path, answer in answers.items() for url in (path, path + "/")}


class Short:
    """What uvicorn's connection sees of a request, in the place of its own ``RequestResponseCycle``: no scope, no events.

    uvicorn keeps the order of the requests on a connection, and says through these attributes that more of the body came, that the
    peer is gone, and that the node stops. It holds no connection, so that neither keeps the other in memory.
    """

    def __init__(self, path: str, answer: Answer, request_id: str, length: int, keep_alive: bool) -> None:
        self.answer, self.keep_alive = answer, keep_alive
        self._path, self._request_id, self._length = path, request_id, length
        self.body, self.more_body = b"", True
        self.message_event = asyncio.Event()
        """Set whenever one of the others changes."""
        self.disconnected = self.response_complete = False

    @classmethod
    def of(cls, path: str, answer: Answer, parser: HttpRequestParser, fields: Sequence[tuple[bytes, bytes]]) -> Short | None:
        """Return the request whose head ``parser`` has read, if it may go the short way."""
        headers = dict(reversed(fields))  # of a header that stands twice, the first counts
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or len(length) > _DIGITS or int(length) > SHORT_BYTES:
            return None  # none: its body comes in chunks; the parser refuses a head that says both
        keep_alive = parser.get_http_version() != "1.0" and parser.should_keep_alive()
        return cls(path, answer, headers.get(b"x-request-id", b"").decode("latin-1"), int(length), keep_alive)

    def run_asgi(self, serve: Callable[[Short], Awaitable[None]]) -> Awaitable[None]:
        """Begin; so uvicorn calls it when the requests before this one are answered."""
        return serve(self)

    def arrived(self, client: str) -> Arrived:
        """Give the request away as endpoints take it. Its body is mostly whole, as it came with the head."""
        body: Incoming
        if self.more_body or self.disconnected:
            body = self._pieces()
        else:
            body, self.body = self.body, b""  # else an idle connection would keep it
        return Arrived(self._path, self._request_id, self._length, body, client)

    async def _pieces(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            await self.message_event.wait()
            self.message_event.clear()
            if self.disconnected:
                raise CallerError("the connection ended before the body was whole.")
            piece, self.body, more = self.body, b"", self.more_body
            yield piece
