"""HTTP to an endpoint: what counts as a reply, when a connection is used again, and that nothing is waited for in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from votive.chain import line
from votive.chain.line import ExchangeFailed, Line, ReplyTooLarge

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Host:
    """An endpoint that answers with given bytes, and counts connections."""

    def __init__(self, *replies: bytes, hang_up: bool = False, pauses: Sequence[float] = ()) -> None:
        self.replies, self.hang_up, self.pauses = list(replies), hang_up, list(pauses)
        self.connections = 0
        self.heads: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.replies:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await reader.readexactly(2)
                reply = self.replies.pop(0)
                if self.pauses:
                    await asyncio.sleep(self.pauses.pop(0))
                writer.write(reply)
                await writer.drain()
                if self.hang_up:
                    return
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def at(host: Host, where: str = "/", timeout: float = 5.0) -> AsyncIterator[Line]:
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    to_host = Line(f"http://127.0.0.1:{host.port}{where}", timeout)
    try:
        yield to_host
    finally:
        await to_host.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)


def ok(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)


async def test_a_connection_is_used_again() -> None:
    host = Host(ok(b"[1]"), ok(b"[2]"))
    async with at(host) as to_host:
        assert [await to_host.post(b"{}"), await to_host.post(b"{}")] == [(200, b"[1]"), (200, b"[2]")]
    assert host.connections == 1


async def test_posts_at_a_time_have_a_connection_each() -> None:
    host = Host(ok(b"[1]"), ok(b"[2]"))
    async with at(host) as to_host:
        assert sorted(await asyncio.gather(to_host.post(b"{}"), to_host.post(b"{}"))) == [(200, b"[1]"), (200, b"[2]")]
    assert host.connections == 2


async def test_chunks_are_joined() -> None:
    async with at(Host(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n")) as to_host:
        assert await to_host.post(b"{}") == (200, b"[1]")


async def test_the_end_of_the_connection_ends_a_reply_of_no_stated_length() -> None:
    async with at(Host(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[1]", hang_up=True)) as to_host:
        assert await to_host.post(b"{}") == (200, b"[1]")


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    host = Host(ok(b"[1]", b"Connection: close\r\n"), ok(b"[2]"))
    async with at(host) as to_host:
        await to_host.post(b"{}")
        assert await to_host.post(b"{}") == (200, b"[2]")
    assert host.connections == 2


async def test_an_idle_connection_is_not_trusted_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "IDLE_SECONDS", 0.0)
    host = Host(ok(b"[1]"), ok(b"[2]"))
    async with at(host) as to_host:
        await to_host.post(b"{}")
        await to_host.post(b"{}")
    assert host.connections == 2


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1]", "broke"),
        (b"", "broke"),
        (b"SSH-2.0-OpenSSH_9.7\r\n", "no HTTP"),
        (b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "redirects"),
    ],
)
async def test_what_is_no_whole_reply_is_a_failure(reply: bytes, why: str) -> None:
    async with at(Host(reply, hang_up=True)) as to_host:
        with pytest.raises(ExchangeFailed, match=why):
            await to_host.post(b"{}")


async def test_a_reply_beyond_the_limit_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "MAX_REPLY", 8)
    async with at(Host(ok(b"[123456789]"))) as to_host:
        with pytest.raises(ExchangeFailed, match="more than 8 bytes"):
            await to_host.post(b"{}")


@pytest.mark.parametrize(
    "reply",
    [
        ok(b"[123456789]"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\n12345\r\n" * 2,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[123456789",
    ],
)
async def test_a_question_may_allow_less_and_the_reply_is_dropped_before_it_is_whole(reply: bytes) -> None:
    async with at(Host(reply)) as to_host:
        with pytest.raises(ExchangeFailed, match=r"more than 8 bytes|no HTTP"):
            await to_host.post(b"{}", limit=8)


async def test_a_reply_that_says_how_large_it_is_is_refused_before_it_comes() -> None:
    async with at(Host(b"HTTP/1.1 200 OK\r\ncOnTent-lEngth: 9\r\n\r\n")) as to_host:
        with pytest.raises(ReplyTooLarge):
            await to_host.post(b"{}", limit=8)


async def test_a_head_has_an_end() -> None:
    for endless in (b"".join(b"X-%d: 1\r\n" % place for place in range(10_000)), b"X: 1\r\n" * 20_000, b"X: " + b"1" * 100_000):
        async with at(Host(b"HTTP/1.1 200 OK\r\n" + endless)) as to_host:
            with pytest.raises(ExchangeFailed, match="head"):
                await to_host.post(b"{}")


async def test_trailers_have_an_end() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n"
    async with at(Host(chunked + b"X: 1\r\n" * 50_000)) as to_host:
        with pytest.raises(ExchangeFailed, match="head"):
            await to_host.post(b"{}")


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", ok(b"[0]"), b"HTTP/1.1 200 OK\r\n", b"H"])
async def test_what_comes_behind_a_reply_answers_nothing(rest: bytes) -> None:
    """The next question has a connection of its own, and its own answer; the whole is over in time."""
    host = Host(ok(b"[1]") + rest, ok(b"[2]"), ok(b"[3]"))
    async with at(host, timeout=1.0) as to_host, asyncio.timeout(3):
        assert await to_host.post(b"{}") == (200, b"[1]")
        assert await to_host.post(b"{}") == (200, b"[2]")
    assert host.connections == 2


async def test_an_announcement_of_a_reply_is_none() -> None:
    async with at(Host(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"[1]"))) as to_host:
        with pytest.raises(ExchangeFailed, match="announces"):
            await to_host.post(b"{}")


async def test_a_reply_of_exactly_the_limit_is_taken() -> None:
    async with at(Host(ok(b"[123456]"))) as to_host:
        assert await to_host.post(b"{}", limit=8) == (200, b"[123456]")


async def test_an_answer_that_comes_after_its_question_was_given_up_answers_no_other() -> None:
    host = Host(b"", ok(b"[late]"), ok(b"[2]"))
    async with at(host) as to_host:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await to_host.post(b"{}")
        host.replies.pop(0)
        assert await to_host.post(b"{}") == (200, b"[2]")
    assert host.connections == 2


async def test_a_late_answer_on_a_kept_connection_answers_no_other() -> None:
    """The second answer comes while the third is waited for."""
    host = Host(ok(b"[1]"), ok(b"[late]"), ok(b"[3]"), pauses=(0, 0.4, 0.2))
    async with at(host, timeout=0.3) as to_host:
        assert await to_host.post(b"{}") == (200, b"[1]")
        assert host.connections == 1
        with pytest.raises(TimeoutError):
            await to_host.post(b"{}")
        assert await to_host.post(b"{}") == (200, b"[3]")
    assert host.connections == 2


async def test_what_the_url_says_stands_in_the_head() -> None:
    host = Host(ok(b"[1]"))
    async with at(host, "/v3/a b?key=1") as to_host:
        await to_host.post(b"{}")
    assert host.heads[0].startswith(f"POST /v3/a%20b?key=1 HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\n".encode())


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:8545", "http://", ""])
def test_only_http_addresses_are_taken(url: str) -> None:
    with pytest.raises(ValueError, match="no address of an HTTP endpoint"):
        Line(url, 1.0)
