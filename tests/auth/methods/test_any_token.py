"""Whatever a caller sends as a token ends in a refusal that says why, never in an error of ours, and never in somebody's name."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.auth.methods.authenticator import Authenticator
from tests.auth.methods.provider import AUDIENCE, ISSUER, JWKS, NOW, Clock, Provider, rsa_jwk, token

from votive.auth.methods import (
    EthWallet,
    Introspection,
    InvalidAuthMethod,
    Issuer,
    OauthToken,
    Occasion,
    OidcToken,
    Verify,
    WebAuthn,
    WebAuthnPolicy,
)
from votive.auth.methods.jwks import KeySet
from votive.auth.wallet import AuthPolicy, verify_wallet
from votive.terms.auth_method import LIT_APP, method_id, passkey_challenge
from votive.terms.auth_sig import AuthSig
from votive.terms.binding import RequestBinding
from votive.terms.block import Block
from votive.terms.errors import CallerError

OCCASION = Occasion(
    token_id=7, request=RequestBinding.of("/web/sign_session_key/v1", "lit_0123456789", {}), block=Block(number=1, hash=b"\x01" * 32)
)
PASSKEY = Authenticator()
GOOD_TOKEN = token()
GOOD_ASSERTION = PASSKEY.token(passkey_challenge(b"\x01" * 32, OCCASION.request.resource))


class OnChain:
    async def permitted_methods(self, token_id: int, block: Block) -> Sequence[tuple[int, bytes, bytes]]:
        return [(3, method_id(PASSKEY.raw_id, LIT_APP), PASSKEY.public_key)]


async def recent(count: int) -> Sequence[bytes]:
    return [b"\x01" * 32]


async def by_key(auth_sig: AuthSig, occasion: Occasion) -> str:
    return verify_wallet(auth_sig, now=NOW, request=occasion.request, policy=AuthPolicy(accept_bearer=True)).address


def oidc() -> Verify:
    provider = Provider()
    provider.serve(JWKS, {"keys": [rsa_jwk()]})
    issuer = Issuer(issuer=ISSUER, jwks_url=JWKS, audiences=(AUDIENCE,), method_type=6)
    return OidcToken(issuer, provider, lambda: NOW, KeySet(JWKS, provider, Clock()))


def oauth() -> Verify:
    provider = Provider()
    provider.serve("https://d.example/me", {}, 401)
    return OauthToken(Introspection(url="https://d.example/me", method_type=4, clients=("*",)), provider, lambda: NOW, Clock())


KINDS: dict[str, Verify] = {
    "oidc": oidc(),
    "oauth": oauth(),
    "passkey": WebAuthn(WebAuthnPolicy(), OnChain(), recent),
    "wallet": EthWallet(by_key),
}


def refused(kind: Verify, access_token: str) -> None:
    with pytest.raises(CallerError):
        asyncio.run(kind.verify(access_token, OCCASION))


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    access_token=st.one_of(
        st.text(max_size=300), st.recursive(st.none() | st.integers() | st.text(max_size=20), st.lists, max_leaves=9).map(json.dumps)
    )
)
def test_any_text_is_refused(name: str, access_token: str) -> None:
    refused(KINDS[name], access_token)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(GOOD_TOKEN) - 1), letter=st.characters(max_codepoint=0x17F))
def test_a_token_with_one_letter_changed_is_refused(place: int, letter: str) -> None:
    changed = GOOD_TOKEN[:place] + letter + GOOD_TOKEN[place + 1 :]
    last_of_signature = place == len(GOOD_TOKEN) - 1  # its low bits are padding: base64url may spell the same bytes otherwise
    if changed != GOOD_TOKEN and not last_of_signature:
        with pytest.raises(InvalidAuthMethod):
            asyncio.run(KINDS["oidc"].verify(changed, OCCASION))


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(GOOD_ASSERTION) - 1), letter=st.characters(max_codepoint=0x17F))
def test_an_assertion_with_one_letter_changed_proves_nobody_else(place: int, letter: str) -> None:
    changed = GOOD_ASSERTION[:place] + letter + GOOD_ASSERTION[place + 1 :]
    try:
        proven = asyncio.run(KINDS["passkey"].verify(changed, OCCASION))
    except InvalidAuthMethod:
        return
    assert proven.user_id == PASSKEY.raw_id  # what was changed says nothing: a user handle, an attachment, white space


DEEP = "[" * 1500 + "]" * 1500
"""Deeper than a parser in C may go."""


@pytest.fixture
def python_as_it_is() -> Iterator[None]:
    """Python's own limit, which nodes keep; some libraries raise it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("python_as_it_is")
@pytest.mark.parametrize("kind", KINDS)
def test_tokens_that_are_nested_without_end_are_refused(kind: str) -> None:
    for inside in (f'{{"alg":"RS256","x":{DEEP}}}', f'{{"alg":"RS256","crit":{DEEP}}}', f'{{"rawId":"a","x":{DEEP}}}', DEEP):
        part = base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")
        header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"1"}').decode().rstrip("=")
        for access_token in (inside, f"{part}.e30.aaaa", f"{header}.{part}.aaaa"):
            refused(KINDS[kind], access_token)
