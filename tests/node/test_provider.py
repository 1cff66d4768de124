"""Asking identity providers over real sockets: the configured address and no other, in bounded time and size, without showing tokens."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from tests.serving import serving

from votive.auth.methods import ANSWER_LIMIT, ProviderSilent
from votive.node.provider import ProviderFetch

CANARY = "canary-token-5d1f"


async def refused(fetch: ProviderFetch, url: str) -> str:
    with pytest.raises(ProviderSilent) as failure:
        await fetch.fetch(url, bearer=CANARY)
    told = f"{failure.value.message} {failure.value.details} {failure.value.__cause__}"
    assert CANARY not in told
    return failure.value.message


async def test_a_bearer_travels_in_its_header_and_a_form_in_the_body() -> None:
    seen: list[tuple[str, str, str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, (await request.read()).decode(), request.headers.get("Authorization")))
        return web.json_response({"ok": True})

    async with serving(answer) as url:
        fetch = ProviderFetch([url])
        assert await fetch.fetch(f"{url}/me", bearer=CANARY) == (200, b'{"ok": true}')
        assert (await fetch.fetch(f"{url}/info", form={"access_token": "a b&c"}))[0] == 200
    assert seen == [("GET", "/me", "", f"Bearer {CANARY}"), ("POST", "/info", "access_token=a+b%26c", None)]


async def test_only_this_machines_addresses_that_were_configured_are_asked() -> None:
    async def answer(request: web.Request) -> web.Response:
        raise AssertionError("nobody may come here")

    async with serving(answer) as url:
        assert "not public" in await refused(ProviderFetch([]), url)
        assert "not public" in await refused(ProviderFetch(["http://127.0.0.1:1"]), url)
    assert "not public" in await refused(ProviderFetch(["https://10.0.0.1/"]), "https://10.0.0.1/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_no_answer(status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/jwks"
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(answer) as url:
        assert "redirect" in await refused(ProviderFetch([url]), f"{url}/jwks")


async def test_an_answer_that_is_too_long_is_cut_off() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * (ANSWER_LIMIT + 1))

    async with serving(answer) as url:
        assert "longer than" in await refused(ProviderFetch([url]), url)


async def test_a_provider_that_does_not_answer_is_given_up() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with serving(answer) as url:
        assert "0.2 s" in await refused(ProviderFetch([url], seconds=0.2), url)


async def test_a_provider_that_is_not_there_is_named() -> None:
    assert "127.0.0.1:1" in await refused(ProviderFetch(["http://127.0.0.1:1"]), "http://127.0.0.1:1/jwks")
