"""The nodes' own time: the requests of a client, written beforehand, put to all nodes over kept connections, and the answers not looked at.

What a client takes longer than this, it adds itself: its proofs, its JSON, its HTTP, and the checking of what came back.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Bare:
    """Posts bytes to all nodes, and waits for all of them."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._places = [(parts.hostname or "", parts.port or 80) for parts in map(urlsplit, urls)]
        self._free: dict[tuple[str, int], list[Stream]] = {place: [] for place in self._places}

    async def post(self, path: str, bodies: Sequence[bytes]) -> None:
        """Post to each node its body of ``bodies`` under one new request id; raises if one does not answer 200."""
        request_id = secrets.token_hex(16)
        await asyncio.gather(*(self._post(place, path, request_id, body) for place, body in zip(self._places, bodies, strict=True)))

    async def _post(self, place: tuple[str, int], path: str, request_id: str, body: bytes) -> None:
        async with self._stream(place) as (reader, writer):
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {place[0]}:{place[1]}\r\nContent-Type: application/json\r\n"
                f"X-Request-Id: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(answer.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            told = await reader.readexactly(size)
            if not answer.startswith(b"http/1.1 200 "):
                raise RuntimeError(f"a node answered {answer.splitlines()[0]!r}: {told[:300]!r}")

    @asynccontextmanager
    async def _stream(self, place: tuple[str, int]) -> AsyncIterator[Stream]:
        """Lend a connection that nobody uses."""
        free = self._free[place]
        while free and free[-1][0].at_eof():  # nodes close a connection that rests for a while
            free.pop()[1].close()
        stream = free.pop() if free else await asyncio.open_connection(*place)
        yield stream
        free.append(stream)

    async def close(self) -> None:
        """Close all connections."""
        for _, writer in (stream for streams in self._free.values() for stream in streams):
            writer.close()
            await writer.wait_closed()
