"""What a registered peer sends on a link that is up: every wrong frame ends that link, is counted, and reaches no ceremony."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
import structlog
from tests.net.intruder import Line, a_frame, altered, greeted
from tests.net.reference import Frame, encode_frame
from tests.net.town import QUICK, Town, counted, eventually, running

from votive.net import Mesh, SessionChannel, verify_evidence
from votive.net.errors import EvidenceInvalid, LinkFault
from votive.net.frame import CHECKED_LATER, LINK_KINDS, PREFIX, VERSION, encode_link
from votive.terms.frame import PAYLOAD_LIMIT, Kind
from votive.terms.participant import Seat

SESSION, OTHER_SESSION = b"\5" * 32, b"\6" * 32
PATIENT = msgspec.structs.replace(QUICK, ping_seconds=60.0, silence_seconds=120.0, spot_checks=1.0)
TRUSTING = msgspec.structs.replace(PATIENT, spot_checks=0.0)


async def hears_nothing(*channels: SessionChannel) -> None:
    """Nothing reaches these sessions."""
    for channel in channels:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await channel.receive()


async def ends_the_link(mesh: Mesh, line: Line, reason: str) -> None:
    """The mesh ends the link of seat 37 for ``reason``, and still works for others."""
    await eventually(lambda: counted(mesh, f"ended_{reason}", 37) == 1)
    assert await line.is_closed()
    assert 37 not in mesh.reachable()


@pytest.fixture
async def listener(town: Town) -> AsyncIterator[Mesh]:
    async with town.mesh(3, limits=PATIENT) as mesh:
        yield mesh


async def test_an_honest_frame_is_heard(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        await line.say(encode_frame(a_frame(town, identity, session=SESSION, receiver=3)))
        envelope = await channel.receive()
    assert (envelope.sender, envelope.kind, envelope.attempt, envelope.payload) == (37, Kind.SIGN_ROUND1, 0, b"hear")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PREFIX.pack(PAYLOAD_LIMIT[Kind.SIGN_READY] + 103, VERSION, Kind.SIGN_READY), "oversized"),
        (PREFIX.pack(2**32 - 1, VERSION, Kind.DKG_REVEAL), "oversized"),
        (PREFIX.pack(65, VERSION, Kind.PING), "oversized"),
        (PREFIX.pack(101, VERSION, Kind.SIGN_READY), "malformed"),
        (PREFIX.pack(200, VERSION, 99), "malformed"),
        (PREFIX.pack(200, VERSION + 1, Kind.SIGN_READY), "malformed"),
        (encode_link(Kind.PING, b"x"), "malformed"),
        (bytes(6), "malformed"),
        (b"\xff" * 4096, "malformed"),
        (encode_link(Kind.HELLO_ACK, bytes(32)), "hello"),
    ],
    ids=[
        "too long",
        "as long as can be",
        "long ping",
        "too short",
        "unknown kind",
        "other version",
        "ping with words",
        "zeros",
        "ones",
        "ack",
    ],
)
async def test_a_frame_that_cannot_be_ends_its_link(town: Town, listener: Mesh, data: bytes, reason: str) -> None:
    async with greeted(town, 3, town.identities[Seat(37)]) as line:
        await line.say(data)
        await ends_the_link(listener, line, reason)


async def test_random_bytes_never_reach_a_ceremony_and_never_end_the_process(town: Town, listener: Mesh) -> None:
    async with listener.open(SESSION) as channel, greeted(town, 3, town.identities[Seat(200)]):
        for _ in range(8):
            async with greeted(town, 3, town.identities[Seat(37)]) as line:
                await line.say(b"\xee" + secrets.token_bytes(20_000))
                assert await line.is_closed()
            listener._barred.clear()  # the wait for readmission has its own test
        await hears_nothing(channel)
        assert listener.reachable() == {200}


async def test_a_frame_that_is_cut_off_is_not_heard(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    whole = encode_frame(a_frame(town, identity, session=SESSION, receiver=3))
    async with listener.open(SESSION) as channel:
        async with greeted(town, 3, identity) as line:
            await line.say(whole[:-1])
            await asyncio.sleep(0.02)
        await eventually(lambda: not listener.reachable())
        await hears_nothing(channel)


async def test_a_frame_is_heard_however_slowly_it_comes(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    whole = encode_frame(a_frame(town, identity, session=SESSION, receiver=3, payload=b"slow"))
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        for byte in whole:
            await line.say(bytes([byte]))
        assert (await channel.receive()).payload == b"slow"


async def test_a_repeated_frame_is_heard_once(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        frame = encode_frame(a_frame(town, identity, session=SESSION, receiver=3))
        again = encode_frame(a_frame(town, identity, session=SESSION, receiver=3, payload=b"something else"))
        await line.say(frame * 3 + again)
        assert (await channel.receive()).payload == b"hear"
        await eventually(lambda: counted(listener, "frames_repeated", 37) == 3)
        await hears_nothing(channel)


async def test_frames_out_of_order_are_heard_as_they_come(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    kinds = [Kind.SIGN_ROUND3, Kind.SIGN_ROUND1, Kind.SIGN_ROUND2]
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        await line.say(b"".join(encode_frame(a_frame(town, identity, session=SESSION, receiver=3, kind=kind)) for kind in kinds))
        assert [(await channel.receive()).kind for _ in kinds] == kinds


def moved(**changes: object) -> Callable[[Frame], bytes]:
    return lambda frame: altered(frame, **changes)


@pytest.mark.parametrize(
    "move",
    [
        moved(session=OTHER_SESSION),
        moved(attempt=1),
        moved(kind=Kind.SIGN_ROUND2),
        moved(receiver=0),
        moved(payload=b"heard"),
        moved(signature=bytes(65)),
        moved(signature=b"\xff" * 65),
    ],
    ids=["session", "attempt", "kind", "receiver", "payload", "no signature", "no curve point"],
)
async def test_a_frame_moved_to_another_place_is_refused(town: Town, listener: Mesh, move: Callable[[Frame], bytes]) -> None:
    identity = town.identities[Seat(37)]
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel, listener.open(OTHER_SESSION) as other:
        await line.say(move(a_frame(town, identity, session=SESSION, receiver=3)))
        await ends_the_link(listener, line, "signature")
        await hears_nothing(channel, other)


async def test_a_frame_of_another_sender_is_refused_and_the_carrier_is_at_fault(town: Town, listener: Mesh) -> None:
    honest = town.identities[Seat(200)]
    async with greeted(town, 3, honest), greeted(town, 3, town.identities[Seat(37)]) as line, listener.open(SESSION) as channel:
        await line.say(encode_frame(a_frame(town, honest, session=SESSION, receiver=3)))
        await ends_the_link(listener, line, "signature")
        await hears_nothing(channel)
        assert listener.reachable() == {200}


async def test_a_frame_for_another_receiver_is_refused(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    for_another = a_frame(town, identity, session=SESSION, receiver=200)
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        await line.say(encode_frame(for_another))
        await ends_the_link(listener, line, "misaddressed")
        await hears_nothing(channel)


async def test_a_frame_for_another_receiver_readdressed_is_refused(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    for_another = a_frame(town, identity, session=SESSION, receiver=200)
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        await line.say(altered(for_another, receiver=3))
        await ends_the_link(listener, line, "signature")
        await hears_nothing(channel)


async def test_a_large_frame_that_is_not_genuine_is_refused_too(town: Town, listener: Mesh) -> None:
    identity = town.identities[Seat(37)]
    frame = a_frame(town, identity, session=SESSION, receiver=3, kind=Kind.DKG_REVEAL, payload=bytes(600_000))
    async with greeted(town, 3, identity) as line, listener.open(SESSION) as channel:
        await line.say(altered(frame, payload=b"\1" + bytes(599_999)) + encode_frame(a_frame(town, identity, session=SESSION, receiver=3)))
        await ends_the_link(listener, line, "signature")
        await hears_nothing(channel)


@pytest.fixture
async def trusting(town: Town) -> AsyncIterator[Mesh]:
    """A mesh that leaves to others, as far as it may, when signatures are checked."""
    async with town.mesh(3, limits=TRUSTING) as mesh:
        yield mesh


@pytest.mark.parametrize("kind", sorted(set(Kind) - LINK_KINDS - CHECKED_LATER))
async def test_what_others_are_shown_as_evidence_is_checked_when_it_comes(town: Town, trusting: Mesh, kind: Kind) -> None:
    identity = town.identities[Seat(37)]
    async with greeted(town, 3, identity) as line, trusting.open(SESSION) as channel:
        await line.say(altered(a_frame(town, identity, session=SESSION, receiver=3, kind=kind), signature=bytes(65)))
        await ends_the_link(trusting, line, "signature")
        await hears_nothing(channel)


async def test_a_frame_that_shows_to_be_unsigned_ends_its_senders_link_and_bars_it(town: Town, trusting: Mesh) -> None:
    identity = town.identities[Seat(37)]
    async with greeted(town, 3, identity) as line, trusting.open(SESSION) as channel:
        await line.say(altered(a_frame(town, identity, session=SESSION, receiver=3), signature=bytes(65)))
        heard = await channel.receive()
        assert heard.evidence is not None
        with pytest.raises(EvidenceInvalid):
            verify_evidence(heard.evidence, heard.payload, committee=town.committee)
        trusting.refuse(heard.sender, "it was to serve as evidence")
        await ends_the_link(trusting, line, "signature")
    with pytest.raises(LinkFault):
        async with greeted(town, 3, identity):
            pass
    assert counted(trusting, "ended_barred", 0) == 1


async def test_a_peer_that_hung_up_in_time_is_barred_all_the_same(town: Town, trusting: Mesh) -> None:
    trusting.refuse(Seat(37), "it was to serve as evidence")
    with pytest.raises(LinkFault):
        async with greeted(town, 3, town.identities[Seat(37)]):
            pass
    assert counted(trusting, "ended_signature", 37) == 1


async def test_a_peer_that_signs_nothing_is_found_by_chance(town: Town) -> None:
    identity = town.identities[Seat(37)]
    limits = msgspec.structs.replace(PATIENT, spot_checks=0.5)
    async with town.mesh(3, limits=limits) as mesh, greeted(town, 3, identity) as line:
        frames = (a_frame(town, identity, session=SESSION, receiver=3, attempt=n) for n in range(100))
        await line.say(b"".join(altered(frame, signature=bytes(65)) for frame in frames))
        await ends_the_link(mesh, line, "signature")


@pytest.mark.parametrize("size", [4, 600_000], ids=["in the loop", "in a thread"])
async def test_a_defect_of_our_own_ends_the_link_and_says_so(
    town: Town, listener: Mesh, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("a defect of our own")

    monkeypatch.setattr(listener, "_genuine", broken)  # there is no input that breaks it
    identity = town.identities[Seat(37)]
    frame = a_frame(town, identity, session=SESSION, receiver=3, kind=Kind.DKG_REVEAL, payload=bytes(size))
    with structlog.testing.capture_logs() as logs:
        async with greeted(town, 3, identity) as line:
            await line.say(encode_frame(frame))
            await ends_the_link(listener, line, "defect")
    assert any(entry["log_level"] == "error" and entry["seat"] == 37 and "exc_info" in entry for entry in logs)
    async with greeted(town, 3, identity):  # it is not the peer's fault
        await eventually(lambda: 37 in listener.reachable())


async def test_a_flood_for_unopened_sessions_does_not_reach_or_crowd_out_others(town: Town) -> None:
    limits = msgspec.structs.replace(PATIENT, waiting_frames=40)
    flooder, honest = town.identities[Seat(37)], town.identities[Seat(200)]
    async with town.mesh(3, limits=limits) as mesh, greeted(town, 3, flooder) as flood, greeted(town, 3, honest) as line:
        await line.say(encode_frame(a_frame(town, honest, session=SESSION, receiver=0)))
        for number in range(400):
            await flood.say(encode_frame(a_frame(town, flooder, session=number.to_bytes(32, "big"), receiver=3)))
        await eventually(lambda: counted(mesh, "frames_waiting", 37) == 400)
        assert mesh._mailbox.waiting(Seat(37))[0] <= 40  # the bound itself
        async with mesh.open(SESSION) as channel:
            assert (await channel.receive()).sender == 200


async def test_a_peer_that_sends_too_much_is_read_slowly_and_others_are_not(town: Town) -> None:
    limits = msgspec.structs.replace(PATIENT, frames_per_second=50)
    flooder, honest = town.identities[Seat(37)], town.identities[Seat(200)]
    loop = asyncio.get_running_loop()
    sender = greeted(town, 3, honest)
    async with town.mesh(3, limits=limits) as mesh, greeted(town, 3, flooder) as flood, sender as line, mesh.open(SESSION) as channel:
        began = loop.time()
        await flood.say(b"".join(encode_frame(a_frame(town, flooder, session=SESSION, receiver=3, attempt=n)) for n in range(120)))
        await line.say(encode_frame(a_frame(town, honest, session=SESSION, receiver=3)))
        while (await channel.receive()).sender != 200:
            pass
        assert loop.time() - began < 0.9
        assert counted(mesh, "frames_received", 37) <= 50
        await eventually(lambda: counted(mesh, "frames_received", 37) == 120)
        assert loop.time() - began >= 1.5


async def test_a_stranger_with_a_broken_handshake_leaves_links_alone(town: Town) -> None:
    async with running(town.mesh(3), town.mesh(200)) as (listener, dialler):
        before = listener.links()[Seat(200)]
        async with greeted(town, 3, town.identities[Seat(37)]) as line:
            await line.say(b"\xff" * 100)
            assert await line.is_closed()
        assert listener.links()[Seat(200)] == before
        assert dialler.reachable() == {3}
