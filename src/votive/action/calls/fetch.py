"""The global ``fetch``: the node makes the request; see ``votive.action.fetch`` for what it refuses."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run
from votive.action.fetch import FetchRequest


class Fetch(Arguments, frozen=True, kw_only=True):
    """A request as ``new Request(input, init)`` reads it; its body is the call's payload."""

    url: str
    method: str
    headers: tuple[tuple[str, str], ...]
    redirect: str


async def _handle(run: Run, args: Fetch, payload: bytes) -> Reply:
    request = FetchRequest(url=args.url, method=args.method, headers=args.headers, redirect=args.redirect)
    return await run.fetcher.fetch(request, payload, most=run.limits.fetch_bytes, count=lambda: run.count("fetches", _TOO_MANY))


_TOO_MANY = "The action fetched too often (every redirect counts)"
CAPABILITY = Capability("fetch", Fetch, None, "", _handle)
