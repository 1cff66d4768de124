"""Work that takes every node ends with the first link that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from votive.net import LinkEvent
from votive.node.unbroken import while_linked
from votive.terms.errors import WorldError
from votive.terms.participant import Seat

SEATS = (Seat(2), Seat(3), Seat(4))
FIRST_LIFE, SECOND_LIFE = b"1" * 16, b"2" * 16


class Links:
    """Links that change as a test says."""

    def __init__(self, up: tuple[Seat, ...] = SEATS) -> None:
        self.up = up
        self.events: asyncio.Queue[LinkEvent] = asyncio.Queue()
        for seat in up:
            self.tell(seat)

    def tell(self, seat: Seat, *, up: bool = True, boot_nonce: bytes = FIRST_LIFE) -> None:
        self.events.put_nowait(LinkEvent(seat=seat, up=up, boot_nonce=boot_nonce, alarm=""))

    def reachable(self) -> tuple[Seat, ...]:
        return self.up

    async def watch(self) -> AsyncIterator[LinkEvent]:
        while True:
            yield await self.events.get()


class Work:
    """Work that never ends by itself, and knows how it was ended."""

    def __init__(self) -> None:
        self.cancelled = False

    async def go_on(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_work_whose_links_hold_returns_what_it_found() -> None:
    async def work() -> int:
        await asyncio.sleep(0.01)
        return 7

    links = Links()
    links.tell(Seat(2))
    assert await while_linked(work(), links, SEATS) == 7


async def test_a_failure_of_the_work_itself_is_not_hidden() -> None:
    async def work() -> None:
        raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        await while_linked(work(), Links(), SEATS)


@pytest.mark.parametrize(
    ("up", "life", "why"), [(False, FIRST_LIFE, "the link to seat 3 broke"), (True, SECOND_LIFE, "the node in seat 3 started again")]
)
async def test_work_ends_when_a_peer_goes_or_comes_back_as_another(up: bool, life: bytes, why: str) -> None:
    links, work = Links(), Work()
    asyncio.get_running_loop().call_later(0.01, lambda: links.tell(Seat(3), up=up, boot_nonce=life))
    with pytest.raises(WorldError, match=why):
        await while_linked(work.go_on(), links, SEATS)
    assert work.cancelled


async def test_what_happens_to_other_links_is_not_its_business() -> None:
    links, work = Links(), Work()
    links.tell(Seat(9), up=False)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(while_linked(work.go_on(), links, SEATS), 0.05)
    assert work.cancelled


async def test_work_does_not_begin_without_all_links() -> None:
    with pytest.raises(WorldError, match="before the work began"):
        await while_linked(Work().go_on(), Links(up=SEATS[:2]), SEATS)
