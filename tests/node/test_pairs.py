"""Pairs: who starts, what an invitation is worth, and what another process at the other end means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from votive.core import CheckFailed
from votive.net import LinkEvent
from votive.node.clock import MonotonicClock
from votive.node.control import SetupInvited, SetupWanted
from votive.node.pairs import Pairs
from votive.protocol import PairSetupFailed
from votive.store import SetupFailures
from votive.terms.participant import Committee, Participant, Seat

LOWER, HIGHER = Seat(3), Seat(37)
NONCE = {LOWER: b"l" * 16, HIGHER: b"h" * 16}


def committee() -> Committee:
    members = tuple(
        Participant(
            seat=Seat(seat), address=f"0x{seat:040x}", url="u", peer_host="h", peer_port=1, certificate_hash=b"", x25519_key=bytes(32)
        )
        for seat in (LOWER, HIGHER, 200, 255)
    )
    return Committee(network=bytes(32), epoch=1, members=members)


@dataclass
class Table:
    """Remembers which set-ups were begun; installs those that the test lets end well."""

    boot_nonce: bytes
    begun: list[tuple[int, bytes, int]] = field(default_factory=list)
    installed: set[int] = field(default_factory=set)
    forgotten: list[int] = field(default_factory=list)

    def begin(self, *, peer: int, peer_boot_nonce: bytes, peer_key: bytes, counter: int) -> Any:
        self.begun.append((peer, peer_boot_nonce, counter))
        return type("Setup", (), {"session": bytes(32), "peer": peer})()

    def generation(self, peer: int) -> int | None:
        return 1 if peer in self.installed else None

    def forget(self, peer: int) -> None:
        self.installed.discard(peer)
        self.forgotten.append(peer)


class Links:
    """The mesh's news, as the test tells them."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[LinkEvent] = asyncio.Queue()

    def up(self, seat: Seat, nonce: bytes, alarm: str = "") -> None:
        self.news.put_nowait(LinkEvent(seat=seat, up=True, boot_nonce=nonce, alarm=alarm))

    def down(self, seat: Seat, nonce: bytes) -> None:
        self.news.put_nowait(LinkEvent(seat=seat, up=False, boot_nonce=nonce))

    async def watch(self) -> AsyncIterator[LinkEvent]:
        while True:
            yield await self.news.get()

    @asynccontextmanager
    async def open(self, session: bytes) -> AsyncIterator[Any]:
        yield None


class Control:
    """The control session, seen from both sides."""

    def __init__(self) -> None:
        self.told: list[tuple[Seat, Any]] = []
        self._listeners: dict[type, Callable[[Seat, Any], None]] = {}

    def listen(self, kind: type, listener: Callable[[Seat, Any], None]) -> None:
        self._listeners[kind] = listener

    async def tell(self, to: Seat, message: Any) -> None:
        self.told.append((to, message))

    def hear(self, sender: Seat, message: Any) -> None:
        self._listeners[type(message)](sender, message)


class Failures:
    """Counts failures in memory."""

    def __init__(self) -> None:
        self.counts: dict[Seat, SetupFailures] = {}

    def setup_failures(self, peer: Seat) -> SetupFailures:
        return self.counts.get(peer, SetupFailures())

    def note_setup_failure(self, peer: Seat, at: float) -> SetupFailures:
        self.counts[peer] = SetupFailures(count=self.setup_failures(peer).count + 1, last_at=at)
        return self.counts[peer]


@dataclass
class Side:
    """One node's side, with everything around it in the test's hand."""

    pairs: Pairs
    table: Table
    links: Links
    control: Control
    failures: Failures
    gates: list[asyncio.Future[None]]
    """One for each ceremony that runs: the test decides how it ends."""

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not come")

    async def ceremony(self, number: int) -> asyncio.Future[None]:
        await self.until(lambda: len(self.gates) >= number)
        return self.gates[number - 1]


async def direct(step: Callable[[], Any]) -> Any:
    return step()


@asynccontextmanager
async def a_side(me: Seat, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Side]:
    peer = HIGHER if me == LOWER else LOWER
    table, links, control, failures = Table(NONCE[me]), Links(), Control(), Failures()
    gates: list[asyncio.Future[None]] = []

    async def set_up_pair(channel: Any, seat: Seat, setup: Any, **rest: Any) -> None:
        gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gates.append(gate)
        await gate
        table.installed.add(peer)

    monkeypatch.setattr("votive.node.pairs.set_up_pair", set_up_pair)
    monkeypatch.setattr("votive.node.pairs.RETRY_SECONDS", 0.02)
    monkeypatch.setattr("votive.node.pairs.INVITE_PATIENCE", 0.1)
    pairs = Pairs(
        me=me,
        committee=committee(),
        table=table,  # type: ignore[arg-type]  # the test's own table
        links=links,
        control=control,  # type: ignore[arg-type]
        store=failures,
        run=direct,
        clock=MonotonicClock(),
    )
    task = asyncio.create_task(pairs.run())
    try:
        yield Side(pairs, table, links, control, failures, gates)
    finally:
        assert not task.done(), "what peers do never ends the loop"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def invitation(counter: int, lower: bytes = NONCE[LOWER], higher: bytes = NONCE[HIGHER]) -> SetupInvited:
    return SetupInvited(lower_nonce=lower, higher_nonce=higher, counter=counter)


async def test_the_lower_seat_invites_and_starts_when_the_link_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        assert side.control.told == [(HIGHER, invitation(1))]
        assert side.table.begun == [(HIGHER, NONCE[HIGHER], 1)]
        await asyncio.sleep(0.05)
        assert len(side.gates) == 1


async def test_the_higher_seat_waits_for_the_invitation_and_uses_its_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(HIGHER, monkeypatch) as side:
        side.links.up(LOWER, NONCE[LOWER])
        await asyncio.sleep(0.03)
        assert side.table.begun == []
        side.control.hear(LOWER, invitation(5))
        (await side.ceremony(1)).set_result(None)
        assert side.table.begun == [(LOWER, NONCE[LOWER], 5)]


async def test_an_invitation_that_comes_before_the_link_is_known_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(HIGHER, monkeypatch) as side:
        side.control.hear(LOWER, invitation(1))
        await asyncio.sleep(0.03)
        side.links.up(LOWER, NONCE[LOWER])
        (await side.ceremony(1)).set_result(None)
        assert side.table.begun == [(LOWER, NONCE[LOWER], 1)]


@pytest.mark.parametrize("wrong", [invitation(1, lower=b"x" * 16), invitation(1, higher=b"x" * 16)])
async def test_an_invitation_between_other_processes_is_not_followed(wrong: SetupInvited, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(HIGHER, monkeypatch) as side:
        side.links.up(LOWER, NONCE[LOWER])
        side.control.hear(LOWER, wrong)
        await asyncio.sleep(0.05)
        assert side.table.begun == []


async def test_only_the_lower_seat_invites(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        side.control.hear(HIGHER, invitation(9))
        await asyncio.sleep(0.05)
        assert len(side.gates) == 1


async def test_a_higher_seat_that_hears_nothing_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(HIGHER, monkeypatch) as side:
        side.links.up(LOWER, NONCE[LOWER])
        await side.until(lambda: len(side.control.told) > 0)
        assert side.control.told[0] == (LOWER, SetupWanted(lower_nonce=NONCE[LOWER], higher_nonce=NONCE[HIGHER]))


async def test_a_wish_makes_a_new_set_up_though_ours_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        await side.until(lambda: HIGHER in side.table.installed)
        side.control.hear(HIGHER, SetupWanted(lower_nonce=NONCE[LOWER], higher_nonce=NONCE[HIGHER]))
        (await side.ceremony(2)).set_result(None)
        assert [counter for _, _, counter in side.table.begun] == [1, 2]


async def test_a_wish_during_a_set_up_means_that_the_peer_never_heard_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        first = await side.ceremony(1)
        side.control.hear(HIGHER, SetupWanted(lower_nonce=NONCE[LOWER], higher_nonce=NONCE[HIGHER]))
        await side.ceremony(2)
        assert first.cancelled()


async def test_a_later_invitation_ends_an_earlier_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(HIGHER, monkeypatch) as side:
        side.links.up(LOWER, NONCE[LOWER])
        side.control.hear(LOWER, invitation(1))
        first = await side.ceremony(1)
        side.control.hear(LOWER, invitation(2))
        await side.ceremony(2)
        assert first.cancelled()
        assert [counter for _, _, counter in side.table.begun] == [1, 2]


async def test_another_process_at_the_other_end_makes_us_forget_and_start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        await side.until(lambda: HIGHER in side.table.installed)
        side.links.down(HIGHER, NONCE[HIGHER])
        side.links.up(HIGHER, b"n" * 16)
        await side.ceremony(2)
        assert side.table.forgotten == [HIGHER]
        assert side.table.begun[-1] == (HIGHER, b"n" * 16, 1)


async def test_the_same_process_after_a_broken_link_keeps_its_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        await side.until(lambda: HIGHER in side.table.installed)
        side.links.down(HIGHER, NONCE[HIGHER])
        side.links.up(HIGHER, NONCE[HIGHER])
        await asyncio.sleep(0.05)
        assert (len(side.gates), side.table.forgotten) == (1, [])


async def test_an_alarm_ends_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_result(None)
        await side.until(lambda: HIGHER in side.table.installed)
        side.links.up(HIGHER, NONCE[HIGHER], alarm="a clone?")
        await side.ceremony(2)
        assert side.table.forgotten == [HIGHER]


async def test_a_failure_without_evidence_is_tried_again_soon_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_exception(PairSetupFailed(HIGHER, "silence"))
        await side.ceremony(2)
        assert side.failures.counts == {}


async def test_a_defect_met_in_a_ceremony_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_exception(OverflowError("a defect"))
        (await side.ceremony(2)).set_result(None)
        await side.until(lambda: HIGHER in side.table.installed)


async def test_a_failed_check_is_counted_and_keeps_both_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_side(LOWER, monkeypatch) as side:
        side.links.up(HIGHER, NONCE[HIGHER])
        (await side.ceremony(1)).set_exception(CheckFailed("a proof does not hold", culprits=[HIGHER]))
        await side.until(lambda: HIGHER in side.failures.counts)
        await asyncio.sleep(0.05)
        assert len(side.gates) == 1
        assert 50 < side.pairs.pausing(HIGHER) <= 60
        side.control.hear(HIGHER, SetupWanted(lower_nonce=NONCE[LOWER], higher_nonce=NONCE[HIGHER]))
        await asyncio.sleep(0.05)
        assert len(side.gates) == 1
