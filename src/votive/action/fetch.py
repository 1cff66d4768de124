"""The node fetches for an action, because the sandbox cannot.

The addresses of a host are looked up once and all of them must be public; the connection goes to one of those addresses and
nowhere else; every redirect is a new request under the same rules, and counts as one. No cookies, no proxy from the environment,
one time limit over everything, one limit on bytes before and after decompression.
"""

from __future__ import annotations

import asyncio
import re
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from votive.action.addresses import Address, Loopback, is_public, parse_address
from votive.terms.errors import CallerError, ErrorCode, VotiveError, WorldError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → numeric addresses."""

LONGEST_URL = 16 * 1024
_SHOWN_HOST = 253
"""As long as a name in the DNS can be."""
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_FIELD = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,16384}")
_WRITTEN_URL = re.compile(r"[\x21-\x7e]+")
_FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
_STRIPPED = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te", "trailer"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection", "transfer-encoding", "upgrade", "via"),
    )
)
_PRIVATE_TO_ORIGIN = frozenset({"authorization", "cookie"})
_OF_THE_BODY = frozenset({"content-type", "content-language", "content-location"})
_NOT_FORWARDED = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})
_OURS = (("Accept-Encoding", "gzip, deflate"),)
_OPEN_LOW_PORTS = frozenset({80, 443})
_CLOSED_HIGH_PORTS = frozenset(
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080)
)
"""Ports of other protocols that HTTP can be made to speak (WHATWG Fetch, "port blocking")."""


class FetchRefused(CallerError):
    """The node does not fetch this: scheme, address, port, header or size."""

    code = ErrorCode.FETCH_REFUSED


class FetchFailed(WorldError):
    """The other end did not answer as it should."""

    code = ErrorCode.FETCH_FAILED


class FetchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a node's operator decides about fetches."""

    allow: tuple[str, ...] = ()
    """Loopback targets with port that a development network opens, such as ``127.0.0.1:8545``."""
    timeout_seconds: float = 15.0
    """For one fetch with its redirects, look-ups and body."""


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the action asked for."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    redirect: str = "follow"


class FetchReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came back; the body travels beside it."""

    status: int
    status_text: str
    headers: tuple[tuple[str, str], ...]
    url: str
    redirected: bool


class _Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a chain of redirects."""

    url: URL
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Look a host up as the machine does, without blocking the event loop."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(str(entry[4][0]) for entry in found)


class SafeFetch:
    """Fetches under the rules above. One object serves all runs; it keeps no connection and no cookie."""

    def __init__(self, policy: FetchPolicy | None = None, *, resolve: Resolve = resolve_by_system) -> None:
        self._policy = policy or FetchPolicy()
        self._loopback = Loopback(self._policy.allow)
        self._resolve = resolve

    async def fetch(self, request: FetchRequest, body: bytes, *, most: int, count: Callable[[], None]) -> tuple[FetchReply, bytes]:
        """Fetch, following redirects if asked to.

        ``count`` is called once for each request that is about to be sent, and raises when there were too many; ``most`` is
        the greatest length of the body. Raises FetchRefused and FetchFailed.
        """
        try:
            async with asyncio.timeout(self._policy.timeout_seconds):
                return await self._follow(request, body, most, count)
        except TimeoutError:
            raise FetchFailed(f"The fetch took longer than {self._policy.timeout_seconds:g} s and was given up.") from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise FetchFailed(f"The fetch failed: {_reason(error)}.") from error

    async def _follow(self, request: FetchRequest, body: bytes, most: int, count: Callable[[], None]) -> tuple[FetchReply, bytes]:
        hop = _Hop(url=_url(request.url), method=_method(request.method), headers=_headers(request.headers), body=body)
        redirected = False
        while True:
            count()
            reply, content, location = await self._answered(hop, most)
            if location is None or request.redirect == "manual":
                return msgspec.structs.replace(reply, redirected=redirected), content
            if request.redirect != "follow":
                raise FetchRefused("The answer is a redirect, and the fetch was told to take none.")
            hop, redirected = _redirect(hop, reply.status, location), True

    async def _answered(self, hop: _Hop, most: int) -> tuple[FetchReply, bytes, str | None]:
        try:
            return await self._send(hop, most)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise FetchFailed(f"The fetch from {(hop.url.host or '')[:_SHOWN_HOST]} failed: {_reason(error)}.") from error

    async def _send(self, hop: _Hop, most: int) -> tuple[FetchReply, bytes, str | None]:
        addresses = await self._addresses(hop.url)
        connector = aiohttp.TCPConnector(resolver=_Pinned(addresses), use_dns_cache=False, force_close=True, limit=1)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                requote_redirect_url=False,
            ) as session,
            session.request(
                hop.method,
                hop.url,
                headers=[*hop.headers, *_OURS],
                data=hop.body or None,
                skip_auto_headers=("User-Agent",),
                allow_redirects=False,
            ) as response,
        ):
            return await _answer(response, hop, most)

    async def _addresses(self, url: URL) -> tuple[Address, ...]:
        host, port = url.host or "", url.port or 0
        addresses = tuple(parse_address(text) for text in await self._resolve(host, port))
        if not addresses:
            raise FetchFailed(f"The host {host} has no address.")
        for address in addresses:
            self._check(host, address, port)
        return addresses

    def _check(self, host: str, address: Address, port: int) -> None:
        if self._loopback.allows(address, port):
            return
        if not is_public(address):
            raise FetchRefused(f"The host {host} has the address {address}, which is not public. Actions reach public addresses only.")
        if (port < 1024 and port not in _OPEN_LOW_PORTS) or port in _CLOSED_HIGH_PORTS:
            raise FetchRefused(f"Port {port} is not open to actions. Open are 80, 443 and those from 1024 that are no other protocol's.")


class _Pinned(AbstractResolver):
    """Answers every look-up with the addresses that were checked."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._addresses = tuple(addresses)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """Return the checked addresses, whatever is asked."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                proto=0,
                flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _url(text: str) -> URL:
    if len(text) > LONGEST_URL:
        raise FetchRefused(f"The URL has {len(text)} characters; the limit is {LONGEST_URL}.")
    if not _WRITTEN_URL.fullmatch(text):
        raise FetchRefused("The URL has characters in it that a URL cannot have.")
    try:
        url = URL(text, encoded=True)
        host, port = url.host, url.port
    except ValueError as error:
        raise FetchRefused(f"The URL cannot be read: {error}.") from error
    if url.scheme not in ("http", "https"):
        raise FetchRefused(f"The scheme {url.scheme!r} is not open to actions; http and https are.")
    if url.user is not None or url.password is not None:
        raise FetchRefused("A URL with a user name or password in it is refused; send an Authorization header.")
    if not host or port is None:
        raise FetchRefused("The URL names no host.")
    return url.with_fragment(None)


def _method(text: str) -> str:
    if not _TOKEN.fullmatch(text) or text.upper() in _FORBIDDEN_METHODS:
        raise FetchRefused(f"The method {text[:32]!r} is not open to actions.")
    return text


def _headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    kept = tuple((name, value) for name, value in headers if name.lower() not in _STRIPPED)
    for name, value in kept:
        if not _TOKEN.fullmatch(name) or not _FIELD.fullmatch(value):
            raise FetchRefused(f"The header {name[:64]!r} has a name or a value that HTTP does not know.")
    return kept


def _redirect(hop: _Hop, status: int, location: str) -> _Hop:
    """Make the next request as the Fetch standard has it ("HTTP-redirect fetch")."""
    url = _url(str(hop.url.join(_relative(location))))
    headers = hop.headers if url.origin() == hop.url.origin() else _without(hop.headers, _PRIVATE_TO_ORIGIN)
    becomes_get = (status in (301, 302) and hop.method == "POST") or (status == 303 and hop.method not in ("GET", "HEAD"))
    if becomes_get:
        return _Hop(url=url, method="GET", headers=_without(headers, _OF_THE_BODY), body=b"")
    return _Hop(url=url, method=hop.method, headers=headers, body=hop.body)


def _relative(location: str) -> URL:
    try:
        return URL(location)
    except ValueError as error:
        raise FetchRefused(f"A redirect leads to what is no URL: {error}.") from error


def _without(headers: tuple[tuple[str, str], ...], names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in headers if name.lower() not in names)


async def _answer(response: aiohttp.ClientResponse, hop: _Hop, most: int) -> tuple[FetchReply, bytes, str | None]:
    if not 200 <= response.status <= 599:
        raise FetchFailed(f"The answer has the status {response.status}, which no final answer has.")
    location = response.headers.get("Location") if response.status in _REDIRECTS else None
    content = await _content(response, most)
    reply = FetchReply(
        status=response.status,
        status_text=(response.reason or "").encode("utf-8", "surrogateescape").decode("latin-1"),
        headers=tuple((name, value) for name, value in map(_as_text, response.raw_headers) if name.lower() not in _NOT_FORWARDED),
        url=str(hop.url),
        redirected=False,
    )
    return reply, content, location


def _as_text(header: tuple[bytes, bytes]) -> tuple[str, str]:
    """Decode a header byte by byte, as the Fetch standard does ("isomorphic decode")."""
    return header[0].decode("latin-1"), header[1].decode("latin-1")


async def _content(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read and decompress a body of at most ``most`` bytes on the wire and after; both are counted as they come."""
    decode = _decoder(response.headers.get("Content-Encoding", ""))
    content, received = bytearray(), 0
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += len(chunk)
        content += decode(chunk, most + 1 - len(content))
        if received > most or len(content) > most:
            raise _too_long(most)
    return bytes(content)


def _too_long(most: int) -> FetchRefused:
    return FetchRefused(
        f"The answer is longer than {most} bytes, the limit fetch_bytes.", details=({"limit": "fetch_bytes", "value": most},)
    )


def _decoder(encoding: str) -> Callable[[bytes, int], bytes]:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return lambda chunk, _: chunk
    if name in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
    raise FetchFailed(f"The answer is encoded as {name[:32]!r}, which was not asked for.")


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host} port {error.port}"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    return str(error) or type(error).__name__


def as_refusal(error: VotiveError) -> dict[str, Any]:
    """Return what JavaScript sees of an error."""
    return {"message": error.message, "errorCode": str(error.code), "details": error.details}
