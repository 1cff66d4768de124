"""Key sets: fetched seldom, whoever asks and whatever tokens name."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest
from tests.auth.methods.provider import JWKS, OTHER_RSA, Clock, Provider, ec_jwk, rsa_jwk

from votive.auth.methods import InvalidAuthMethod, ProviderSilent
from votive.auth.methods.jwks import LAST_SECONDS, LIFE_SECONDS, MAX_KEYS, REFRESH_SECONDS, KeySet


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def keys(provider: Provider, clock: Clock) -> KeySet:
    return KeySet(JWKS, provider, clock)


async def unknown(keys: KeySet, kid: str | None = None) -> None:
    with pytest.raises(InvalidAuthMethod):
        await keys.key(kid or secrets.token_hex(8), "RS256")


async def test_a_key_is_fetched_once(provider: Provider, keys: KeySet) -> None:
    for _ in range(5):
        assert (await keys.key("rsa", "RS256")).key_id == "rsa"
    assert len(provider.asked) == 1


async def test_a_thousand_made_up_names_cause_one_fetch_a_minute(provider: Provider, clock: Clock, keys: KeySet) -> None:
    await keys.key("rsa", "RS256")
    for _ in range(1000):
        await unknown(keys)
    assert len(provider.asked) == 1
    clock.now += REFRESH_SECONDS
    for _ in range(1000):
        await unknown(keys)
    assert len(provider.asked) == 2
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"


async def test_whoever_waits_shares_one_fetch(provider: Provider, keys: KeySet) -> None:
    await asyncio.gather(*(keys.key("rsa", "RS256") for _ in range(50)))
    assert len(provider.asked) == 1


async def test_a_new_key_of_the_provider_is_found_after_a_minute_at_most(provider: Provider, clock: Clock, keys: KeySet) -> None:
    await keys.key("rsa", "RS256")
    provider.serve(JWKS, {"keys": [rsa_jwk(), rsa_jwk("new", OTHER_RSA)]})
    await unknown(keys, "new")
    clock.now += REFRESH_SECONDS
    assert (await keys.key("new", "RS256")).key_id == "new"


async def test_a_key_that_was_withdrawn_is_gone_after_the_sets_life(provider: Provider, clock: Clock, keys: KeySet) -> None:
    await keys.key("rsa", "RS256")
    provider.serve(JWKS, {"keys": [rsa_jwk("new", OTHER_RSA)]})
    clock.now += LIFE_SECONDS + 1
    await unknown(keys, "rsa")


async def test_old_keys_serve_while_the_provider_is_down_and_not_for_ever(provider: Provider, clock: Clock, keys: KeySet) -> None:
    await keys.key("rsa", "RS256")
    provider.down = True
    clock.now += LIFE_SECONDS + 1
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"
    clock.now += LAST_SECONDS
    with pytest.raises(ProviderSilent):
        await keys.key("rsa", "RS256")


async def test_a_provider_that_is_down_is_asked_once_a_minute(provider: Provider, keys: KeySet) -> None:
    provider.down = True
    for _ in range(20):
        with pytest.raises(ProviderSilent):
            await keys.key("rsa", "RS256")
    assert len(provider.asked) == 1


async def test_without_a_name_the_only_key_that_fits_is_meant(provider: Provider, keys: KeySet) -> None:
    assert (await keys.key(None, "ES256")).key_id == "ec"
    assert (await keys.key(None, "RS256")).key_id == "rsa"


async def test_without_a_name_two_keys_that_fit_are_none(provider: Provider, keys: KeySet) -> None:
    provider.serve(JWKS, {"keys": [rsa_jwk("one"), rsa_jwk("two", OTHER_RSA)]})
    with pytest.raises(InvalidAuthMethod, match="names no key"):
        await keys.key(None, "RS256")


@pytest.mark.parametrize(
    "key", [rsa_jwk("k", use="enc"), rsa_jwk("k", alg="RS512"), ec_jwk("k"), {"kty": "oct", "k": "c2VjcmV0", "kid": "k"}, {"kid": "k"}]
)
async def test_keys_for_other_purposes_sign_no_tokens(provider: Provider, keys: KeySet, key: dict[str, Any]) -> None:
    provider.serve(JWKS, {"keys": [key]})
    await unknown(keys, "k")


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b'{"keys": 5}', b'{"keys": [5]}', b"\xff", {"keys": [rsa_jwk()] * (MAX_KEYS + 1)}]
)
async def test_what_is_no_key_set_is_the_providers_fault(provider: Provider, keys: KeySet, answer: Any) -> None:
    provider.serve(JWKS, answer)
    with pytest.raises(ProviderSilent):
        await keys.key("rsa", "RS256")


async def test_a_malformed_key_is_the_providers_fault(provider: Provider, keys: KeySet) -> None:
    provider.serve(JWKS, {"keys": [{"kty": "RSA", "kid": "rsa", "n": "!!", "e": 5}]})
    with pytest.raises(ProviderSilent):
        await keys.key("rsa", "RS256")


async def test_a_status_that_is_no_success_keeps_the_old_keys(provider: Provider, clock: Clock, keys: KeySet) -> None:
    await keys.key("rsa", "RS256")
    provider.serve(JWKS, {"keys": []}, status=503)
    clock.now += LIFE_SECONDS + 1
    assert (await keys.key("rsa", "RS256")).key_id == "rsa"
