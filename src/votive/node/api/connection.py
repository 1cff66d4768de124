"""One HTTP connection: how long and how large the head of a request may be, and a short way for those that work.

uvicorn bounds no head: one that never ends would fill the memory, and connections that never finish theirs would take all
places. Bodies are bounded where they are read, see ``votive.node.api.body``.

A small body that is posted to an endpoint that works goes to it without ASGI in between, and its answer leaves in one write: four nodes
answer each request (docs/decisions/0080). uvicorn still parses, queues, keeps alive and stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from votive.node.api.request import HEAD, Answer
from votive.node.api.short import Endpoints, Short, endpoints

HEAD_BYTES = 32 * 1024
"""Bytes in a row that may bring no piece of a body: a head, or trailers."""
HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of its head; also for what comes after the answer."""

_REPLY = b"".join(b"%s: %s\r\n" % field for field in HEAD)
_FAILURE = b"content-type: text/plain; charset=utf-8\r\n"


class Connection(HttpToolsProtocol):
    """uvicorn's connection with these bounds; a peer that exceeds them is hung up on."""

    endpoints: ClassVar[Endpoints] = {}
    """Those that have a short way; see ``answering``."""
    head_seconds = HEAD_SECONDS
    _barren = 0
    _awaits_head = False
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection that says nothing is not kept."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, and nothing is due any more."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; what is not a body counts. Most heads come in one piece, and for those no time is taken."""
        if self.cycle is None or self.cycle.response_complete:
            self._awaits_head = True
        self._barren += len(data)
        super().data_received(data)
        if self._awaits_head:
            self._expect_head()
        if self._barren > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one."""
        self._awaits_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is here; what may go the short way begins, or queues up as uvicorn's requests do."""
        self._head_came()
        self._barren = 0
        short = self._short()
        if short is None:
            super().on_headers_complete()
            return
        before: Any = self.cycle
        cycle: Any = short
        serve: Any = self._serve
        self.cycle = cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, serve)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, serve))

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        self._barren = 0
        super().on_body(body)

    def _short(self) -> Short | None:
        found = self.endpoints.get(self.url)
        if found is None or self.parser.get_method() != b"POST" or self.expect_100_continue or self.parser.should_upgrade():
            return None
        most = self.limit_concurrency
        if most is not None and (len(self.connections) >= most or len(self.tasks) >= most):
            return None  # uvicorn answers 503
        return Short.of(*found, self.parser, self.headers)

    async def _serve(self, short: Short) -> None:
        try:
            reply = await short.answer(short.arrived(self.client[0] if self.client else ""))
        except BaseException:  # as in uvicorn: a request that the stopping node ends is answered, too
            self.logger.exception("Exception in an endpoint")
            short.keep_alive = False
            await self._reply(short, 500, _FAILURE, b"Internal Server Error")
        else:
            await self._reply(short, reply.status, _REPLY, reply.body)

    async def _reply(self, short: Short, status: int, head: bytes, body: bytes) -> None:
        if self.flow.write_paused:
            await self.flow.drain()
        if self.transport.is_closing():  # the caller is gone, or was refused what he sent behind this request
            return
        content = [STATUS_LINE[status]]
        for name, value in self.server_state.default_headers:
            content += (name, b": ", value, b"\r\n")
        end = b"\r\n\r\n" if short.keep_alive else b"\r\nconnection: close\r\n\r\n"
        content += (head, b"content-length: %d" % len(body), end, body)
        self.transport.write(b"".join(content))
        short.response_complete = True
        if not short.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _expect_head(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(self.head_seconds, self._hang_up)

    def _head_came(self) -> None:
        self._awaits_head = False
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _hang_up(self) -> None:
        self.transport.abort()


def answering(answers: Mapping[str, Answer]) -> type[Connection]:
    """Return the kind of connection that knows these endpoints: uvicorn makes one for each peer, and gives it no table."""
    table = endpoints(answers)

    class Answering(Connection):
        endpoints = table

    return Answering
