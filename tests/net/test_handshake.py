"""Who gets a link: the registered node in its own seat, over TLS 1.3, that speaks for this network and epoch. Nobody else."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable

import msgspec
import pytest
from tests.net.intruder import greet, greeted, hello_of, knock, line_to
from tests.net.town import QUICK, Town, an_identity, counted, eventually

from votive.net import Identity, LinkFault, LinkState, Mesh
from votive.net.certificate import certificate_der
from votive.net.frame import encode_link
from votive.net.hello import Hello, ack_of
from votive.net.tls import MAX_CERTIFICATE, Contexts, preamble, read_preamble
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat

TURNED_AWAY = (LinkFault, OSError)
"""What a dialler sees when the listener hangs up on its preamble."""


def server_certificate(town: Town, seat: int) -> bytes:
    return certificate_der(town.identities[Seat(seat)].certificate_pem)


async def refused(town: Town, mesh: Mesh, reason: str, seat: int = 0) -> None:
    """The mesh counts the refusal, has no link, and still takes one from an honest peer."""
    await eventually(lambda: counted(mesh, f"ended_{reason}", seat) == 1)
    assert mesh.reachable() == frozenset()
    async with greeted(town, mesh.me, town.identities[Seat(255)]):
        await eventually(lambda: mesh.reachable() == {255})


async def test_a_registered_node_in_its_own_seat_is_taken(town: Town) -> None:
    async with town.mesh(3) as mesh, greeted(town, 3, town.identities[Seat(37)]):
        await eventually(lambda: mesh.reachable() == {37})
        status = mesh.links()[Seat(37)]
        assert status.state is LinkState.UP
        assert status.boot_nonce == town.identities[Seat(37)].boot_nonce
        assert status.address == town.identities[Seat(37)].address


async def test_an_unregistered_certificate_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        with pytest.raises(TURNED_AWAY):
            async with line_to(town, 3, an_identity(37)):
                pytest.fail("the listener answered a certificate that is not registered")
        await refused(town, mesh, "unregistered_certificate")


async def test_a_registered_certificate_that_claims_another_seat_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        with pytest.raises(TURNED_AWAY):
            async with line_to(town, 3, town.identities[Seat(37)], seat=200):
                pytest.fail("the listener answered seat 37's certificate in seat 200")
        await refused(town, mesh, "unregistered_certificate")


async def test_a_seat_that_nobody_has_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        with pytest.raises(TURNED_AWAY):
            async with line_to(town, 3, town.identities[Seat(37)], seat=9):
                pytest.fail("the listener answered for a seat that nobody has")
        await refused(town, mesh, "unregistered_certificate")


async def test_showing_a_registered_certificate_without_its_key_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        thief = an_identity(37)
        async with line_to(town, 3, thief, shown=town.identities[Seat(37)]) as line:
            assert await line.is_closed()
        await refused(town, mesh, "tls")


async def test_a_client_without_a_certificate_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(cadata=server_certificate(town, 3))
        async with line_to(town, 3, town.identities[Seat(37)], context=context) as line:
            assert await line.is_closed()
        await refused(town, mesh, "tls")


async def test_tls_1_2_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        identity = town.identities[Seat(37)]
        context = Contexts(identity).trusting(server_certificate(town, 3), server_side=False)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError):
            async with line_to(town, 3, identity, context=context):
                pytest.fail("the listener spoke TLS 1.2")
        await refused(town, mesh, "tls")


async def test_the_lower_seat_does_not_dial(town: Town) -> None:
    async with town.mesh(37) as mesh:
        with pytest.raises(TURNED_AWAY):
            async with line_to(town, 37, town.identities[Seat(3)]):
                pytest.fail("the higher seat took a link from the lower one")
        assert counted(mesh, "ended_wrong_side") == 1


@pytest.mark.parametrize(
    "changes",
    [{"seat": 200}, {"epoch": 2}, {"network": bytes(32)}, {"protocol": 2}, {"boot_nonce": bytes(15)}],
    ids=lambda c: next(iter(c)),
)
async def test_a_hello_for_something_else_is_refused(town: Town, changes: dict[str, object]) -> None:
    async with town.mesh(3) as mesh:
        identity = town.identities[Seat(37)]
        async with line_to(town, 3, identity) as line:
            await line.say(encode_link(Kind.HELLO, encode(hello_of(town, identity, **changes))))
            assert await line.is_closed()
        await refused(town, mesh, "hello", 37)


@pytest.mark.parametrize(
    "spoil",
    [lambda h: h + b"\0", lambda h: h[:-1], lambda h: b"", lambda h: secrets.token_bytes(len(h)), lambda h: b"\xdc\x00\x06" + h[1:]],
    ids=["trailing", "cut", "empty", "random", "longer form"],
)
async def test_a_hello_that_is_not_in_its_one_form_is_refused(town: Town, spoil: Callable[[bytes], bytes]) -> None:
    async with town.mesh(3) as mesh:
        identity = town.identities[Seat(37)]
        async with line_to(town, 3, identity) as line:
            await line.say(encode_link(Kind.HELLO, spoil(encode(hello_of(town, identity)))))
            assert await line.is_closed()
        await refused(town, mesh, "hello", 37)


async def test_an_ack_of_something_else_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        identity = town.identities[Seat(37)]
        async with line_to(town, 3, identity) as line:
            await line.say(encode_link(Kind.HELLO, encode(hello_of(town, identity))))
            await line.say(encode_link(Kind.HELLO_ACK, ack_of(hello_of(town, identity))))
            assert await line.is_closed()
        await refused(town, mesh, "hello", 37)


async def test_a_second_hello_is_refused(town: Town) -> None:
    async with town.mesh(3) as mesh:
        identity = town.identities[Seat(37)]
        async with greeted(town, 3, identity) as line:
            await line.say(encode_link(Kind.HELLO, encode(hello_of(town, identity))))
            assert await line.is_closed()
        await refused(town, mesh, "hello", 37)


async def test_nothing_is_heard_before_hello_and_ack(town: Town) -> None:
    async with town.mesh(3) as mesh:
        async with line_to(town, 3, town.identities[Seat(37)]) as line:
            await line.say(encode_link(Kind.PING, b""))
            assert await line.is_closed()
        await refused(town, mesh, "malformed", 37)


async def test_a_peer_that_broke_the_protocol_has_to_wait_before_it_comes_back(town: Town) -> None:
    identity = town.identities[Seat(37)]
    async with town.mesh(3) as mesh:
        async with greeted(town, 3, identity) as line:
            await line.say(b"\xff" * 6)
            assert await line.is_closed()
        with pytest.raises(TURNED_AWAY):
            async with line_to(town, 3, identity):
                pytest.fail("the peer came back at once")
        assert counted(mesh, "ended_barred") == 1
        await asyncio.sleep(QUICK.last_bar_seconds)
        async with greeted(town, 3, identity):
            await eventually(lambda: mesh.reachable() == {37})


async def impostor(town: Town, seat: int, shown: Identity, key: Identity) -> asyncio.Server | None:
    """Answer one connection at ``seat``'s port with the certificate of ``shown`` and the key of ``key``."""
    loop = asyncio.get_running_loop()
    sock, _ = await loop.sock_accept(town.sockets[Seat(seat)])
    with sock:
        sock.setblocking(False)
        _, theirs = await read_preamble(sock)
        await loop.sock_sendall(sock, preamble(Seat(seat), certificate_der(shown.certificate_pem)))
        context = Contexts(key).trusting(theirs, server_side=True)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        protocol = asyncio.Protocol()
        with pytest.raises(OSError, match=r"(?i)ssl|tls|reset|connection|eof|alert"):
            await loop.connect_accepted_socket(lambda: protocol, sock.dup(), ssl=context, ssl_shutdown_timeout=0.1)
            await asyncio.sleep(0.2)
            raise ConnectionError("the dialler may notice only after the handshake")
    return None


@pytest.mark.parametrize("shows_the_real_certificate", [False, True])
async def test_a_dialler_is_not_fooled_by_whoever_answers_at_the_address(town: Town, shows_the_real_certificate: bool) -> None:
    mallory = an_identity(3)
    shown = town.identities[Seat(3)] if shows_the_real_certificate else mallory
    async with town.mesh(37) as mesh:
        answering = asyncio.create_task(impostor(town, 3, shown, mallory))
        await eventually(
            lambda: (
                counted(mesh, "ended_unregistered_certificate", 3) + counted(mesh, "ended_unreachable", 3) + counted(mesh, "ended_tls", 3)
                > 0
            )
        )
        assert mesh.reachable() == frozenset()
        answering.cancel()
        await asyncio.wait([answering])


async def test_an_honest_exchange_of_hello_and_ack_is_symmetric(town: Town) -> None:
    async with town.mesh(3) as mesh, line_to(town, 3, town.identities[Seat(37)]) as line:
        await greet(line, town, town.identities[Seat(37)])
        await eventually(lambda: mesh.reachable() == {37})
        assert msgspec.msgpack.decode(encode(hello_of(town, town.identities[Seat(3)])), type=Hello).seat == 3


# The doorway: whoever is not known yet.


async def test_a_preamble_that_never_ends_is_cut_off(town: Town) -> None:
    limits = msgspec.structs.replace(QUICK, handshake_seconds=0.3)
    async with town.mesh(3, limits=limits) as mesh:
        sock = await knock(town.port(3))
        with sock:
            loop = asyncio.get_running_loop()
            began = loop.time()
            for byte in preamble(Seat(37), server_certificate(town, 37)):
                try:
                    await loop.sock_sendall(sock, bytes([byte]))
                except OSError:
                    break
                await asyncio.sleep(0.02)
            assert loop.time() - began < 3
        assert counted(mesh, "ended_timeout") == 1
        await refused(town, mesh, "timeout")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"votive\x02" + bytes(200),
        b"votive\x01\x25\x00\x00",
        b"votive\x01\x25" + (MAX_CERTIFICATE + 1).to_bytes(2, "big") + bytes(5_000),
    ],
    ids=["http", "another version", "empty certificate", "oversized"],
)
async def test_a_connection_that_begins_otherwise_is_closed_at_once(town: Town, data: bytes) -> None:
    async with town.mesh(3) as mesh:
        sock = await knock(town.port(3))
        with sock:
            await asyncio.get_running_loop().sock_sendall(sock, data)
            await eventually(lambda: counted(mesh, "ended_preamble") == 1)
        await refused(town, mesh, "preamble")


async def test_a_crowd_of_silent_strangers_does_not_keep_an_honest_peer_out(town: Town) -> None:
    limits = msgspec.structs.replace(QUICK, handshakes=8)
    async with town.mesh(3, limits=limits) as mesh:
        strangers = [await knock(town.port(3)) for _ in range(60)]
        try:
            async with greeted(town, 3, town.identities[Seat(37)]):
                await eventually(lambda: mesh.reachable() == {37})
                assert counted(mesh, "ended_crowded") >= 52
        finally:
            for stranger in strangers:
                stranger.close()
