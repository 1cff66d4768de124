"""HTTP/1.1 to one endpoint, JSON-RPC's or REST's: connections that are kept, one request at a time on each.

A signature asks the chain twice, so what an exchange costs counts: this is a small part of HTTP, read by httptools' parser,
in a quarter of the time of a general client (docs/decisions/0070). No cookies, no compression, no redirects.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import cast
from urllib.parse import quote, unquote, urlsplit

import httptools

MAX_REPLY = 16 * 1024 * 1024
"""Largest reply that is read, in bytes, unless a question allows less."""
IDLE_SECONDS = 15.0
"""A connection that was idle for longer may be about to be closed by the other end: it is not used again."""
MOST_IDLE = 16
"""Connections that are kept."""

_PLAIN = "/%:@!$&'()*+,;=~"


class ExchangeFailed(Exception):
    """There is no reply, or it is no HTTP."""


class ReplyTooLarge(ExchangeFailed):
    """The reply has more bytes than the question allows; what came of it is dropped."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"reply of more than {limit} bytes")
        self.limit = limit


class Wire(asyncio.Protocol):
    """One connection; ``ask`` is called again only after it has returned."""

    def __init__(self) -> None:
        self.reusable = True
        self.idle_since = 0.0
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._reply: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._content = bytearray()
        self._limit = MAX_REPLY
        self._headed = self._delimited = False

    async def ask(self, request: bytes, limit: int) -> tuple[int, bytes]:
        """Send ``request`` and return the reply's status and body of at most ``limit`` bytes; ExchangeFailed if there is none."""
        if self.lost.done():
            raise ExchangeFailed("the connection was closed")
        self._content = bytearray()
        self._limit = limit
        self._headed = self._delimited = False
        self._reply = self._loop.create_future()
        self._transport.write(request)
        try:
            content = await self._reply
            return self._parser.get_status_code(), content
        finally:
            self._reply = None

    def abort(self) -> None:
        """Drop the connection."""
        self.reusable = False
        self._transport.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but not by inheritance

    def data_received(self, data: bytes) -> None:
        """Parse; what nobody asked for ends the connection."""
        if self._reply is None or self._reply.done():
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ExchangeFailed(f"the reply is no HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End the reply that was waited for: whole, if only the connection's end delimits it."""
        self.reusable = False
        if not self.lost.done():
            self.lost.set_result(None)
        if exc is None and self._headed and not self._delimited:
            self._finish()
        else:
            self._fail(ExchangeFailed(f"the connection broke: {exc or 'closed'}"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the header itself says where the body ends, and refuse one that is too large before it comes."""
        name = name.lower()
        self._delimited |= name in (b"content-length", b"transfer-encoding")
        if name == b"content-length" and value.isdigit() and int(value[:20]) > self._limit:
            self._fail(ReplyTooLarge(self._limit))

    def on_headers_complete(self) -> None:
        """Refuse what is no answer but an address."""
        status = self._parser.get_status_code()
        self._headed = True
        if 300 <= status < 400:
            self._fail(ExchangeFailed(f"it redirects elsewhere (HTTP status {status}); configure the address that it points to"))

    def on_body(self, body: bytes) -> None:
        """Collect the reply up to its limit."""
        if len(self._content) + len(body) > self._limit:
            self._fail(ReplyTooLarge(self._limit))
        else:
            self._content += body

    def on_message_complete(self) -> None:
        """The reply is whole."""
        self.reusable = self.reusable and self._delimited and self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(bytes(self._content))

    def _fail(self, error: ExchangeFailed) -> None:
        self.abort()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)


class Line:
    """Posts JSON to ``url`` (http or https; ValueError otherwise), or gets what is beneath it.

    Over as many connections as there are requests at a time.
    """

    def __init__(self, url: str) -> None:
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
        self._idle: list[Wire] = []

    async def post(self, body: bytes, limit: int | None = None) -> tuple[int, bytes]:
        """Post ``body`` once; return status and body of the reply. ExchangeFailed or OSError if there is none.

        A reply of more than ``limit`` bytes (MAX_REPLY by default) is ReplyTooLarge, and never in memory as a whole.
        """
        return await self._exchange(self._posting, body, limit)

    async def get(self, target: str, limit: int | None = None) -> tuple[int, bytes]:
        """Get ``target`` ("/path?query") beneath the URL's path once; the same results as ``post``."""
        return await self._exchange(self._head("GET", self._base + quote(target, safe=_PLAIN + "?")), b"", limit)

    def _head(self, method: str, target: str) -> bytes:
        return b"%b %b HTTP/1.1\r\n%b\r\nContent-Length: " % (method.encode("ascii"), target.encode("ascii"), self._headers)

    async def _exchange(self, head: bytes, body: bytes, limit: int | None) -> tuple[int, bytes]:
        wire = self._kept() or await self._connect()
        try:
            reply = await wire.ask(b"%b%d\r\n\r\n%b" % (head, len(body), body), MAX_REPLY if limit is None else limit)
        except BaseException:
            wire.abort()
            raise
        self._keep(wire)
        return reply

    async def close(self) -> None:
        """Close all connections that are kept."""
        idle, self._idle = self._idle, []
        for wire in idle:
            wire.abort()
            await wire.lost

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(Wire, self._host, self._port, ssl=self._secure)
        return wire

    def _kept(self) -> Wire | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            wire = self._idle.pop()
            if wire.reusable and wire.idle_since > oldest:
                return wire
            wire.abort()
        return None

    def _keep(self, wire: Wire) -> None:
        if wire.reusable and len(self._idle) < MOST_IDLE:
            wire.idle_since = asyncio.get_running_loop().time()
            self._idle.append(wire)
        else:
            wire.abort()
