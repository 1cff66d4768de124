"""The signing keys of an identity provider (RFC 7517), fetched seldom and kept.

A token names its key (``kid``), and anybody can write a token. So an unknown name is a reason to fetch again only once in
``REFRESH_SECONDS``, however many are presented; all who wait share one fetch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from votive.auth.methods.errors import InvalidAuthMethod, ProviderSilent
from votive.auth.methods.fetch import Fetch

REFRESH_SECONDS = 60.0
"""The least time between two fetches of one key set, whatever made them."""
LIFE_SECONDS = 3600.0
"""A key set older than this is fetched again when it is next needed: a key that its owner withdrew goes."""
LAST_SECONDS = 86_400.0
"""So long an old key set serves while its provider does not answer."""
MAX_KEYS = 64

_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_PUBLIC = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})


class _Set(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class KeySet:
    """The keys at one URL."""

    def __init__(self, url: str, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds that only grow."""
        self._url, self._fetch, self._clock = url, fetch, clock
        self._keys: tuple[Mapping[str, Any], ...] = ()
        self._built: dict[tuple[str | None, str], PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, kid: str | None, algorithm: str) -> PyJWK:
        """Return the key named ``kid``, or the only key if a token names none, for ``algorithm``.

        Raises:
            InvalidAuthMethod: the provider has no such key, or it is for another algorithm.
            ProviderSilent: no keys could be had.
        """
        if self._age() > LIFE_SECONDS or self._find(kid, algorithm) is None:
            await self._refresh()
        if self._age() > LAST_SECONDS:
            raise ProviderSilent(f"the keys at {self._url} could not be fetched lately; try again in a minute")
        found = self._find(kid, algorithm)
        if found is None:
            named = "names no key" if kid is None else f"names the key {kid[:64]!r}"
            raise InvalidAuthMethod(f"the token {named}, and {self._url} has none such for {algorithm}; sign in again")
        return self._build(found, algorithm)

    def _age(self) -> float:
        return self._clock() - self._fetched

    def _find(self, kid: str | None, algorithm: str) -> Mapping[str, Any] | None:
        fit = [key for key in self._keys if _fits(key, algorithm) and kid in (None, key.get("kid"))]
        return fit[0] if len(fit) == 1 else None

    def _build(self, key: Mapping[str, Any], algorithm: str) -> PyJWK:
        name = (key.get("kid"), algorithm)
        if name not in self._built:
            try:
                self._built[name] = PyJWK(dict(key), algorithm)
            except (PyJWTError, ValueError, TypeError, KeyError) as error:
                raise ProviderSilent(f"a key at {self._url} is malformed", retryable=False) from error
        return self._built[name]

    async def _refresh(self) -> None:
        """Fetch the set, unless that was done or tried a moment ago; a failure leaves what is there."""
        if self._refreshing is None:
            if self._clock() - self._tried < REFRESH_SECONDS:
                return
            self._tried = self._clock()
            self._refreshing = asyncio.create_task(self._fetch_keys())
            self._refreshing.add_done_callback(self._refreshed)
        try:
            await asyncio.shield(self._refreshing)
        except ProviderSilent:
            if not self._keys:
                raise

    def _refreshed(self, done: asyncio.Task[None]) -> None:
        self._refreshing = None
        if not done.cancelled():
            done.exception()  # whoever waited has seen it; nobody may have

    async def _fetch_keys(self) -> None:
        status, body = await self._fetch.fetch(self._url)
        if status != 200:
            raise ProviderSilent(f"{self._url} answered with status {status}, not with its keys")
        self._keys, self._built, self._fetched = _read(self._url, body), {}, self._clock()


def _read(url: str, body: bytes) -> tuple[Mapping[str, Any], ...]:
    """Take the public parts of all signing keys; RFC 7517, section 5, leaves out what a reader does not understand."""
    try:
        keys = msgspec.json.decode(body, type=_Set).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderSilent(f"what {url} answered is no JSON Web Key Set") from error
    if len(keys) > MAX_KEYS:
        raise ProviderSilent(f"{url} has {len(keys)} keys; {MAX_KEYS} at most are taken", retryable=False)
    return tuple({name: value for name, value in key.items() if name in _PUBLIC} for key in keys if key.get("use", "sig") == "sig")


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    return key.get("kty") == _TYPES.get(algorithm[:2]) and key.get("alg", algorithm) == algorithm
