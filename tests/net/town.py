"""Meshes on real sockets: identities, committees and whole little networks for the tests of links between nodes."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from votive.net import Identity, Mesh, MeshLimits, certificate_hash, make_certificate, recover_address, wallet_signer
from votive.terms.participant import Committee, Participant, Seat

NETWORK = hashlib.sha256(b"a network for tests").digest()
SEATS = (Seat(3), Seat(37), Seat(200), Seat(255))
QUICK = MeshLimits(first_backoff_seconds=0.02, last_backoff_seconds=0.2, handshake_seconds=2.0, last_bar_seconds=1.0)


def an_identity(seat: int) -> Identity:
    """A node's identity as a fresh process would have it."""
    sign = wallet_signer(secrets.token_bytes(32))
    address = recover_address(bytes(32), sign(bytes(32)))
    password = secrets.token_bytes(32)
    certificate, key = make_certificate(address, password)
    return Identity(
        seat=Seat(seat),
        address=address,
        certificate_pem=certificate,
        key_pem=key,
        key_password=password,
        sign=sign,
        boot_nonce=secrets.token_bytes(16),
    )


def another_process(identity: Identity) -> Identity:
    """The same node, started again."""
    return replace(identity, boot_nonce=secrets.token_bytes(16))


@dataclass(frozen=True)
class Town:
    """A committee whose nodes' secrets the test holds, and the sockets that its nodes listen on."""

    identities: dict[Seat, Identity]
    committee: Committee
    sockets: dict[Seat, socket.socket]

    def mesh(self, seat: int, *, identity: Identity | None = None, limits: MeshLimits = QUICK) -> Mesh:
        """The mesh of ``seat``, not yet entered; each closes the socket it was given, so it listens on a copy."""
        seat = Seat(seat)
        return Mesh(
            identity or self.identities[seat],
            self.committee,
            listen_host="127.0.0.1",
            listen_port=0,
            limits=limits,
            listen_socket=self.sockets[seat].dup(),
        )

    def port(self, seat: int) -> int:
        return int(self.sockets[Seat(seat)].getsockname()[1])


def _listening() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


@contextmanager
def a_town() -> Iterator[Town]:
    """Four registered nodes, none of them running."""
    identities = {seat: an_identity(seat) for seat in SEATS}
    sockets = {seat: _listening() for seat in SEATS}
    committee = Committee(
        network=NETWORK,
        epoch=1,
        members=tuple(
            Participant(
                seat=seat,
                address=identity.address,
                url="http://127.0.0.1:1",
                peer_host="127.0.0.1",
                peer_port=sockets[seat].getsockname()[1],
                certificate_hash=certificate_hash(identity.certificate_pem),
                x25519_key=bytes(32),
            )
            for seat, identity in identities.items()
        ),
    )
    try:
        yield Town(identities, committee, sockets)
    finally:
        for sock in sockets.values():
            sock.close()


@asynccontextmanager
async def running(*meshes: Mesh, links: int | None = None) -> AsyncIterator[Sequence[Mesh]]:
    """Enter the meshes and wait until each has a link to ``links`` others (default: to all that run here)."""
    async with AsyncExitStack() as stack:
        for mesh in meshes:
            await stack.enter_async_context(mesh)
        wanted = len(meshes) - 1 if links is None else links
        await eventually(lambda: all(len(mesh.reachable()) >= wanted for mesh in meshes))
        yield meshes


async def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until ``holds()``; fail after ``seconds``."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)


def counted(mesh: Mesh, name: str, seat: int = 0) -> int:
    """A counter's value, 0 where nothing was counted."""
    return mesh.counters().get(name, {}).get(seat, 0)
