"""How requests on either way end when the caller goes, the node stops, or nobody reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.node.test_api import Office
from tests.node.wire import GET, chunked, house, line, post, signing

from votive.node.answer import PkpSignAnswer, ShareBody, SignatureBody
from votive.node.api import app
from votive.node.api.connection import Connection
from votive.node.authorise import Asked
from votive.node.execute import PkpSignBody

BOTH = pytest.mark.parametrize("request_", [pytest.param(post, id="short"), pytest.param(chunked, id="long")])
MEGABYTES = 8 * 1024 * 1024


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


@BOTH
async def test_what_was_asked_is_done_even_if_the_caller_does_not_wait(request_: Any) -> None:
    office = Office()
    office.slow = 0.3
    async with house(office) as desk:
        async with line(desk) as wire:
            await wire.send(request_())
            await until(desk.asked)
        await until(lambda: desk.answered(200) == 1)


@BOTH
async def test_nothing_is_done_for_a_caller_who_goes_before_he_has_asked(request_: Any) -> None:
    async with house() as desk:
        async with line(desk) as wire:
            await wire.send(request_()[:-20])
            await asyncio.sleep(0.05)
        await until(lambda: desk.answered(400) == 1)
    assert desk.asked() == []


@BOTH
async def test_work_for_callers_who_went_counts_among_the_connections(request_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CONNECTIONS", 2)
    office = Office()
    office.slow = 0.5
    async with house(office) as desk:
        for number in range(2):
            async with line(desk) as wire:
                await wire.send(request_())
                await until(lambda number=number: len(desk.asked()) > number)  # type: ignore[misc]  # bound here, not when called
            await asyncio.sleep(0.05)
        async with line(desk) as wire:
            await wire.send(request_())
            assert (await wire.answer()).status == 503
        await until(lambda: desk.answered(200) == 2)


@BOTH
async def test_a_node_that_stops_answers_what_it_was_asked_and_hangs_up(request_: Any) -> None:
    office = Office()
    office.slow = 0.7  # longer than uvicorn looks away at the beginning of its end
    async with house(office) as desk, line(desk) as idle, line(desk) as wire:
        await wire.send(request_())
        await idle.send(GET)
        assert (await idle.answer()).status == 200
        await until(desk.asked)
        stopped = asyncio.create_task(desk.stop())
        assert await idle.ended() == b""
        assert desk.answered(200) == 0
        answer = await wire.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert await wire.ended() == b""
        await stopped


@BOTH
async def test_a_node_that_stops_does_not_wait_for_ever(
    request_: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app, "GRACE_SECONDS", 0.3)
    office = Office()
    office.slow = 30
    async with house(office, seconds=60) as desk, line(desk) as wire:
        await wire.send(request_())
        await until(desk.asked)
        stopped = asyncio.create_task(desk.stop())
        answer = await wire.answer()
        assert (answer.status, answer.header("connection"), answer.body) == (500, "close", b"Internal Server Error")
        assert await wire.ended() == b""
        await stopped
    assert "CancelledError" in caplog.text


class Talker(Office):
    """Answers much to a small question."""

    async def pkp_sign(self, asked: Asked, body: PkpSignBody) -> PkpSignAnswer:
        await self._hear(asked, body)
        signature = SignatureBody(r="0x" + "0" * MEGABYTES, s="0x02", v=27)
        return PkpSignAnswer(signed_data=tuple(body.to_sign or ()), signature_share=ShareBody(), signature=signature)


@pytest.fixture
def transports(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Transport]:
    """The node's ends of its connections."""
    seen: list[asyncio.Transport] = []
    original = Connection.connection_made

    def spied(self: Connection, transport: Any) -> None:
        seen.append(transport)
        original(self, transport)

    monkeypatch.setattr(Connection, "connection_made", spied)
    return seen


@BOTH
async def test_no_more_is_read_while_a_request_waits_for_its_turn(request_: Any, transports: list[asyncio.Transport]) -> None:
    office = Office()
    office.slow = 0.2
    async with house(office) as desk, line(desk) as wire:
        await wire.send(request_())
        await until(desk.asked)
        assert transports[0].is_reading()
        await wire.send(request_())
        await until(lambda: not transports[0].is_reading())
        assert len(desk.asked()) == 1
        for _ in range(2):
            assert (await wire.answer()).status == 200
        assert transports[0].is_reading()


@BOTH
async def test_answers_that_nobody_reads_are_not_piled_up(request_: Any, transports: list[asyncio.Transport]) -> None:
    office = Talker()
    async with house(office, seconds=30) as desk, line(desk) as wire:
        for number in range(3):
            await wire.send(request_(body=signing(number)))
        await until(lambda: desk.answered(200) == 2)
        await asyncio.sleep(0.2)
        assert transports[0].get_write_buffer_size() < MEGABYTES  # the second answer waits
        assert len(desk.asked()) == 2  # and the third question behind it
        for number in range(3):
            assert json.loads((await wire.answer()).body)["signedData"] == [number]


@BOTH
async def test_an_answer_that_waits_for_a_reader_ends_with_the_connection(request_: Any, transports: list[asyncio.Transport]) -> None:
    async with house(Talker(), seconds=30) as desk:
        async with line(desk) as wire:
            for number in range(2):
                await wire.send(request_(body=signing(number)))
            await until(lambda: desk.answered(200) == 2)
            tasks = [task for task in asyncio.all_tasks() if "run_asgi" in repr(task) or "_serve" in repr(task)]
            wire.writer.transport.abort()
        await until(transports[0].is_closing)
        assert tasks
        await until(lambda: all(task.done() for task in tasks))
