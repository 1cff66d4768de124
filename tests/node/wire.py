"""A node's HTTP front with an office of any kind, and requests to it written byte by byte."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.node.test_api import DIGEST, Office, view

from votive.node.api.app import Front, serving
from votive.node.metrics import Metrics
from votive.node.status import Status

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = json.dumps({"toSign": DIGEST, "pubkey": "0x04"}).encode()


@dataclass
class House:
    """A running front."""

    port: int
    office: Office
    metrics: Metrics
    stop: Callable[[], Coroutine[Any, Any, None]]
    """Ends the front, as leaving the block does."""

    def answered(self, status: int) -> float:
        """Return how many requests to sign were answered so."""
        labels = {"endpoint": "/web/pkp/sign", "status": str(status)}
        return self.metrics.registry.get_sample_value("votive_requests_total", labels) or 0.0

    def asked(self) -> list[object]:
        """Return what the office was asked to sign, in order."""
        return [body for _, body in self.office.asked]


@asynccontextmanager
async def house(office: Office | None = None, seconds: float = 1.0) -> AsyncIterator[House]:
    """Run a front."""
    office, metrics = office or Office(), Metrics()
    status = Status(status="starting", step="chain", meaning="Waiting.", version="1", pid=1)
    front = Front(office.itself, office.itself, office.itself, view, lambda: status, lambda: None, metrics, seconds)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(front, listener))
            yield House(port, office, metrics, stack.aclose)


@dataclass
class Answered:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header."""
        fields = dict(line.split(": ", 1) for line in self.head.decode().split("\r\n")[1:] if line)
        return fields.get(name)


class Line:
    """One connection, on which nothing is held back or put together."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def send(self, *pieces: bytes) -> None:
        """Send pieces that arrive one by one."""
        for piece in pieces:
            self.writer.write(piece)
            await asyncio.sleep(0.001)

    async def answer(self) -> Answered:
        """Read the next answer."""
        async with asyncio.timeout(5):
            head = await self.reader.readuntil(b"\r\n\r\n")
            found = Answered(int(head[9:12]), head, b"")
            found.body = await self.reader.readexactly(int(found.header("content-length") or 0))
        return found

    async def ended(self) -> bytes:
        """Return what still comes until the node hangs up."""
        async with asyncio.timeout(5):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def line(to: House) -> AsyncIterator[Line]:
    """Connect."""
    opened = Line(*await asyncio.open_connection("127.0.0.1", to.port))
    try:
        yield opened
    finally:
        opened.writer.close()


def post(*fields: str, url: str = "/web/pkp/sign", body: bytes = BODY, version: str = "1.1", length: str | None = None) -> bytes:
    """Write a request that may go the short way."""
    head = [f"POST {url} HTTP/{version}", "Host: x", "X-Request-Id: lit_1", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*head, *fields, "", ""]).encode() + body


def chunked(*fields: str, body: bytes = BODY) -> bytes:
    """Write the same so that it goes the long way."""
    head = ["POST /web/pkp/sign HTTP/1.1", "Host: x", "X-Request-Id: lit_1", "Transfer-Encoding: chunked"]
    return "\r\n".join([*head, *fields, "", ""]).encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def signing(number: int) -> bytes:
    """Write a body that can be told from others."""
    return json.dumps({"toSign": [number], "pubkey": "0x04"}).encode()
