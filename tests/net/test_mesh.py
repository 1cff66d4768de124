"""Meshes together: links come up, come back, notice silence and clones; sessions carry messages among them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from tests.net.intruder import greeted
from tests.net.town import QUICK, SEATS, Town, another_process, counted, eventually, running

from votive.net import LinkEvent, LinkState, Mesh, MeshClosed, PeerPortTaken, SessionRefused, verify_evidence
from votive.terms.frame import PAYLOAD_LIMIT, Envelope, Kind
from votive.terms.participant import Seat

SESSION = b"\7" * 32


async def next_of(events: AsyncIterator[LinkEvent], seat: int, *, up: bool) -> LinkEvent:
    """The next event of ``seat`` that goes ``up`` (or down)."""
    async with asyncio.timeout(5):
        async for event in events:
            if event.seat == seat and event.up == up:
                return event
    raise AssertionError("the watch ended")


async def test_four_nodes_hear_one_another(town: Town) -> None:
    async with running(*(town.mesh(seat) for seat in SEATS)) as meshes:
        channels = [mesh.open(SESSION) for mesh in meshes]
        for channel in channels:
            assert channel.seats == SEATS
            await channel.broadcast(Kind.SIGN_READY, bytes([channel.me]))
        for channel in channels:
            heard = {(envelope := await channel.receive()).sender: envelope.payload for _ in range(3)}
            assert heard == {seat: bytes([seat]) for seat in SEATS if seat != channel.me}


async def test_a_broadcast_is_signed_once_and_everyone_gets_the_same(town: Town) -> None:
    signed: list[bytes] = []
    identity = town.identities[Seat(3)]

    def sign(digest: bytes) -> bytes:
        signed.append(digest)
        return identity.sign(digest)

    meshes = [town.mesh(3, identity=replace(identity, sign=sign)), *(town.mesh(seat) for seat in SEATS[1:])]
    async with running(*meshes) as (sender, *others):
        channels = [mesh.open(SESSION) for mesh in others]
        await sender.open(SESSION).broadcast(Kind.SIGN_ROUND3, b"u, w", attempt=2)
        heard = [await channel.receive() for channel in channels]
    assert len(signed) == 1
    assert heard == [heard[0]] * 3
    assert heard[0].evidence is not None
    assert verify_evidence(heard[0].evidence, b"u, w", committee=town.committee).receiver == 0


async def test_a_broadcast_to_some_reaches_only_them(town: Town) -> None:
    async with running(*(town.mesh(seat) for seat in SEATS)) as (sender, *others):
        channels = [mesh.open(SESSION) for mesh in others]
        await sender.open(SESSION).broadcast(Kind.SIGN_ROUND3, b"u, w", to=SEATS[1:3])
        heard = [await channel.receive() for channel in channels[:2]]
        assert heard == [heard[0]] * 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await channels[2].receive()


async def test_who_listens_hears_what_waited_and_what_comes_in_order(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(37)) as (one, two):
        sender, heard = one.open(SESSION), list[Envelope]()
        await sender.send(Seat(37), Kind.SIGN_READY, b"early")
        await eventually(lambda: counted(two, "frames_waiting", 3) == 1)
        channel = two.open(SESSION)
        channel.listen(heard.append)
        await sender.send(Seat(37), Kind.SIGN_PROPOSE, b"on time")
        await eventually(lambda: len(heard) == 2)
        channel.close()
        await sender.send(Seat(37), Kind.SIGN_ABORT, b"late")
        await eventually(lambda: counted(two, "frames_late", 3) == 1)
    assert [envelope.payload for envelope in heard] == [b"early", b"on time"]


async def test_the_largest_message_arrives_and_keeps_its_place_in_the_order(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(37)) as (one, two):
        large = secrets.token_bytes(PAYLOAD_LIMIT[Kind.DKG_REVEAL])
        here, there = one.open(SESSION), two.open(SESSION)
        await here.send(Seat(37), Kind.DKG_COMMIT, b"before")
        await here.send(Seat(37), Kind.DKG_REVEAL, large)
        await here.send(Seat(37), Kind.DKG_CONFIRM, b"after")
        heard = [await there.receive() for _ in range(3)]
    assert [envelope.payload for envelope in heard] == [b"before", large, b"after"]


async def test_what_came_before_the_session_was_opened_is_heard(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(37)) as (one, two):
        await one.open(SESSION).send(Seat(37), Kind.SIGN_READY, b"early")
        await eventually(lambda: counted(two, "frames_waiting", 3) == 1)
        assert (await two.open(SESSION).receive()).payload == b"early"


async def test_what_comes_after_the_session_was_closed_is_dropped(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(37)) as (one, two):
        async with two.open(SESSION):
            pass
        await one.open(SESSION).send(Seat(37), Kind.SIGN_READY, b"late")
        await eventually(lambda: counted(two, "frames_late", 3) == 1)
        with pytest.raises(SessionRefused):
            two.open(SESSION)


async def test_a_message_to_a_node_that_is_down_is_lost_and_counted(town: Town) -> None:
    async with town.mesh(3) as mesh:
        await mesh.open(SESSION).broadcast(Kind.SIGN_READY, b"anyone?")
        assert [counted(mesh, "frames_unsent", seat) for seat in SEATS] == [0, 1, 1, 1]


async def test_a_channel_refuses_what_could_never_arrive(town: Town) -> None:
    async with town.mesh(3) as mesh:
        channel = mesh.open(SESSION)
        for seat in (3, 4):
            with pytest.raises(ValueError, match="not another seat"):
                await channel.send(Seat(seat), Kind.SIGN_READY, b"")
        with pytest.raises(ValueError, match="over its limit"):
            await channel.broadcast(Kind.SIGN_READY, bytes(PAYLOAD_LIMIT[Kind.SIGN_READY] + 1))
        for attempt in (-1, 2**32):
            with pytest.raises(ValueError, match="attempt"):
                await channel.broadcast(Kind.SIGN_READY, b"", attempt=attempt)
        with pytest.raises(ValueError, match="32 bytes"):
            mesh.open(b"short")


async def test_nobody_waits_for_a_mesh_that_has_shut_down(town: Town) -> None:
    async with town.mesh(3) as mesh:
        channel = mesh.open(SESSION)
        receiving = asyncio.create_task(channel.receive())
        watching = asyncio.ensure_future(anext(mesh.watch()))
        await asyncio.sleep(0.01)
    for waiting in (receiving, watching):
        with pytest.raises(MeshClosed):
            await waiting
    with pytest.raises(MeshClosed):
        await channel.broadcast(Kind.SIGN_READY, b"")
    with pytest.raises(MeshClosed):
        mesh.open(b"\1" * 32)


async def test_a_mesh_that_fails_leaves_nobody_waiting_and_says_why(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise RuntimeError("a defect of our own")

    mesh = town.mesh(3, limits=msgspec.structs.replace(QUICK, ping_seconds=0.02))
    monkeypatch.setattr(mesh._mailbox, "expire", broken)  # there is no input that breaks it
    with pytest.raises(ExceptionGroup) as caught:
        async with mesh:
            with pytest.raises(MeshClosed):
                await mesh.open(SESSION).receive()
    assert caught.group_contains(RuntimeError, match="a defect of our own")


async def test_a_port_that_is_taken_is_named(town: Town) -> None:
    taken = town.port(37)
    mesh = Mesh(town.identities[Seat(3)], town.committee, listen_host="127.0.0.1", listen_port=taken)
    with pytest.raises(PeerPortTaken, match=str(taken)):
        async with mesh:
            pytest.fail("the mesh listens on a taken port")


async def test_a_watch_tells_first_what_is_up_and_then_what_changes(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(37)) as (one, two):
        events = one.watch()
        first = await anext(events)
        assert first == LinkEvent(seat=Seat(37), up=True, boot_nonce=town.identities[Seat(37)].boot_nonce)
        await two.__aexit__(None, None, None)
        down = await next_of(events, 37, up=False)
        assert not down.alarm
        assert one.links()[Seat(37)].state is LinkState.DOWN


async def test_a_restarted_peer_comes_back_with_another_boot_nonce_and_no_alarm(town: Town) -> None:
    async with town.mesh(3) as one:
        events = one.watch()
        control = one.open(SESSION)
        nonces = []
        for identity in (town.identities[Seat(37)], another_process(town.identities[Seat(37)])):
            async with running(town.mesh(37, identity=identity), links=1) as (two,):
                event = await next_of(events, 37, up=True)
                nonces.append(event.boot_nonce)
                assert not event.alarm
                assert one.links()[Seat(37)].boot_nonce == identity.boot_nonce
                await two.open(SESSION).broadcast(Kind.CONTROL, identity.boot_nonce, attempt=0)
                assert (await control.receive()).payload == identity.boot_nonce
            await next_of(events, 37, up=False)
        assert nonces[0] != nonces[1]
        assert counted(one, "alarms", 37) == 0


async def test_a_dialler_comes_back_to_a_listener_that_restarted(town: Town) -> None:
    async with town.mesh(37) as two:
        events = two.watch()
        for identity in (town.identities[Seat(3)], another_process(town.identities[Seat(3)])):
            async with town.mesh(3, identity=identity):
                assert (await next_of(events, 3, up=True)).boot_nonce == identity.boot_nonce
            await next_of(events, 3, up=False)


async def test_a_second_live_link_for_one_identity_closes_the_first_and_raises_an_alarm(town: Town) -> None:
    original = town.identities[Seat(37)]
    clone = another_process(original)
    async with town.mesh(3) as one, greeted(town, 3, original) as first:
        events = one.watch()
        assert (await next_of(events, 37, up=True)).boot_nonce == original.boot_nonce
        async with greeted(town, 3, clone):
            second = await next_of(events, 37, up=True)
            assert second.boot_nonce == clone.boot_nonce
            assert "clone" in second.alarm
            assert await first.is_closed()
            assert one.links()[Seat(37)].boot_nonce == clone.boot_nonce
            assert counted(one, "alarms", 37) == 1


async def test_two_running_copies_of_a_node_never_have_links_at_once(town: Town) -> None:
    original = town.identities[Seat(37)]
    async with town.mesh(3) as one:
        events = one.watch()
        async with (
            running(town.mesh(37, identity=original), links=1) as (first,),
            town.mesh(37, identity=another_process(original)) as copy,
        ):
            alarmed = await next_of(events, 37, up=True)
            while not alarmed.alarm:
                alarmed = await next_of(events, 37, up=True)
            assert len(one.reachable()) == 1
            await eventually(lambda: len(first.reachable()) + len(copy.reachable()) <= 1)


async def test_a_peer_that_falls_silent_is_let_go(town: Town) -> None:
    limits = msgspec.structs.replace(QUICK, ping_seconds=0.05, silence_seconds=0.3)
    async with town.mesh(3, limits=limits) as mesh, greeted(town, 3, town.identities[Seat(37)]):
        await eventually(lambda: mesh.reachable() == {37})
        await eventually(lambda: mesh.reachable() == frozenset(), seconds=2)
        assert counted(mesh, "ended_silent", 37) == 1


async def test_idle_peers_that_ping_stay(town: Town) -> None:
    limits = msgspec.structs.replace(QUICK, ping_seconds=0.05, silence_seconds=0.3)
    async with running(town.mesh(3, limits=limits), town.mesh(37, limits=limits)) as (one, two):
        before = one.links(), two.links()
        await asyncio.sleep(0.8)
        assert (one.links(), two.links()) == before


async def test_a_peer_that_does_not_read_is_let_go_and_holds_up_nobody(town: Town) -> None:
    limits = msgspec.structs.replace(QUICK, backlog_bytes=1_000_000)
    async with town.mesh(3, limits=limits) as one, greeted(town, 3, town.identities[Seat(37)]) as deaf:
        deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]  # a peer that does not read
        async with running(town.mesh(200), links=1) as (other,):
            here, there = one.open(SESSION), other.open(SESSION)
            await eventually(lambda: one.reachable() == {37, 200})
            sent = 0
            while 37 in one.reachable():
                await here.broadcast(Kind.SIGN_ROUND1, bytes(90_000), attempt=sent)
                assert (await there.receive()).attempt == sent
                sent += 1
                assert sent < 400, "what waits for a deaf peer is not bounded"
            assert counted(one, "ended_backlog", 37) == 1
            assert one.reachable() == {200}


async def test_messages_sent_just_before_a_shutdown_arrive(town: Town) -> None:
    async with town.mesh(3) as one:
        heard = one.open(SESSION)
        async with running(town.mesh(37), links=1) as (two,):
            channel = two.open(SESSION)
            for attempt in range(20):
                await channel.broadcast(Kind.SIGN_ROUND2, bytes(50_000), attempt=attempt)
        envelopes: list[Envelope] = [await heard.receive() for _ in range(20)]
        assert [envelope.attempt for envelope in envelopes] == list(range(20))
