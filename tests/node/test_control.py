"""Control messages: wishes of peers, strictly decoded, and never more than wishes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from votive.node.control import BatchAnnounced, BatchDeclined, Control, SetupInvited, SetupWanted, decode
from votive.terms.encoding import encode
from votive.terms.frame import PAYLOAD_LIMIT, Envelope, Kind
from votive.terms.key import Purpose
from votive.terms.participant import Seat

BATCH = BatchAnnounced(epoch=1, purpose=Purpose.PKP_ECDSA, batch=2, count=3, deadline_block=4)
DECLINED = BatchDeclined(epoch=1, purpose=Purpose.PKP_ECDSA, batch=2, count=3, deadline_block=4, next_batch=5, reason="because")
INVITED = SetupInvited(lower_nonce=b"l" * 16, higher_nonce=b"h" * 16, counter=1)
WANTED = SetupWanted(lower_nonce=b"l" * 16, higher_nonce=b"h" * 16)
ALL = (BATCH, DECLINED, INVITED, WANTED)


class Wire:
    """A channel whose other end is the test."""

    def __init__(self, *arriving: Envelope) -> None:
        self.sent: list[tuple[Seat | None, bytes, int]] = []
        self._arriving = list(arriving)

    async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        self.sent.append((to, payload, attempt))

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        self.sent.append((None, payload, attempt))

    async def receive(self) -> Envelope:
        if not self._arriving:
            await asyncio.Event().wait()
        return self._arriving.pop(0)


def arriving(payload: bytes, sender: int = 7, kind: Kind = Kind.CONTROL) -> Envelope:
    return Envelope(sender=Seat(sender), kind=kind, attempt=1, payload=payload)


@pytest.mark.parametrize("message", ALL)
def test_every_message_survives_its_encoding_and_fits_its_frame(message: msgspec.Struct) -> None:
    assert decode(arriving(encode(message))) == message
    assert len(encode(message)) < PAYLOAD_LIMIT[Kind.CONTROL]


@pytest.mark.parametrize("message", ALL)
def test_nothing_but_the_canonical_encoding_is_accepted(message: msgspec.Struct) -> None:
    whole = encode(message)
    assert decode(arriving(whole + b"\x00")) is None
    for length in range(len(whole)):
        assert decode(arriving(whole[:length])) is None
    tag, *fields = msgspec.msgpack.decode(whole)
    for wrong in ([tag, *fields, 1], [tag], ["votive/control/else/v1", *fields], fields, {"type": tag}):
        assert decode(arriving(msgspec.msgpack.encode(wrong))) is None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CONTROL])
def test_no_other_kind_of_frame_is_read(kind: Kind) -> None:
    assert decode(arriving(encode(BATCH), kind=kind)) is None


@pytest.mark.parametrize("number", [-1, 2**32, 2**63, 2**64 - 1])
def test_numbers_that_the_core_could_not_hold_are_refused(number: int) -> None:
    for message, field in ((INVITED, "counter"), (BATCH, "batch"), (BATCH, "deadline_block"), (DECLINED, "next_batch")):
        assert decode(arriving(encode(msgspec.structs.replace(message, **{field: number})))) is None


def test_a_nonce_has_sixteen_bytes() -> None:
    assert decode(arriving(encode(msgspec.structs.replace(INVITED, lower_nonce=b"short")))) is None


async def test_messages_reach_their_listener_and_garbage_ends_nothing() -> None:
    wire = Wire(
        arriving(b"garbage"), arriving(encode(BATCH)), arriving(b"", kind=Kind.PING), arriving(encode(WANTED)), arriving(encode(BATCH), 9)
    )
    control, heard = Control(wire), []
    control.listen(BatchAnnounced, lambda seat, message: heard.append((seat, message)))
    task = asyncio.create_task(control.run())
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    assert heard == [(7, BATCH), (9, BATCH)]


async def test_sequence_numbers_rise_over_all_receivers() -> None:
    wire = Wire()
    control = Control(wire)
    await control.announce(BATCH)
    await control.tell(Seat(9), INVITED)
    await control.announce(DECLINED)
    assert [(to, attempt) for to, _, attempt in wire.sent] == [(None, 1), (9, 2), (None, 3)]


async def test_a_flood_of_one_seat_is_not_heard_and_keeps_no_other_from_being_heard() -> None:
    now = 0.0
    flood = [arriving(encode(BATCH)) for _ in range(1000)] + [arriving(b"garbage") for _ in range(1000)]
    wire = Wire(*flood, arriving(encode(BATCH), 9), arriving(encode(WANTED), 9))
    control, heard = Control(wire, clock=lambda: now), []
    for kind in (BatchAnnounced, SetupWanted):
        control.listen(kind, lambda seat, message: heard.append((seat, message)))
    task = asyncio.create_task(control.run())
    await asyncio.sleep(0.1)
    assert heard == [(7, BATCH)] * 16 + [(9, BATCH), (9, WANTED)]
    now = 3600.0
    wire._arriving += [arriving(encode(BATCH))]
    task.cancel()
    task = asyncio.create_task(control.run())
    await asyncio.sleep(0.01)
    assert heard[-1] == (7, BATCH)
    task.cancel()


async def test_garbage_without_end_fills_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    control = Control(Wire(*(arriving(b"garbage") for _ in range(1000))), clock=lambda: 0.0)
    task = asyncio.create_task(control.run())
    await asyncio.sleep(0.1)
    assert capsys.readouterr().out.count("refused") <= 64
    task.cancel()
