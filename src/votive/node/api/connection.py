"""One HTTP connection: how long and how large the head of a request may be.

uvicorn bounds neither: a head that never ends would fill the memory, and connections that never finish theirs would take all
places. Bodies are bounded where they are read, see ``votive.node.api.body``.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 32 * 1024
"""Bytes in a row that may bring no piece of a body: a head, or trailers."""
HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection, to the end of its head; also for what comes after the answer."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection with these bounds; a peer that exceeds them is hung up on."""

    head_seconds = HEAD_SECONDS
    _barren = 0
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
        """Take bytes; what is not a body counts."""
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head()
        self._barren += len(data)
        super().data_received(data)
        if self._barren > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one."""
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._head_came()
        self._barren = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        self._barren = 0
        super().on_body(body)

    def _expect_head(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(self.head_seconds, self._hang_up)

    def _head_came(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _hang_up(self) -> None:
        self.transport.abort()
