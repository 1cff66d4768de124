"""The short way of posted requests: what goes there, and that nobody can tell from outside."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.node.test_api import DIGEST
from tests.node.wire import BODY, GET, House, chunked, house, line, post, signing

from votive.node.api import app
from votive.node.api.body import Budget
from votive.node.api.connection import HEAD_BYTES, Connection
from votive.node.api.short import SHORT_BYTES
from votive.node.api.straight import Straight
from votive.node.execute import PkpSignBody

SIGN = PkpSignBody(to_sign=DIGEST, pubkey="0x04")
SHORT, LONG = pytest.param(post, id="short"), pytest.param(chunked, id="long")


@pytest.fixture
async def desk() -> AsyncIterator[House]:
    async with house() as running:
        yield running


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that went through ASGI."""
    seen: list[str] = []
    original = Straight.__call__

    async def spy(self: Straight, scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await original(self, scope, receive, send)

    monkeypatch.setattr(Straight, "__call__", spy)
    return seen


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the node wrote, a write each."""
    seen: list[bytes] = []
    original = Connection.connection_made

    def spied(self: Connection, transport: Any) -> None:
        write = transport.write

        def heard(data: bytes) -> None:
            seen.append(data)
            write(data)

        transport.write = heard
        original(self, transport)

    monkeypatch.setattr(Connection, "connection_made", spied)
    return seen


@pytest.mark.parametrize(
    "request_",
    [
        post(),
        post(url="/web/pkp/sign/"),
        post(url="/web/pkp/sign/v1"),
        post(version="1.0"),
        post("Connection: close"),
        post("Expect: nothing"),
        post(length=f"{len(BODY):05}"),
        post(body=BODY + b" " * (SHORT_BYTES - len(BODY))),
    ],
)
async def test_a_small_post_to_an_endpoint_goes_the_short_way(desk: House, long_way: list[str], request_: bytes) -> None:
    async with line(desk) as wire:
        await wire.send(request_)
        assert (await wire.answer()).status == 200
    assert long_way == []
    ((asked, body),) = desk.office.asked
    assert asked.path in ("/web/pkp/sign", "/web/pkp/sign/v1")
    assert (asked.request_id, asked.client, asked.large, body) == ("lit_1", "127.0.0.1", False, SIGN)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (chunked(), 200),
        (post(url="/web/pkp/sign?a=b"), 200),
        (post(url="/web/pkp/sign//"), 200),
        (post(url="/web/pkp/%73ign"), 200),
        (post(url="http://x/web/pkp/sign"), 200),
        (post(length=f"{len(BODY):07}"), 200),
        (post(body=BODY + b" " * (SHORT_BYTES - len(BODY) + 1)), 413),
        (post(url="/web/pkp/sing"), 404),
        (post().replace(b"POST", b"GET"), 405),
        (post("Upgrade: h2c", "Connection: upgrade", body=b"", length="0"), 400),
    ],
)
async def test_all_else_goes_through_uvicorn(desk: House, long_way: list[str], request_: bytes, status: int) -> None:
    async with line(desk) as wire:
        await wire.send(request_)
        assert (await wire.answer()).status == status
    assert len(long_way) == 1


async def test_who_waits_for_leave_to_send_is_given_it(desk: House, long_way: list[str]) -> None:
    async with line(desk) as wire:
        await wire.send(post("Expect: 100-continue", body=b"", length=str(len(BODY))))
        assert (await wire.answer()).head == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(BODY)
        assert (await wire.answer()).status == 200
    assert len(long_way) == 1


@pytest.mark.parametrize(
    ("fields", "body", "status"),
    [([], BODY, 200), (["Connection: close"], BODY, 200), ([], b"{", 400), (["Connection: close"], b"{", 400)],
)
async def test_both_ways_answer_in_the_same_bytes(desk: House, fields: list[str], body: bytes, status: int) -> None:
    answers = []
    for request_ in (post(*fields, body=body), chunked(*fields, body=body)):
        async with line(desk) as wire:
            await wire.send(request_)
            answers.append(await wire.answer())
    short, long = answers
    date = rb"date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
    assert re.search(date, short.head)
    assert (short.status, re.sub(date, b"", short.head), short.body) == (status, re.sub(date, b"", long.head), long.body)


async def test_an_answer_is_one_write(desk: House, written: list[bytes]) -> None:
    async with line(desk) as wire:
        await wire.send(post())
        answer = await wire.answer()
    assert written == [answer.head + answer.body]


async def test_nothing_is_written_to_a_caller_who_is_gone(desk: House, written: list[bytes]) -> None:
    desk.office.slow = 0.2
    async with line(desk) as wire:
        await wire.send(post())
    async with line(desk) as wire:
        await wire.send(post() + b"garbage")
        assert (await wire.answer()).status == 400
    await asyncio.sleep(0.4)
    assert desk.answered(200) == 2
    assert [data[:12] for data in written] == [b"HTTP/1.1 400"]


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_of_a_header_that_stands_twice_the_first_counts(desk: House, request_: Any) -> None:
    desk.office.error = RuntimeError()
    async with line(desk) as wire:
        await wire.send(request_("X-Request-Id: lit_2"))
        assert json.loads((await wire.answer()).body)["correlationId"] == "lit_1"


@pytest.mark.parametrize("request_", [post(version="1.0"), post("Connection: keep-alive", version="1.0"), post("Connection: close")])
async def test_a_caller_who_wants_one_answer_is_hung_up_on(desk: House, request_: bytes) -> None:
    async with line(desk) as wire:
        await wire.send(request_)
        answer = await wire.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        assert await wire.ended() == b""


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_a_connection_is_kept_between_requests_and_not_longer(desk: House, request_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Connection.connection_made

    def hasty(self: Connection, transport: Any) -> None:
        self.timeout_keep_alive = 0.3  # type: ignore[assignment]  # seconds need not be whole
        original(self, transport)

    monkeypatch.setattr(Connection, "connection_made", hasty)
    desk.office.slow = 0.4  # longer than it is kept when idle
    async with line(desk) as wire:
        for _ in range(2):
            await wire.send(request_())
            assert (await wire.answer()).header("connection") is None
        began = asyncio.get_running_loop().time()
        assert await wire.ended() == b""
        assert 0.2 < asyncio.get_running_loop().time() - began < 2


@pytest.mark.parametrize("kinds", ["ss", "sl", "ls", "gs", "sg", "slgsgls", "sssss"])
async def test_pipelined_requests_are_answered_in_order(desk: House, kinds: str) -> None:
    desk.office.slow = 0.05
    ways = {"s": lambda at: post(body=signing(at)), "l": lambda at: chunked(body=signing(at)), "g": lambda at: GET}
    async with line(desk) as wire:
        await wire.send(b"".join(ways[kind](at) for at, kind in enumerate(kinds)))
        for at, kind in enumerate(kinds):
            told = json.loads((await wire.answer()).body)
            assert told["status"] == "starting" if kind == "g" else told["signedData"] == [at]
    assert [body.to_sign for body in desk.asked()] == [[at] for at, kind in enumerate(kinds) if kind != "g"]  # type: ignore[attr-defined]  # bodies of pkp/sign


@pytest.mark.parametrize("first", [SHORT, LONG])
async def test_a_queued_request_may_still_be_on_its_way(desk: House, first: Any) -> None:
    desk.office.slow = 0.1
    whole, body = post(body=signing(2)), signing(2)
    for cut in (1, len(whole) - len(body), len(whole) - 5):
        async with line(desk) as wire:
            await wire.send(first(body=signing(1)) + whole[:cut])
            assert json.loads((await wire.answer()).body)["signedData"] == [1]
            await wire.send(whole[cut:])
            assert json.loads((await wire.answer()).body)["signedData"] == [2]


async def test_a_request_may_come_in_any_two_pieces(desk: House, long_way: list[str]) -> None:
    whole = post()
    async with line(desk) as wire:
        for cut in range(1, len(whole)):
            await wire.send(whole[:cut], whole[cut:])
            assert (await wire.answer()).status == 200
    assert desk.asked() == [SIGN] * (len(whole) - 1)
    assert long_way == []


async def test_a_request_may_come_byte_by_byte(desk: House) -> None:
    async with line(desk) as wire:
        await wire.send(*(bytes([byte]) for byte in post()))
        assert (await wire.answer()).status == 200
    assert desk.asked() == [SIGN]


@pytest.mark.parametrize("length", ["", "ten", "-1", "+5", "1e2", "0x10", "5, 5", "99999999999999999999", "9" * 400])
async def test_a_length_that_is_none_is_refused(desk: House, length: str) -> None:
    async with line(desk) as wire:
        await wire.send(post(length=length))
        assert (await wire.answer()).status == 400
        await wire.ended()
    assert desk.asked() == []


@pytest.mark.parametrize("fields", [["Content-Length: 1"], [f"Content-Length: {len(BODY)}"], ["Transfer-Encoding: chunked"]])
async def test_a_body_has_one_length(desk: House, fields: list[str]) -> None:
    """Two readers that believe different lengths would see different requests."""
    for request_ in (post(*fields), post(*fields).replace(b"Host: x", fields[0].encode(), 1), chunked(*fields)):
        async with line(desk) as wire:
            await wire.send(request_)
            assert (await wire.answer()).status == 400
            await wire.ended()
    assert desk.asked() == []


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_what_follows_a_body_is_the_next_request_and_garbage_is_refused(desk: House, request_: Any) -> None:
    async with line(desk) as wire:
        await wire.send(request_())
        assert (await wire.answer()).status == 200
        await wire.send(b"more of it")
        assert (await wire.answer()).status == 400
        assert await wire.ended() == b""
    async with line(desk) as wire:
        await wire.send(request_() + b"more of it")
        assert (await wire.answer()).status == 400
        await wire.ended()


async def test_a_head_that_is_too_large_is_refused(desk: House) -> None:
    filler = [f"X-Filler-{at}: {'a' * 1000}" for at in range(HEAD_BYTES // 1000 + 1)]
    async with line(desk) as wire:
        head = post(*filler, body=b"", length=str(len(BODY)))
        await wire.send(head[:20_000], head[20_000:-4])
        answer = await wire.answer()
        assert (answer.status, answer.body) == (400, b"The head of the request is too long.")
        await wire.ended()
    assert desk.asked() == []


@pytest.mark.parametrize("request_", [post(f"X-Filler: {'a' * 2000}", body=b""), GET[:-2] + b"X-Filler: " + b"a" * 2000 + b"\r\n\r\n"])
async def test_many_heads_on_a_connection_are_not_one_large_one(desk: House, request_: bytes) -> None:
    async with line(desk) as wire:
        for _ in range(HEAD_BYTES // len(request_) + 2):
            wire.writer.write(request_)
            assert (await wire.answer()).body.startswith(b"{")


@pytest.mark.parametrize("said", [post()[:30], b"\r\n"])
@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_the_next_head_has_its_time_too(desk: House, request_: Any, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.3)
    async with line(desk) as wire:
        await wire.send(request_())
        assert (await wire.answer()).status == 200
        await asyncio.sleep(0.5)  # nothing is due while nothing is said
        await wire.send(request_())
        assert (await wire.answer()).status == 200
        await wire.send(said)
        assert await wire.ended() == b""
    async with line(desk) as wire:
        await wire.send(request_() + post()[:30])
        assert (await wire.answer()).status == 200
        assert await wire.ended() == b""


async def test_a_body_may_take_longer_than_a_head(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.2)
    whole = post()
    async with line(desk) as wire:
        await wire.send(whole[:-20])
        await asyncio.sleep(0.4)
        await wire.send(whole[-20:])
        assert (await wire.answer()).status == 200


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_a_body_that_does_not_come_is_answered_408_and_may_still_come_then(desk: House, request_: Any) -> None:
    whole = request_()
    async with line(desk) as wire:
        await wire.send(whole[:-20])
        answer = await wire.answer()
        assert (answer.status, json.loads(answer.body)["errorCode"]) == (408, "request_timeout")
        await wire.send(whole[-20:] + request_())
        assert (await wire.answer()).status == 200
    assert len(desk.asked()) == 1


async def test_a_body_counts_while_it_comes(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    original = Budget.take

    def spied(self: Budget, size: int) -> None:
        taken.append(size)
        original(self, size)

    monkeypatch.setattr(Budget, "take", spied)
    whole = post()
    async with line(desk) as wire:
        await wire.send(whole[:-20])
        await asyncio.sleep(0.05)
        assert taken == [len(BODY) - 20]
        await wire.send(whole[-20:])
        assert (await wire.answer()).status == 200
    assert taken == [len(BODY) - 20, 20, len(BODY)]


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_what_is_no_error_of_a_request_ends_its_connection(desk: House, request_: Any, caplog: pytest.LogCaptureFixture) -> None:
    desk.office.error = asyncio.CancelledError()  # type: ignore[assignment]  # no Exception, which endpoints answer themselves
    async with line(desk) as wire:
        await wire.send(request_())
        answer = await wire.answer()
        assert (answer.status, answer.header("connection"), answer.body) == (500, "close", b"Internal Server Error")
        assert await wire.ended() == b""
    assert "CancelledError" in caplog.text


@pytest.mark.parametrize("request_", [SHORT, LONG])
async def test_connections_beyond_their_number_are_answered_503(request_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CONNECTIONS", 2)
    async with house() as desk, line(desk) as wire:
        await wire.send(request_())
        assert (await wire.answer()).status == 200
        async with line(desk) as another:
            await another.send(request_())
            assert (await another.answer()).status == 503
            await another.ended()
    assert len(desk.asked()) == 1
