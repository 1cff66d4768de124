"""Asking identity providers: the safe fetch of actions, towards the addresses that the operator configured and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

from votive.action.fetch import FetchFailed, FetchPolicy, FetchRefused, FetchRequest, SafeFetch
from votive.auth.methods import ANSWER_LIMIT, ProviderSilent
from votive.terms.version import VERSION

SECONDS = 5.0
"""For one question: whoever signs in waits for it."""
_LOCAL = frozenset({"127.0.0.1", "::1"})


class ProviderFetch:
    """Implements ``auth.methods.Fetch``. Redirects are refused: a provider's answer counts only at the address that was configured."""

    def __init__(self, urls: Iterable[str], seconds: float = SECONDS) -> None:
        """``urls`` may name this machine; everything else must resolve to public addresses."""
        self._fetch = SafeFetch(FetchPolicy(allow=tuple(_own(urls)), timeout_seconds=seconds))

    async def fetch(self, url: str, *, bearer: str | None = None, form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Return status and body; ProviderSilent names the host, never what was asked."""
        request = FetchRequest(
            url=url,
            method="GET" if form is None else "POST",
            headers=tuple(_headers(bearer, form)),
            redirect="error",
        )
        body = b"" if form is None else urlencode(form).encode()
        try:
            reply, answer = await self._fetch.fetch(request, body, most=ANSWER_LIMIT, count=lambda: None)
        except (FetchFailed, FetchRefused) as error:
            raise ProviderSilent(f"the identity provider {urlsplit(url).netloc} could not be asked: {error.message}") from error
        return reply.status, answer


def _headers(bearer: str | None, form: Mapping[str, str] | None) -> Iterable[tuple[str, str]]:
    yield "Accept", "application/json"
    yield "User-Agent", f"Votive/{VERSION}"
    if form is not None:
        yield "Content-Type", "application/x-www-form-urlencoded"
    if bearer is not None:
        yield "Authorization", f"Bearer {bearer}"


def _own(urls: Iterable[str]) -> Iterable[str]:
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname in _LOCAL:
            yield f"{parts.hostname}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"
