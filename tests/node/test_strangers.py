"""What anybody may send to a node's public port: it costs the node little, whatever it is."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest
from coincurve import PrivateKey
from tests.node.test_api import Desk, desk

from votive.node.api.body import MAX_COMMAS, MAX_VALUES, Budget, parse, read_json
from votive.node.api.connection import HEAD_BYTES, Connection
from votive.node.approval import parse_public_key
from votive.terms.errors import CallerError

__all__ = ["desk"]  # the fixture

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(desk: Desk) -> Streams:
    return await asyncio.open_connection("127.0.0.1", int(desk.url.rpartition(":")[2]))


async def until_hung_up(streams: Streams) -> bytes:
    """Return what still came before the node hung up."""
    reader, writer = streams
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def flood(streams: Streams, piece: bytes, most: int) -> int:
    """Send ``piece`` until the node hangs up; return how many bytes it took."""
    _, writer = streams
    sent = 0
    try:
        while sent < most and not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /health HTTP/1.1\r\n", b"X-Filler: " + b"a" * 100 + b"\r\n"),
        (b"GET /health HTTP/1.1\r\nX-Filler: ", b"a" * 1000),
        (b"GET /", b"a" * 1000),
        (b"", b"\r\n" * 500),
        (b"POST /web/execute HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: " + b"a" * 100 + b"\r\n"),
        (b"POST /web/execute HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ", b"a" * 1000),
    ],
)
async def test_a_head_that_never_ends_is_hung_up_on(desk: Desk, begin: bytes, piece: bytes) -> None:
    streams = await connect(desk)
    streams[1].write(begin)
    most = 64 * 1024 * 1024
    assert await flood(streams, piece, most) < most
    await until_hung_up(streams)


async def test_a_head_within_the_limit_is_read(desk: Desk) -> None:
    reader, writer = await connect(desk)
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: " + b"a" * (HEAD_BYTES - 1000) + b"\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"POST /web/execute HTTP/1.1\r\nHost: x\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\n"],
)
async def test_a_connection_that_does_not_finish_its_head_is_not_kept(desk: Desk, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.3)
    streams = await connect(desk)
    streams[1].write(said)
    await until_hung_up(streams)  # raises TimeoutError if it is kept


async def test_a_request_that_takes_longer_than_a_head_is_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.2)
    desk.office.slow = 0.6
    for _ in range(2):  # on one connection
        status, _ = await desk.post("/web/execute", {"code": "eA=="})
        assert status == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"\\ud800": 1, "\\ud800": 2}',
        b'{"toSign": [1], "pubkey": "a", "\\ud800": 1}',
        json.dumps({"toSign": [0] * 32, "pubkey": "a", "authSig": "\ud800"}).encode(),
        b'{"toSign": ["\\udfff"], "pubkey": "a"}',
    ],
)
@pytest.mark.parametrize("path", ["/web/pkp/sign", "/web/execute", "/web/handshake"])
async def test_half_a_surrogate_pair_is_the_callers_mistake(desk: Desk, path: str, body: bytes) -> None:
    status, answer = await desk.post(path, body)
    assert (status, answer["errorCode"]) == (400, "NodeBadInput")
    assert desk.office.asked == []


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[' + b",".join([b"{}"] * (MAX_VALUES + 1)) + b"]}",
        b'{"a":{"b":[' + b",".join([b"1"] * MAX_VALUES) + b"]}}",
        b"{" + b",".join(b'"%d":1' % number for number in range(MAX_VALUES + 1)) + b"}",
        b'{"a":[' + b"," * (MAX_COMMAS + 1),
    ],
)
def test_a_body_of_too_many_values_is_refused(body: bytes) -> None:
    with pytest.raises(CallerError, match="values"):
        parse(body)


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[" * 500_000 + b"]" * 500_000])
def test_brackets_without_end_are_refused_even_if_a_library_raised_the_recursion_limit(body: bytes) -> None:
    """In another process: what this guards against ends it."""
    program = (
        "import sys; sys.setrecursionlimit(100_000)\n"
        "from votive.node.api.body import parse\n"
        "from votive.terms.errors import CallerError\n"
        "try: parse(sys.stdin.buffer.read())\n"
        "except CallerError as error: print(error.message)"
    )
    ended = subprocess.run([sys.executable, "-c", program], input=body, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"deep" in ended.stdout


def test_a_long_text_is_one_value() -> None:
    text = "1,2,3\n" * 100_000
    assert parse(json.dumps({"a": text}).encode()) == {"a": text}


async def test_a_body_counts_until_it_is_parsed() -> None:
    budget = Budget(100)
    seen: list[bool] = []

    async def chunks() -> object:  # type: ignore[misc]  # an async generator
        yield b'{"a": 1}'

    def spy(size: int) -> None:
        seen.append(size == 8)
        Budget.take(budget, size)

    budget.take = spy  # type: ignore[method-assign]
    assert await read_json(chunks(), None, 100, budget) == {"a": 1}  # type: ignore[arg-type]
    assert seen == [True, True]
    Budget.take(budget, 100)  # all of it was given back


async def test_malformed_requests_fill_no_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(20):
        streams = await connect(desk)
        streams[1].write(b"NOT HTTP\r\n\r\n")
        assert (await until_hung_up(streams)).startswith(b"HTTP/1.1 400")
    assert caplog.text == ""


KEY = PrivateKey(b"\x01" * 32).public_key


@pytest.mark.parametrize("text", [KEY.format(compressed=False).hex(), "0X" + KEY.format().hex(), "0x" + KEY.format().hex().upper()])
def test_a_public_key_has_several_ways_to_be_written(text: str) -> None:
    assert parse_public_key(text, "pubkey") == KEY.format()


@pytest.mark.parametrize("prefix", ["06", "07", "0x0x04", " 04", "04 ", "00", "05"])
def test_a_public_key_in_another_form_is_refused(prefix: str) -> None:
    with pytest.raises(CallerError, match="secp256k1"):
        parse_public_key(prefix + KEY.format(compressed=False).hex()[2:], "pubkey")
