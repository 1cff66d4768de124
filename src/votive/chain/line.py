"""HTTP/1.1 to one endpoint, JSON-RPC's or REST's: connections that are kept, one request at a time on each.

Each signature asks the chain, so what an exchange costs counts: this is a small part of HTTP, read by httptools' parser, in a
quarter of the time of a general client (docs/decisions/0070, 0081). No cookies, no compression, no redirects.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable
from typing import TypeAlias, cast
from urllib.parse import quote, unquote, urlsplit

import httptools

MAX_REPLY = 16 * 1024 * 1024
"""Largest reply that is read, in bytes, unless a question allows less."""
IDLE_SECONDS = 15.0
"""A connection on which nothing was asked for longer may be about to be closed by the other end: it is not used again."""
MOST_IDLE = 16
"""Connections that are kept."""
HEAD_BYTES = 64 * 1024
"""Bytes in a row that may bring no piece of a body: a head, or trailers; more are an attempt to fill the memory."""

_PLAIN = "/%:@!$&'()*+,;=~"

Reply: TypeAlias = tuple[int, bytes]
"""Status and body."""


class ExchangeFailed(Exception):
    """There is no reply, or it is no HTTP."""


class ReplyTooLarge(ExchangeFailed):
    """The reply has more bytes than the question allows; what came of it is dropped."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"reply of more than {limit} bytes")
        self.limit = limit


class Wire(asyncio.Protocol):
    """One connection; ``ask`` is called again only after it has answered."""

    def __init__(self) -> None:
        self.reusable = True
        self.asked_at = 0.0
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._reply: asyncio.Future[Reply] | None = None
        self._timer: asyncio.TimerHandle
        self._transport: asyncio.Transport
        self._headers: dict[bytes, bytes] = {}
        self.on_header = self._headers.__setitem__  # what the parser calls for each; of most replies nobody asks for any
        self._parser = httptools.HttpResponseParser(self)
        self._status: int | None = None
        self._content = bytearray()
        self._limit = self._barren = 0

    def ask(self, request: bytes, limit: int, until: float) -> asyncio.Future[Reply]:
        """Send ``request``; what is returned becomes the reply, with a body of at most ``limit`` bytes.

        It becomes ExchangeFailed if there is none, TimeoutError at ``until`` by the loop's clock. Who stops waiting has to
        ``abort``: the reply may still come.
        """
        if not self.reusable:
            raise ExchangeFailed("the connection was closed")
        self._headers.clear()
        self._status = None
        self._content = bytearray()
        self._limit, self._barren = limit, 0
        self._reply = self._loop.create_future()
        self._timer = self._loop.call_at(until, self._late)
        self._transport.write(request)
        return self._reply

    def abort(self) -> None:
        """Drop the connection, and with it a reply that nobody waits for any more."""
        self.reusable = False
        self._awaited()
        self._transport.abort()

    # What the transport and the clock call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by inheritance

    def data_received(self, data: bytes) -> None:
        """Parse; what nobody asked for ends the connection."""
        if self._reply is None:
            self.abort()
            return
        before = len(self._content)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ExchangeFailed(f"the reply is no HTTP: {error}"))
        if self._reply is not None:
            self._barren = self._barren + len(data) if len(self._content) == before else 0
            self._look_ahead()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the reply that was waited for: whole, if only the connection's end delimits it."""
        self.reusable = False
        if not self.lost.done():
            self.lost.set_result(None)
        delimited = self._header(b"content-length") is not None or self._header(b"transfer-encoding") is not None
        if exc is None and self._status is not None and not delimited:
            self._finish()
        else:
            self._fail(ExchangeFailed(f"the connection broke: {exc or 'closed'}"))

    def _late(self) -> None:
        self._fail(TimeoutError())

    # What the parser calls.

    def on_message_begin(self) -> None:
        """What begins behind a whole reply was not asked for: the next question must not be answered by it."""
        if self._reply is None:
            self.abort()

    def on_headers_complete(self) -> None:
        """Refuse what is no answer but an address, or the announcement of one, for which nobody asked."""
        self._status = status = self._parser.get_status_code()
        if status < 200:
            self._fail(ExchangeFailed(f"it announces its reply (HTTP status {status}), as to a question that asks whether it may come"))
        if 300 <= status < 400:
            self._fail(ExchangeFailed(f"it redirects elsewhere (HTTP status {status}); configure the address that it points to"))

    def on_body(self, body: bytes) -> None:
        """Collect the reply up to its limit."""
        self._content += body
        if len(self._content) > self._limit:
            self._fail(ReplyTooLarge(self._limit))

    def on_message_complete(self) -> None:
        """The reply is whole, and not because the connection ended."""
        self.reusable = self.reusable and self._parser.should_keep_alive()
        self._finish()

    def _header(self, name: bytes) -> bytes | None:
        return next((value for found, value in self._headers.items() if found.lower() == name), None)

    def _look_ahead(self) -> None:
        """Refuse a reply that did not come whole at once, and by its head will be too large, or whose head has no end."""
        length = self._header(b"content-length")
        if length is not None and length.isdigit() and int(length[:20]) > self._limit:
            self._fail(ReplyTooLarge(self._limit))
        elif self._barren > HEAD_BYTES:
            self._fail(ExchangeFailed(f"the head of the reply has more than {HEAD_BYTES} bytes"))

    def _finish(self) -> None:
        status, reply = self._status, self._awaited()
        if reply is None:
            return
        if status is None:
            self.abort()
            reply.set_exception(ExchangeFailed("the reply has no head"))
        else:
            reply.set_result((status, bytes(self._content)))

    def _fail(self, error: ExchangeFailed | TimeoutError) -> None:
        reply = self._awaited()
        self.abort()
        if reply is not None:
            reply.set_exception(error)

    def _awaited(self) -> asyncio.Future[Reply] | None:
        """Return the reply if somebody waits for it; from here on it is not waited for by us."""
        reply, self._reply = self._reply, None
        if reply is None:
            return None
        self._timer.cancel()
        return None if reply.done() else reply


class Line:
    """Posts JSON to ``url`` (http or https; ValueError otherwise), or gets what is beneath it; each may take ``timeout`` seconds.

    Over as many connections as there are requests at a time.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("this is no address of an HTTP endpoint")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._secure = ssl.create_default_context() if parts.scheme == "https" else None
        self._base = quote(parts.path.rstrip("/"), safe=_PLAIN)
        target = quote(parts.path or "/", safe=_PLAIN) + ("?" + quote(parts.query, safe=_PLAIN + "?") if parts.query else "")
        head = [f"Host: {parts.netloc.rpartition('@')[2]}", "Content-Type: application/json", "Accept: */*"]
        if parts.username is not None:
            password = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            head.append("Authorization: Basic " + base64.b64encode(password.encode()).decode())
        self._headers = "\r\n".join(head).encode("ascii")
        self._posting = self._head("POST", target)
        self._timeout = timeout
        self._idle: list[Wire] = []

    def post(self, body: bytes, limit: int | None = None) -> Awaitable[Reply]:
        """Post ``body`` once; await the reply. ExchangeFailed or OSError, of which TimeoutError is one, if there is none.

        A reply of more than ``limit`` bytes (MAX_REPLY by default) is ReplyTooLarge, and never in memory as a whole.
        """
        return self._exchange(self._posting, body, limit)

    def get(self, target: str, limit: int | None = None) -> Awaitable[Reply]:
        """Get ``target`` ("/path?query") beneath the URL's path once; the same results as ``post``."""
        return self._exchange(self._head("GET", self._base + quote(target, safe=_PLAIN + "?")), b"", limit)

    def _head(self, method: str, target: str) -> bytes:
        return b"%b %b HTTP/1.1\r\n%b\r\nContent-Length: " % (method.encode("ascii"), target.encode("ascii"), self._headers)

    async def _exchange(self, head: bytes, body: bytes, limit: int | None) -> Reply:
        now = asyncio.get_running_loop().time()
        until = now + self._timeout
        wire = self._kept(now) or await self._connect(until)
        wire.asked_at = now
        try:
            reply = await wire.ask(b"%b%d\r\n\r\n%b" % (head, len(body), body), MAX_REPLY if limit is None else limit, until)
        except BaseException:
            wire.abort()
            raise
        if wire.reusable and len(self._idle) < MOST_IDLE:
            self._idle.append(wire)
        else:
            wire.abort()
        return reply

    async def close(self) -> None:
        """Close all connections that are kept."""
        idle, self._idle = self._idle, []
        for wire in idle:
            wire.abort()
            await wire.lost

    async def _connect(self, until: float) -> Wire:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(until):
            _, wire = await loop.create_connection(Wire, self._host, self._port, ssl=self._secure)
        return wire

    def _kept(self, now: float) -> Wire | None:
        while self._idle:
            wire = self._idle.pop()
            if wire.reusable and now - wire.asked_at < IDLE_SECONDS:
                return wire
            wire.abort()
        return None
