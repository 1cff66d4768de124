"""A peer that does as it likes: every step of the connection by hand, each of them changeable."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
from tests.net.reference import Frame, encode_frame
from tests.net.town import Town

from votive.net import Identity
from votive.net.certificate import certificate_der
from votive.net.evidence import Statement, statement_hash
from votive.net.frame import PREFIX, encode_link
from votive.net.hello import Hello, ack_of
from votive.net.tls import Contexts, preamble, read_preamble
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat


@dataclass
class Line:
    """A TLS connection to a mesh, under the test's control."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def frame(self) -> tuple[Kind, bytes]:
        length, _, kind = PREFIX.unpack(await self.reader.readexactly(PREFIX.size))
        return Kind(kind), await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def is_closed(self, seconds: float = 3.0) -> bool:
        """Whether the mesh ends this connection (or an alarm has said so already)."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(4096):
                    pass
        except (OSError, asyncio.IncompleteReadError):
            return True
        except TimeoutError:
            return False
        return True


def hello_of(town: Town, identity: Identity, **changes: object) -> Hello:
    hello = Hello(
        protocol=1, network=town.committee.network, epoch=town.committee.epoch, seat=identity.seat, boot_nonce=identity.boot_nonce
    )
    return msgspec.structs.replace(hello, **changes)


async def knock(port: int) -> socket.socket:
    """A bare TCP connection to a peer port."""
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


@asynccontextmanager
async def line_to(
    town: Town,
    target: int,
    identity: Identity,
    *,
    shown: Identity | None = None,
    seat: int | None = None,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[Line]:
    """Connect to ``target``: show the certificate of ``shown`` for ``seat``, then TLS as ``identity`` (or with ``context``)."""
    der = certificate_der((shown or identity).certificate_pem)
    sock = await knock(town.port(target))
    writer = None
    try:
        await asyncio.get_running_loop().sock_sendall(sock, preamble(Seat(seat or identity.seat), der))
        _, theirs = await read_preamble(sock)
        chosen = context or Contexts(identity).trusting(theirs, server_side=False)
        reader, writer = await asyncio.open_connection(sock=sock, ssl=chosen, server_hostname="")
        yield Line(reader, writer)
    finally:
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0.01)
        sock.close()


async def greet(line: Line, town: Town, identity: Identity) -> None:
    """Exchange hello and ack as an honest node does."""
    await line.say(encode_link(Kind.HELLO, encode(hello_of(town, identity))))
    kind, payload = await line.frame()
    assert kind is Kind.HELLO
    await line.say(encode_link(Kind.HELLO_ACK, ack_of(msgspec.msgpack.decode(payload, type=Hello))))
    kind, _ = await line.frame()
    assert kind is Kind.HELLO_ACK


@asynccontextmanager
async def greeted(town: Town, target: int, identity: Identity) -> AsyncIterator[Line]:
    """A link that is up, as ``target`` sees it."""
    async with line_to(town, target, identity) as line:
        await greet(line, town, identity)
        yield line


def a_frame(
    town: Town,
    identity: Identity,
    *,
    session: bytes,
    receiver: int,
    kind: Kind = Kind.SIGN_ROUND1,
    attempt: int = 0,
    payload: bytes = b"hear",
) -> Frame:
    """A frame that ``identity`` signed."""
    place = Statement(session=session, kind=kind, attempt=attempt, sender=identity.seat, receiver=receiver)
    signature = identity.sign(statement_hash(town.committee.network, place, payload))
    return Frame(session=session, kind=kind, attempt=attempt, receiver=receiver, signature=signature, payload=payload)


def altered(frame: Frame, **changes: object) -> bytes:
    """The frame's bytes with some fields changed after it was signed."""
    return encode_frame(msgspec.structs.replace(frame, **changes))
