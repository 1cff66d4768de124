"""Frames wait within bounds, each is heard once, and a closed session stays closed."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from votive.net import MeshClosed, MeshLimits, SessionRefused
from votive.net.mailbox import Fate, Mailbox
from votive.terms.frame import Envelope, Kind
from votive.terms.participant import Seat

A, B = Seat(3), Seat(37)
FIRST, SECOND = b"\1" * 32, b"\2" * 32


def said(payload: bytes = b"", *, sender: Seat = A, kind: Kind = Kind.SIGN_READY, attempt: int = 0) -> Envelope:
    return Envelope(sender=sender, kind=kind, attempt=attempt, payload=payload)


def session(number: int) -> bytes:
    return number.to_bytes(32, "big")


class Hourglass:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_what_came_early_is_heard_when_the_session_opens_in_the_order_of_arrival() -> None:
    mailbox = Mailbox(MeshLimits())
    early = [said(b"2", attempt=2), said(b"1", sender=B), said(b"0", attempt=0)]
    assert [mailbox.deliver(FIRST, envelope) for envelope in early] == [Fate.WAITING] * 3
    inbox = mailbox.open(FIRST)
    assert [await inbox.get() for _ in early] == early
    assert mailbox.waiting(A) == mailbox.waiting(B) == (0, 0)


async def test_a_sender_is_heard_once_at_each_place() -> None:
    mailbox = Mailbox(MeshLimits())
    inbox = mailbox.open(FIRST)
    assert mailbox.deliver(FIRST, said(b"first")) is Fate.RECEIVED
    assert (await inbox.get()).payload == b"first"
    assert mailbox.deliver(FIRST, said(b"second")) is Fate.REPEATED
    assert mailbox.deliver(FIRST, said(b"first", sender=B)) is Fate.RECEIVED
    assert mailbox.deliver(FIRST, said(b"first", attempt=1)) is Fate.RECEIVED
    assert mailbox.deliver(FIRST, said(b"first", kind=Kind.SIGN_PROPOSE)) is Fate.RECEIVED


def test_a_repetition_before_the_session_opens_does_not_replace_the_first() -> None:
    mailbox = Mailbox(MeshLimits())
    assert mailbox.deliver(FIRST, said(b"first")) is Fate.WAITING
    assert mailbox.deliver(FIRST, said(b"second")) is Fate.REPEATED
    assert mailbox.waiting(A)[0] == 1


async def test_control_messages_rise_in_their_standing_session() -> None:
    mailbox = Mailbox(MeshLimits())
    mailbox.open(FIRST)
    fates = [mailbox.deliver(FIRST, said(kind=Kind.CONTROL, attempt=number)) for number in (0, 5, 5, 4, 6)]
    assert fates == [Fate.RECEIVED, Fate.RECEIVED, Fate.REPEATED, Fate.REPEATED, Fate.RECEIVED]
    mailbox.renew(A)
    assert mailbox.deliver(FIRST, said(kind=Kind.CONTROL, attempt=0)) is Fate.RECEIVED


async def test_a_session_is_opened_once() -> None:
    mailbox = Mailbox(MeshLimits())
    mailbox.open(FIRST)
    with pytest.raises(SessionRefused):
        mailbox.open(FIRST)
    mailbox.close(FIRST)
    with pytest.raises(SessionRefused):
        mailbox.open(FIRST)
    assert mailbox.deliver(FIRST, said()) is Fate.LATE


async def test_closing_wakes_all_who_wait() -> None:
    mailbox = Mailbox(MeshLimits())
    inbox = mailbox.open(FIRST)
    waiters = [asyncio.create_task(inbox.get()) for _ in range(3)]
    await asyncio.sleep(0)
    mailbox.close(FIRST)
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert all(isinstance(result, MeshClosed) for result in results)
    with pytest.raises(MeshClosed):
        await inbox.get()


def test_a_flood_of_unopened_sessions_takes_no_more_memory_than_its_limits() -> None:
    limits = MeshLimits(waiting_frames=200, waiting_bytes=1_000_000)
    mailbox = Mailbox(limits)
    tracemalloc.start()
    try:
        for number in range(20_000):
            mailbox.deliver(session(number), said(bytes(8_000)))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    frames, weight = mailbox.waiting(A)
    assert 100 <= frames <= limits.waiting_frames
    assert weight <= limits.waiting_bytes
    assert held < 2 * limits.waiting_bytes


def test_a_flood_by_one_peer_crowds_out_only_its_own_frames() -> None:
    limits = MeshLimits(waiting_frames=50)
    mailbox = Mailbox(limits)
    mailbox.deliver(FIRST, said(b"honest", sender=B))
    for number in range(1_000):
        mailbox.deliver(session(number), said())
    assert mailbox.waiting(A)[0] == 50
    assert mailbox.waiting(B)[0] == 1


def test_a_flood_keeps_the_newest_frames() -> None:
    mailbox = Mailbox(MeshLimits(waiting_frames=2))
    for number in range(4):
        mailbox.deliver(session(number), said())
    assert mailbox.deliver(session(3), said()) is Fate.REPEATED
    assert mailbox.deliver(session(0), said()) is Fate.WAITING


def test_frames_that_waited_too_long_are_dropped() -> None:
    clock = Hourglass()
    mailbox = Mailbox(MeshLimits(waiting_seconds=10), clock=clock)
    mailbox.deliver(FIRST, said())
    clock.now += 9
    mailbox.deliver(SECOND, said())
    assert mailbox.expire() == 0
    clock.now += 1
    assert mailbox.expire() == 1
    assert mailbox.waiting(A)[0] == 1


async def test_an_open_session_that_nobody_reads_is_bounded_for_each_sender() -> None:
    mailbox = Mailbox(MeshLimits(pending_frames=10, pending_bytes=20_000))
    inbox = mailbox.open(FIRST)
    fates = [mailbox.deliver(FIRST, said(attempt=number)) for number in range(12)]
    assert fates == [Fate.RECEIVED] * 10 + [Fate.CROWDED] * 2
    assert mailbox.deliver(FIRST, said(bytes(20_000), sender=B)) is Fate.CROWDED
    assert mailbox.deliver(FIRST, said(sender=B)) is Fate.RECEIVED
    await inbox.get()
    assert mailbox.deliver(FIRST, said(attempt=99)) is Fate.RECEIVED


def test_tombstones_are_bounded() -> None:
    mailbox = Mailbox(MeshLimits(tombstones=3))
    for number in range(5):
        mailbox.open(session(number))
        mailbox.close(session(number))
    assert mailbox.deliver(session(4), said()) is Fate.LATE
    assert mailbox.deliver(session(0), said()) is Fate.WAITING


def test_a_frame_larger_than_all_that_may_wait_is_dropped() -> None:
    mailbox = Mailbox(MeshLimits(waiting_bytes=1_000))
    assert mailbox.deliver(FIRST, said(bytes(1_000))) is Fate.CROWDED
    assert mailbox.waiting(A) == (0, 0)
