"""Access tokens: their issuer is asked, seldom, and never in a way that shows the token to others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.auth.methods.provider import NOW, Clock, Provider

from votive.auth.methods import Introspection, InvalidAuthMethod, OauthToken, Occasion, ProviderSilent
from votive.auth.methods.introspection import KEPT_SECONDS, PER_MINUTE
from votive.terms.auth_method import MethodType, method_id
from votive.terms.errors import CallerError, ErrorCode

ME = "https://discord.example/oauth2/@me"
INFO = "https://google.example/tokeninfo"
TOKEN = "canary-token-0123456789"
DISCORD = Introspection(
    url=ME, method_type=MethodType.DISCORD, clients=("app-1",), user="user.id", application="application.id", expires="expires"
)
GOOGLE = Introspection(url=INFO, method_type=MethodType.GOOGLE_OAUTH, clients=("app-1",), send="form", field="access_token")


def me(**changes: Any) -> dict[str, Any]:
    expires = datetime.fromtimestamp(NOW + 600, UTC).isoformat()
    return {"user": {"id": "803"}, "application": {"id": "app-1"}, "expires": expires, "scopes": ["identify"]} | changes


def subject(provider: Provider, kind: Introspection = DISCORD, clock: Clock | None = None) -> OauthToken:
    return OauthToken(kind, provider, lambda: NOW, clock or Clock())


async def refused(one: OauthToken, occasion: Occasion, token: str = TOKEN) -> str:
    with pytest.raises(InvalidAuthMethod) as refusal:
        await one.verify(token, occasion)
    assert token not in refusal.value.message + str(refusal.value.details)
    return refusal.value.message


async def test_discord_says_whose_token_it_is(provider: Provider, occasion: Occasion) -> None:
    provider.serve(ME, me())
    proven = await subject(provider).verify(TOKEN, occasion)
    assert (proven.type, proven.user_id, proven.app_id, proven.id) == (4, "803", "app-1", method_id("803", "app-1"))
    assert provider.asked == [(ME, TOKEN, None)]


async def test_google_says_whose_token_it_is(provider: Provider, occasion: Occasion) -> None:
    provider.serve(INFO, {"aud": "app-1", "sub": "1058", "exp": str(int(NOW) + 5)})
    proven = await subject(provider, GOOGLE).verify(TOKEN, occasion)
    assert (proven.type, proven.user_id, proven.app_id) == (5, "1058", "app-1")
    assert provider.asked == [(INFO, None, {"access_token": TOKEN})]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (me(user=None), "names no user"),
        (me(user={"id": 803}), "names no user"),
        (me(user={"id": ""}), "names no user"),
        (me(user="803"), "names no user"),
        (me(application={}), "no application"),
        (me(application={"id": "app-2"}), "not accepted"),
        (me(expires=None), "expired"),
        (me(expires="soon"), "expired"),
        (me(expires="2020-01-01T00:00:00+00:00"), "expired"),
        (me(expires="2099-01-01T00:00:00"), "expired"),
        (me(expires=True), "expired"),
        (me(active=False), "not active"),
        (me(active="true"), "not active"),
    ],
)
async def test_each_answer_that_does_not_hold_is_named(
    provider: Provider, occasion: Occasion, answer: dict[str, Any], complaint: str
) -> None:
    provider.serve(ME, answer)
    assert complaint in await refused(subject(provider), occasion)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_token_that_the_provider_does_not_know_is_refused(provider: Provider, occasion: Occasion, status: int) -> None:
    provider.serve(ME, {"message": "401: Unauthorized"}, status)
    assert "does not know" in await refused(subject(provider), occasion)


@pytest.mark.parametrize(("status", "answer"), [(500, {}), (302, {}), (200, b"<html>"), (200, b"[]")])
async def test_a_provider_that_is_broken_is_the_worlds_fault(provider: Provider, occasion: Occasion, status: int, answer: Any) -> None:
    provider.serve(ME, answer, status)
    with pytest.raises(ProviderSilent) as failure:
        await subject(provider).verify(TOKEN, occasion)
    assert TOKEN not in failure.value.message


async def test_an_answer_is_kept_for_a_minute_and_then_asked_again(provider: Provider, occasion: Occasion) -> None:
    clock = Clock()
    one = subject(provider, clock=clock)
    provider.serve(ME, me())
    for _ in range(5):
        await one.verify(TOKEN, occasion)
    assert len(provider.asked) == 1
    provider.serve(ME, {}, 401)
    clock.now += KEPT_SECONDS
    assert "does not know" in await refused(one, occasion)


async def test_strangers_tokens_reach_the_provider_so_often_a_minute(provider: Provider, occasion: Occasion) -> None:
    clock = Clock()
    one = subject(provider, clock=clock)
    provider.serve(ME, {}, 401)
    for number in range(PER_MINUTE):
        await refused(one, occasion, f"stranger-{number:06}")
    with pytest.raises(CallerError) as refusal:
        await one.verify("stranger-next", occasion)
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.CONCURRENCY_OVERLOAD, 429)
    assert len(provider.asked) == PER_MINUTE
    clock.now += 60
    assert "does not know" in await refused(one, occasion, "stranger-next")


@pytest.mark.parametrize("token", ["", "short", "with space 123", "line\nfeed-1234", "x" * 5000, "\u00e9" * 10])
async def test_what_is_no_token_is_shown_to_nobody(provider: Provider, occasion: Occasion, token: str) -> None:
    with pytest.raises(InvalidAuthMethod):
        await subject(provider).verify(token, occasion)
    assert provider.asked == []
