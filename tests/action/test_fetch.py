"""The node's fetch: what it sends, what it follows, what it stops."""

# ruff: noqa: E501  # a script is one line

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from votive.action import ActionTimedOut, FetchFailed, FetchPolicy, FetchRefused, LimitExceeded, Pool, SafeFetch, Warm
from votive.action.fetch import FetchRequest
from votive.terms.action import ActionLimits

from .conftest import AUTH, LIMITS

MOST = 10_000


class Site:
    """A server on this machine, and what it was asked."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        name = request.path.strip("/").split("/")[0] or "hello"
        return await getattr(self, name)(request)

    async def hello(self, request: web.Request) -> web.Response:
        return web.json_response({"method": request.method, "headers": list(map(list, request.headers.items()))}, headers={"X-A": "b"})

    async def to(self, request: web.Request) -> web.Response:
        return web.Response(status=int(request.query.get("status", "302")), headers={"Location": request.query["where"]})

    async def loop(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/loop"})

    async def cookie(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/hello", "Set-Cookie": "a=b"})

    async def long(self, request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["n"]))

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 4096)

    async def slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    async def zipped(self, request: web.Request) -> web.Response:
        n = int(request.query["n"])
        pack = {"gzip": gzip.compress, "deflate": zlib.compress}[request.query["as"]]
        return web.Response(body=pack(b"z" * n), headers={"Content-Encoding": request.query["as"]})

    async def brotli(self, request: web.Request) -> web.Response:
        return web.Response(body=b"?", headers={"Content-Encoding": "br"})

    async def missing(self, request: web.Request) -> web.Response:
        return web.Response(status=404, reason="Not Here", text="gone")

    async def nothing(self, request: web.Request) -> web.Response:
        return web.Response(status=204)


@asynccontextmanager
async def serving(host: str = "127.0.0.1", port: int = 0, site: Site | None = None) -> AsyncIterator[Site]:
    site = site or Site()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    tcp = web.TCPSite(runner, host, port)
    await tcp.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


def counting(most: int = 50) -> Callable[[], None]:
    used = 0

    def count() -> None:
        nonlocal used
        used += 1
        if used > most:
            raise LimitExceeded("fetches", most, "too often")

    return count


async def get(fetcher: SafeFetch, url: str, *, most: int = MOST, fetches: int = 50, body: bytes = b"", **rest):
    return await fetcher.fetch(FetchRequest(url=url, **rest), body, most=most, count=counting(fetches))


def opened(site: Site, **policy) -> SafeFetch:
    return SafeFetch(FetchPolicy(allow=(site.target,), **policy))


async def test_what_is_not_opened_by_name_is_never_reached(site):
    with pytest.raises(FetchRefused, match="not public"):
        await get(SafeFetch(), site.url())
    assert site.seen == []


async def test_an_opened_target_answers(site):
    reply, body = await get(opened(site), site.url("/hello?x=%2F#part"))
    assert (reply.status, reply.status_text, reply.redirected) == (200, "OK", False)
    assert reply.url == site.url("/hello?x=%2F")
    assert ("X-A", "b") in reply.headers
    assert json.loads(body)["method"] == "GET"
    assert site.seen[0].raw_path == "/hello?x=%2F"


async def test_method_headers_and_body_arrive_but_not_those_of_the_connection(site):
    given = (
        ("X-Mine", "1"),
        ("Host", "evil"),
        ("TE", "trailers"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
    )
    _, body = await get(opened(site), site.url(), method="PUT", headers=given, body=b"content")
    headers = {name.lower(): value for name, value in json.loads(body)["headers"]}
    assert headers["x-mine"] == "1"
    assert headers["host"] == site.target
    assert headers["content-length"] == "7"
    assert not {"te", "expect", "transfer-encoding"} & set(headers)
    assert site.bodies == [b"content"]


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT"), (302, "PUT", "PUT")],
)
async def test_a_redirect_changes_the_method_as_the_standard_says(site, status, method, becomes):
    reply, _ = await get(opened(site), site.url(f"/to?status={status}&where=/hello"), method=method, body=b"b")
    assert reply.redirected
    assert reply.url == site.url("/hello")
    assert site.seen[1].method == becomes
    assert site.bodies[1] == (b"" if becomes == "GET" else b"b")


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.2:{port}/",
        "http://localhost:1/",
        "file:///etc/passwd",
        "http://a:b@127.0.0.1:{port}/",
        "//169.254.169.254/",
        "ftp://x/",
        "http://[",
    ],
)
async def test_every_redirect_is_vetted_like_the_first_request(site, where):
    async with serving("127.0.0.2", site.port) as canary:
        with pytest.raises(FetchRefused):
            await get(opened(site), site.url("/to?where=" + where.format(port=site.port)))
        assert len(site.seen) == 1
        assert canary.seen == []


async def test_every_redirect_counts_as_a_fetch(site):
    with pytest.raises(LimitExceeded, match="fetches is 7"):
        await get(opened(site), site.url("/loop"), fetches=7)
    assert len(site.seen) == 7


async def test_a_redirect_can_be_looked_at_or_forbidden(site):
    reply, _ = await get(opened(site), site.url("/loop"), redirect="manual")
    assert (reply.status, dict(reply.headers)["Location"]) == (302, "/loop")
    with pytest.raises(FetchRefused, match="told to take none"):
        await get(opened(site), site.url("/loop"), redirect="error")


async def test_credentials_stay_with_their_origin(site):
    async with serving() as other:
        fetcher = SafeFetch(FetchPolicy(allow=(site.target, other.target)))
        headers = (("Authorization", "secret"), ("Cookie", "c"), ("X-Kept", "1"))
        await get(fetcher, site.url("/to?where=" + other.url()), headers=headers)
        assert site.seen[0].headers["Authorization"] == "secret"
        assert "Authorization" not in other.seen[0].headers
        assert "Cookie" not in other.seen[0].headers
        assert other.seen[0].headers["X-Kept"] == "1"


async def test_no_cookie_is_kept(site):
    await get(opened(site), site.url("/cookie"))
    assert "Cookie" not in site.seen[1].headers


async def test_no_proxy_of_the_environment_is_used(site, monkeypatch):
    async with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        await get(opened(site), site.url())
        assert proxy.seen == []


async def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(site):
    assert len((await get(opened(site), site.url(f"/long?n={MOST}")))[1]) == MOST
    with pytest.raises(FetchRefused, match="fetch_bytes"):
        await get(opened(site), site.url(f"/long?n={MOST + 1}"))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_body_is_unpacked_and_counted_after_it_is(site, encoding):
    reply, body = await get(opened(site), site.url(f"/zipped?as={encoding}&n={MOST}"))
    assert body == b"z" * MOST
    assert "content-encoding" not in {name.lower() for name, _ in reply.headers}
    with pytest.raises(FetchRefused, match="fetch_bytes"):
        await get(opened(site), site.url(f"/zipped?as={encoding}&n={50_000_000}"))


async def test_an_encoding_nobody_asked_for_is_refused(site):
    with pytest.raises(FetchFailed, match="br"):
        await get(opened(site), site.url("/brotli"))


async def test_an_endless_body_is_cut_by_its_length(site):
    with pytest.raises(FetchRefused, match="fetch_bytes"):
        await get(opened(site), site.url("/endless"))


async def test_one_clock_runs_over_a_slow_answer(site):
    with pytest.raises(FetchFailed, match=r"longer than 0\.3 s"):
        await get(opened(site, timeout_seconds=0.3), site.url("/slow"))


async def test_a_host_is_resolved_once_and_connected_to_where_it_was_checked(site):
    """A resolver that answers differently a second time (DNS rebinding) has no second time."""
    asked: list[str] = []

    async def flips(host: str, port: int) -> tuple[str, ...]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else ("127.0.0.2",)

    async with serving("127.0.0.2", site.port) as canary:
        fetcher = SafeFetch(FetchPolicy(allow=(site.target,)), resolve=flips)
        reply, _ = await get(fetcher, site.url("/hello", host="rebind.example"))
        assert reply.status == 200
        assert site.seen[0].headers["Host"] == f"rebind.example:{site.port}"
        with pytest.raises(FetchRefused, match=r"127\.0\.0\.2"):
            await get(fetcher, site.url("/hello", host="rebind.example"))
        assert canary.seen == []
    assert asked == ["rebind.example"] * 2


async def test_one_address_that_is_not_public_spoils_them_all(site):
    async def mixed(host: str, port: int) -> tuple[str, ...]:
        return ("127.0.0.1", "10.0.0.1")

    with pytest.raises(FetchRefused, match=r"10\.0\.0\.1"):
        await get(SafeFetch(FetchPolicy(allow=(site.target,)), resolve=mixed), site.url(host="mixed.example"))
    assert site.seen == []


async def test_a_host_that_cannot_be_looked_up_is_named():
    async def unknown(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(FetchFailed, match=r"^The fetch from nowhere\.example failed: Name or service not known\.$"):
        await get(SafeFetch(resolve=unknown), "http://nowhere.example/secret")


async def test_a_host_without_address_is_the_worlds_failure():
    async def nowhere(host: str, port: int) -> tuple[str, ...]:
        return ()

    with pytest.raises(FetchFailed, match="no address"):
        await get(SafeFetch(resolve=nowhere), "http://nowhere.example/")


@pytest.mark.parametrize("port", [1, 22, 25, 53, 445, 139, 6667, 5060, 2049])
async def test_ports_of_other_protocols_are_closed(port):
    async def public(host: str, port: int) -> tuple[str, ...]:
        return ("8.8.8.8",)

    with pytest.raises(FetchRefused, match=f"Port {port} "):
        await get(SafeFetch(resolve=public), f"http://any.example:{port}/")


@pytest.mark.parametrize("method", ["CONNECT", "trace", "TRACK", "GET /x", "", "G\r\nET"])
async def test_methods_that_are_no_plain_requests_are_refused(site, method):
    with pytest.raises(FetchRefused, match="method"):
        await get(opened(site), site.url(), method=method)


@pytest.mark.parametrize("header", [("X\r\nY", "1"), ("X", "1\r\nY: 2"), ("X", "\0"), ("", "1"), ("X", "😀")])
async def test_headers_cannot_carry_another_request(site, header):
    with pytest.raises(FetchRefused, match="header"):
        await get(opened(site), site.url(), headers=(header,))
    assert site.seen == []


async def raw(answer: bytes):
    """Serve one connection with these very bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["closed", "cut short", "no http", "odd status", "no gzip", "long header"],
)
async def test_a_broken_answer_is_the_worlds_failure(answer):
    server, target = await raw(answer)
    async with server:
        with pytest.raises(FetchFailed):
            await get(SafeFetch(FetchPolicy(allow=(target,), timeout_seconds=3)), f"http://{target}/")


async def test_header_bytes_come_as_they_are():
    server, target = await raw(b"HTTP/1.1 200 \xff\r\nX-Odd: \xe4\xff\r\nContent-Length: 0\r\n\r\n")
    async with server:
        reply, _ = await get(SafeFetch(FetchPolicy(allow=(target,))), f"http://{target}/")
    assert ("X-Odd", "äÿ") in reply.headers
    assert reply.status_text == "ÿ"


@pytest.fixture
async def run(site, host):
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0), fetch=FetchPolicy(allow=(site.target,), timeout_seconds=5)) as pool:

        async def evaluate(expression: str, limits: ActionLimits | None = None) -> str:
            source = f"(async () => {{ Lit.Actions.setResponse({{response: String(await ({expression}))}}); }})()"
            return (await pool.run(source.encode(), {"url": site.url()}, AUTH, host, limits)).response

        yield evaluate


async def test_an_action_gets_a_response_like_any_other(run, site):
    source = "(async () => { const r = await fetch(url + 'missing'); return [r.ok, r.status, r.statusText, r.url, r instanceof Response, r.headers.get('content-type'), await r.text()]; })()"
    assert await run(source) == f"false,404,Not Here,{site.url('/missing')},true,text/plain; charset=utf-8,gone"
    assert await run("fetch(url).then((r) => r.json()).then((j) => j.method)") == "GET"
    assert await run("fetch(url + 'long?n=3').then((r) => r.arrayBuffer()).then((b) => new Uint8Array(b))") == "120,120,120"
    assert await run("fetch(url + 'nothing').then(async (r) => [r.status, (await r.text()).length])") == "204,0"
    assert await run("fetch(url + 'to?where=/hello').then((r) => [r.redirected, r.url])") == f"true,{site.url('/hello')}"


async def test_an_action_sends_what_the_fetch_standard_can_express(run, site):
    await run("fetch(new Request(url, {method: 'POST', body: new URLSearchParams({a: 'b c'})}))")
    assert site.bodies[-1] == b"a=b+c"
    assert site.seen[-1].headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    await run("fetch(url, {method: 'PUT', headers: {'X-A': 'b'}, body: new Uint8Array([0, 255])})")
    assert (site.bodies[-1], site.seen[-1].headers["X-A"], site.seen[-1].method) == (b"\x00\xff", "b", "PUT")


async def test_a_refused_fetch_says_why_and_can_be_caught(run, site):
    assert await run("fetch('http://10.0.0.1/').catch((e) => e.errorCode)") == "NodeFetchRefused"
    with pytest.raises(FetchRefused, match="not public"):
        await run("fetch('http://10.0.0.1/')")


async def test_an_action_may_give_a_fetch_up_and_then_the_node_does_too(run):
    started = time.monotonic()
    assert await run("fetch(url + 'slow', {signal: AbortSignal.timeout(50)}).catch((e) => e.name)") == "TimeoutError"
    assert time.monotonic() - started < 4
    assert await run("fetch(url, {signal: AbortSignal.abort('why')}).catch((e) => e)") == "why"


async def test_fetches_of_an_action_are_counted_with_their_redirects(run, site):
    with pytest.raises(LimitExceeded, match="fetches is 3"):
        await run("(async () => { for (;;) await fetch(url + 'to?where=/hello'); })()", ActionLimits(fetches=3))
    assert len(site.seen) == 3


async def test_fetches_run_side_by_side(run, site):
    assert await run("Promise.all(Array.from({length: 10}, () => fetch(url).then((r) => r.status)))") == ",".join(["200"] * 10)


async def test_a_large_body_passes_through_the_pipe(run):
    limits = ActionLimits(fetch_bytes=8_000_000)
    assert await run("fetch(url + 'long?n=8000000').then((r) => r.arrayBuffer()).then((b) => b.byteLength)", limits) == "8000000"


async def test_a_fetch_ends_with_its_run(run):
    with pytest.raises(ActionTimedOut):
        await run("fetch(url + 'slow')", ActionLimits(time_seconds=0.5))
