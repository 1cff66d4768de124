"""The peer port: who may come in, and how many may stand in the doorway.

Nothing is known of whoever connects, so everything is small until the certificate is proven: a preamble of at most 2 KiB, one
deadline for the whole handshake, and a bounded number of handshakes, of which a newcomer ends the oldest. An honest handshake
takes milliseconds, so that a flood has to renew all places within that time to keep it out.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from votive.net.certificate import hash_of_der
from votive.net.errors import LinkFault, PeerPortTaken, Reason
from votive.net.limits import MeshLimits
from votive.net.link import Link
from votive.net.tally import Tally
from votive.net.tls import Contexts, read_preamble
from votive.terms.participant import Participant, Seat

_BREATH = 0.2
"""Seconds to wait when the system has no more descriptors for new connections."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; PeerPortTaken if the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        message = f"cannot listen for peers on {host}:{port}: {error.strerror}; free the port or configure another (and register it)"
        raise PeerPortTaken(message, retryable=False) from error
    sock.setblocking(False)
    return sock


Admit = Callable[[Seat, bytes], Participant]
"""Claimed seat, certificate hash → the peer that may come in with it; LinkFault otherwise."""
MakeLink = Callable[[Participant], Link]


class Door:
    """Accepts connections and turns those of registered peers into links."""

    def __init__(
        self, sock: socket.socket, contexts: Contexts, *, admit: Admit, make_link: MakeLink, limits: MeshLimits, tally: Tally
    ) -> None:
        self._sock = sock
        self._contexts = contexts
        self._admit = admit
        self._make_link = make_link
        self._limits = limits
        self._tally = tally
        self._under_way: dict[asyncio.Task[None], None] = {}

    async def keep(self, tasks: asyncio.TaskGroup) -> None:
        """Accept connections until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._sock)
            except OSError as error:
                self._tally.fault(LinkFault(Reason.UNREACHABLE, f"cannot accept connections: {error}"))
                await asyncio.sleep(_BREATH)
                continue
            self._make_room()
            task = tasks.create_task(self._receive(sock))
            self._under_way[task] = None
            task.add_done_callback(partial(self._leave, sock))

    def _make_room(self) -> None:
        while len(self._under_way) >= self._limits.handshakes:
            oldest = next(iter(self._under_way))
            del self._under_way[oldest]
            oldest.cancel()
            self._tally.fault(LinkFault(Reason.CROWDED, "too many handshakes under way: the oldest gave way"))

    def _leave(self, sock: socket.socket, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        sock.close()

    async def _receive(self, sock: socket.socket) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_seconds):
                await self._handshake(sock)
        except LinkFault as fault:
            self._tally.fault(fault)
        except TimeoutError:
            self._tally.fault(LinkFault(Reason.TIMEOUT, "an incoming handshake did not end in time"))
        except OSError as error:  # ssl.SSLError is one
            self._tally.fault(LinkFault(Reason.TLS, f"an incoming connection failed: {error}"))

    async def _handshake(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seat, certificate = await read_preamble(sock)
        peer = self._admit(seat, hash_of_der(certificate))
        await loop.sock_sendall(sock, self._contexts.preamble)
        link = self._make_link(peer)
        context = self._contexts.trusting(certificate, server_side=True)
        await loop.connect_accepted_socket(lambda: link, sock.dup(), ssl=context, ssl_shutdown_timeout=1.0)
        await _risen(link)


async def dial(peer: Participant, contexts: Contexts, make_link: MakeLink) -> Link:
    """Connect to ``peer`` and return the link once it is up or has ended again; LinkFault or OSError if it was never made."""
    loop = asyncio.get_running_loop()
    sock = await _connect(peer)
    try:
        await loop.sock_sendall(sock, contexts.preamble)
        seat, certificate = await read_preamble(sock)
        if seat != peer.seat or hash_of_der(certificate) != peer.certificate_hash:
            raise LinkFault(Reason.UNREGISTERED, "whoever answers there has another certificate than the registry's", seat=peer.seat)
        link = make_link(peer)
        context = contexts.trusting(certificate, server_side=False)
        await loop.create_connection(lambda: link, sock=sock.dup(), ssl=context, server_hostname="", ssl_shutdown_timeout=1.0)
        await _risen(link)
        return link
    finally:
        sock.close()


async def _risen(link: Link) -> None:
    """Wait until the link is up or has ended (its owner was told why); one that does neither while we wait is ended."""
    try:
        await asyncio.wait([link.up])
    except asyncio.CancelledError:
        link.end(LinkFault(Reason.TIMEOUT, "hello and ack did not come in time", seat=link.peer.seat))
        raise


async def _connect(peer: Participant) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(peer.peer_host, peer.peer_port, type=socket.SOCK_STREAM)
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failure
