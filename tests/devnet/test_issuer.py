"""The development issuer: its tokens are real, and nodes' own methods accept them."""

from __future__ import annotations

import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web

from votive.auth.methods import Introspection, InvalidAuthMethod, Issuer, OauthToken, Occasion, OidcToken
from votive.devnet.configuration import identity_providers
from votive.devnet.issuer import Issuer as Service
from votive.devnet.issuer_keys import FILE, IssuerKeys
from votive.node.provider import ProviderFetch
from votive.terms.auth_method import method_id
from votive.terms.binding import RequestBinding
from votive.terms.block import Block

OCCASION = Occasion(token_id=None, request=RequestBinding.of("/web/x", "lit_01234567", {}), block=Block(number=1, hash=bytes(32)))


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[str]:
    """A running issuer; its URL."""
    from votive.devnet.ports import choose

    port = choose(1)
    url = f"http://127.0.0.1:{port}"
    runner = web.AppRunner(Service(url, IssuerKeys.kept(tmp_path / "keys")).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield url
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def sign_in(http: aiohttp.ClientSession, issuer: str, **asked: object) -> dict[str, str]:
    async with http.post(f"{issuer}/token", json={"sub": "ann", "aud": "app-1", **asked}) as response:
        assert response.status == 200
        answer: dict[str, str] = await response.json()
        return answer


def oidc(issuer: str, name: str) -> OidcToken:
    section = dict(identity_providers(issuer)[f"auth.issuers.{name}"])
    return OidcToken(Issuer(**section), ProviderFetch([issuer]), time.time)


def oauth(issuer: str, name: str) -> OauthToken:
    section = dict(identity_providers(issuer)[f"auth.introspection.{name}"])
    return OauthToken(Introspection(**section), ProviderFetch([issuer]), time.time)


@pytest.mark.parametrize(("name", "algorithm", "method_type"), [("google", "RS256", 6), ("apple", "ES256", 8)])
async def test_a_nodes_own_configuration_accepts_an_id_token(
    http: aiohttp.ClientSession, issuer: str, name: str, algorithm: str, method_type: int
) -> None:
    tokens = await sign_in(http, issuer, algorithm=algorithm)
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == algorithm
    proven = await oidc(issuer, name).verify(tokens["id_token"], OCCASION)
    assert (proven.type, proven.id) == (method_type, method_id("ann", "app-1"))


async def test_a_token_of_one_kind_is_none_of_the_other(http: aiohttp.ClientSession, issuer: str) -> None:
    tokens = await sign_in(http, issuer, algorithm="ES256")
    with pytest.raises(InvalidAuthMethod, match="signs with RS256"):
        await oidc(issuer, "google").verify(tokens["id_token"], OCCASION)


@pytest.mark.parametrize(("name", "method_type"), [("discord", 4), ("google", 5)])
async def test_it_says_whose_an_access_token_is(http: aiohttp.ClientSession, issuer: str, name: str, method_type: int) -> None:
    tokens = await sign_in(http, issuer)
    proven = await oauth(issuer, name).verify(tokens["access_token"], OCCASION)
    assert (proven.type, proven.user_id, proven.app_id) == (method_type, "ann", "app-1")
    with pytest.raises(InvalidAuthMethod):
        await oauth(issuer, name).verify("made-up-token", OCCASION)


async def test_it_gives_expired_tokens_too_so_that_one_can_see_them_refused(http: aiohttp.ClientSession, issuer: str) -> None:
    tokens = await sign_in(http, issuer, expires_in=-100)
    with pytest.raises(InvalidAuthMethod, match="expired"):
        await oidc(issuer, "google").verify(tokens["id_token"], OCCASION)
    for name in ("discord", "google"):
        with pytest.raises(InvalidAuthMethod):
            await oauth(issuer, name).verify(tokens["access_token"], OCCASION)


@pytest.mark.parametrize(
    "asked", ["", "{}", "[]", '{"sub": 5, "aud": "x"}', '{"sub": "a", "aud": "b", "algorithm": "none"}', '{"sub":"a","aud":"b","x":1}']
)
async def test_what_it_does_not_understand_it_refuses(http: aiohttp.ClientSession, issuer: str, asked: str) -> None:
    async with http.post(f"{issuer}/token", data=asked) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_it_describes_itself_as_openid_providers_do(http: aiohttp.ClientSession, issuer: str) -> None:
    async with http.get(f"{issuer}/.well-known/openid-configuration") as response:
        described = await response.json()
    assert described["issuer"] == issuer
    async with http.get(described["jwks_uri"]) as response:
        keys = (await response.json())["keys"]
    assert [(key["kty"], key["alg"], key["use"]) for key in keys] == [("RSA", "RS256", "sig"), ("EC", "ES256", "sig")]
    assert not any({"d", "p", "q", "k"} & key.keys() for key in keys)


def test_its_keys_are_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    made = IssuerKeys.kept(tmp_path / "keys")
    assert IssuerKeys.kept(tmp_path / "keys") == made
    assert stat.S_IMODE((tmp_path / "keys" / FILE).stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(made.public())
