"""Identity tokens: what is accepted, and one refusal for each way in which a token can be wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.auth.methods.provider import (
    AUDIENCE,
    EC,
    ED,
    ISSUER,
    JWKS,
    NOW,
    OTHER_RSA,
    RSA,
    Clock,
    Provider,
    claims,
    forged,
    rsa_jwk,
    token,
)

from votive.auth.methods import InvalidAuthMethod, Issuer, Occasion, OidcToken, ProviderSilent
from votive.auth.methods.jwks import KeySet
from votive.terms.auth_method import MethodType, method_id


def method(provider: Provider, **changes: Any) -> OidcToken:
    given: dict[str, Any] = {"issuer": ISSUER, "jwks_url": JWKS, "audiences": (AUDIENCE,), "method_type": MethodType.GOOGLE_JWT}
    return OidcToken(Issuer(**(given | changes)), provider, lambda: NOW, KeySet(JWKS, provider, Clock()))


async def refused(subject: OidcToken, access_token: str, occasion: Occasion) -> str:
    with pytest.raises(InvalidAuthMethod) as refusal:
        await subject.verify(access_token, occasion)
    for part in access_token.split("."):
        assert len(part) < 20 or part not in refusal.value.message
        assert len(part) < 20 or part not in str(refusal.value.details)
    return refusal.value.message


async def test_a_good_token_proves_its_user_at_its_application(provider: Provider, occasion: Occasion) -> None:
    proven = await method(provider).verify(token(), occasion)
    assert (proven.type, proven.user_id, proven.app_id) == (MethodType.GOOGLE_JWT, "ann", AUDIENCE)
    assert proven.id == method_id("ann", AUDIENCE)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (RSA, "PS384", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")]
)
async def test_each_algorithm_that_an_issuer_is_pinned_to_is_verified(
    provider: Provider, occasion: Occasion, key: Any, algorithm: str, kid: str
) -> None:
    proven = await method(provider, algorithms=(algorithm,)).verify(token(key, algorithm, kid), occasion)
    assert proven.user_id == "ann"


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(EC, "ES256", "ec"), (RSA, "RS512", "rsa"), (ED, "EdDSA", "ed")])
async def test_another_algorithm_than_the_pinned_one_is_refused(
    provider: Provider, occasion: Occasion, key: Any, algorithm: str, kid: str
) -> None:
    assert "signs with RS256" in await refused(method(provider), token(key, algorithm, kid), occasion)
    assert provider.asked == []


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "hs256", "", "RS256 "])
async def test_no_signature_and_shared_secrets_are_never_accepted(provider: Provider, occasion: Occasion, algorithm: str) -> None:
    made = forged({"alg": algorithm, "kid": "rsa"}, claims())
    assert "signs with RS256" in await refused(method(provider), made, occasion)
    assert provider.asked == []


async def test_the_public_key_is_no_secret_to_sign_with(provider: Provider, occasion: Occasion) -> None:
    """RFC 8725, 2.1: an attacker signs with HS256 under the bytes of the issuer's public key."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = forged({"alg": "HS256", "kid": "rsa"}, claims()).rpartition(".")[0]
    mac = base64.urlsafe_b64encode(hmac.new(pem, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    await refused(method(provider), f"{head}.{mac}", occasion)


async def test_a_token_under_another_key_is_refused(provider: Provider, occasion: Occasion) -> None:
    assert "signature" in await refused(method(provider), token(OTHER_RSA), occasion)


async def test_a_key_in_the_token_itself_is_not_believed(provider: Provider, occasion: Occasion) -> None:
    jwk = rsa_jwk(private=OTHER_RSA)
    made = token(OTHER_RSA, headers={"jwk": jwk, "jku": "https://evil.example/jwks", "x5u": "https://evil.example/cert"})
    assert "signature" in await refused(method(provider), made, occasion)
    assert {url for url, *_ in provider.asked} == {JWKS}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"iss": "https://evil.example"}, "was issued by"),
        ({"iss": ISSUER + "/"}, "was issued by"),
        ({"iss": None}, "iss"),
        ({"aud": "app-2"}, "not accepted"),
        ({"aud": ["app-1", "app-2"]}, "2 audiences"),
        ({"aud": []}, "0 audiences"),
        ({"aud": None}, "aud"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "printable"),
        ({"sub": "a b"}, "printable"),
        ({"sub": "ann\u00e9"}, "printable"),
        ({"sub": "a" * 256}, "printable"),
        ({"exp": NOW - 61}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": NOW + 61}, "future"),
        ({"iat": None}, "iat"),
        ({"nbf": NOW + 61}, "not valid yet"),
        ({"nonce": "votive://request/" + "0" * 64}, "another request"),
    ],
)
async def test_each_claim_that_is_wrong_is_named(provider: Provider, occasion: Occasion, changes: dict[str, Any], complaint: str) -> None:
    given = claims(**changes)
    made = signed_with_any_claims(given)
    assert complaint in await refused(method(provider), made, occasion)
    assert provider.asked == []  # nothing is fetched for a token whose claims do not hold


def signed_with_any_claims(given: dict[str, Any]) -> str:
    import jwt

    return jwt.api_jws.encode(json.dumps(given).encode(), RSA, algorithm="RS256", headers={"kid": "rsa"})


@pytest.mark.parametrize("changes", [{"exp": NOW - 59}, {"iat": NOW + 59}, {"nbf": NOW + 59}, {"aud": [AUDIENCE]}, {"nonce": "abc"}])
async def test_a_minute_of_grace_and_one_audience_in_a_list_are_accepted(
    provider: Provider, occasion: Occasion, changes: dict[str, Any]
) -> None:
    assert (await method(provider).verify(token(**changes), occasion)).user_id == "ann"


@pytest.mark.parametrize("made", ["", "a.b", "a.b.c.d", "a..c", "not a token", "é.é.é", "e30.e30.e30", "x" * 20_000])
async def test_what_is_no_token_is_refused(provider: Provider, occasion: Occasion, made: str) -> None:
    await refused(method(provider), made, occasion)
    assert provider.asked == []


@pytest.mark.parametrize("headers", [{"crit": ["exp"]}, {"crit": ["b64"], "b64": True}, {"b64": False}])
async def test_unknown_demands_of_a_header_are_refused(provider: Provider, occasion: Occasion, headers: dict[str, Any]) -> None:
    made = forged({"alg": "RS256", "kid": "rsa"} | headers, claims())
    assert "extension" in await refused(method(provider), made, occasion)


async def test_a_changed_payload_breaks_the_signature(provider: Provider, occasion: Occasion) -> None:
    head, _, signature = token().split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims(sub="eve")).encode()).rstrip(b"=").decode()
    assert "signature" in await refused(method(provider), f"{head}.{payload}.{signature}", occasion)


async def test_where_any_application_is_accepted_no_user_can_pass_for_another(provider: Provider, occasion: Occasion) -> None:
    anyone = method(provider, audiences=("*",))
    assert (await anyone.verify(token(aud="app-9"), occasion)).app_id == "app-9"
    assert "mistaken" in await refused(anyone, token(sub="ann:app"), occasion)


async def test_a_token_may_name_its_request_and_then_is_good_for_no_other(provider: Provider, occasion: Occasion) -> None:
    bound = token(nonce=occasion.request.resource)
    demanding = method(provider, require_binding=True)
    assert (await demanding.verify(bound, occasion)).user_id == "ann"
    assert "names no request" in await refused(demanding, token(), occasion)
    assert "names no request" in await refused(demanding, token(nonce="random"), occasion)


async def test_weak_keys_are_refused(provider: Provider, occasion: Occasion) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    weak = rsa.generate_private_key(65537, 1024)
    provider.serve(JWKS, {"keys": [rsa_jwk("weak", weak)]})
    with pytest.warns(UserWarning, match="1024"):
        made = token(weak, kid="weak")
    await refused(method(provider), made, occasion)


async def test_an_issuer_without_keys_is_the_worlds_fault_not_the_callers(provider: Provider, occasion: Occasion) -> None:
    provider.down = True
    with pytest.raises(ProviderSilent):
        await method(provider).verify(token(), occasion)
