"""What a request brings is read once, and its kind is told before anything is verified."""

from __future__ import annotations

from typing import Any

import pytest

from votive.auth import AuthSig, Credentials, Kind, UnsupportedAuthSig
from votive.terms.errors import CallerError, ErrorCode

GOOD = {"sig": "0x", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": "0x"}


def credentials(**fields: Any) -> Credentials:
    return Credentials.of({"authSig": GOOD | fields})


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, Kind.WALLET),
        ({"derivedVia": ""}, Kind.WALLET),
        ({"derivedVia": "web3.eth.personal.sign via Lit PKP"}, Kind.WALLET),
        ({"derivedVia": "EIP1271"}, Kind.CONTRACT_WALLET),
        ({"derivedVia": "EIP1271_SHA256"}, Kind.CONTRACT_WALLET),
        ({"derivedVia": "litSessionSignViaNacl", "algo": "ed25519"}, Kind.SESSION),
        ({"derivedVia": "lit.bls", "algo": "LIT_BLS"}, Kind.NETWORK),
    ],
)
def test_a_signature_says_how_it_is_to_be_verified(fields: dict[str, Any], kind: Kind) -> None:
    assert credentials(**fields).kind is kind


@pytest.mark.parametrize(
    "fields",
    [
        *({"derivedVia": name} for name in ("litSessionSignViaNacl", "lit.bls", "eip1271", "solana.signMessage", "cosmos", "juno", "kyve")),
        {"derivedVia": "LITSESSIONSIGNVIANACL", "algo": "ed25519"},
        {"derivedVia": "litSessionSignViaNacl", "algo": "LIT_BLS"},
        {"derivedVia": "lit.bls", "algo": "ed25519"},
        {"derivedVia": "EIP1271", "algo": "ed25519"},
        {"algo": "ed25519"},
        {"algo": "LIT_BLS"},
    ],
)
def test_a_kind_that_is_not_offered_is_refused_by_name(fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedAuthSig, match="not offered") as refusal:
        credentials(**fields)
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.UNSUPPORTED_AUTH_SIG, 400)


@pytest.mark.parametrize("body", [{}, {"authMethods": []}])
def test_a_request_without_an_auth_sig_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(CallerError) as refusal:
        Credentials.of(body)
    assert refusal.value.details == ({"field": "authSig"},)


@pytest.mark.parametrize("methods", [{}, "x", [1], [{"authMethodType": 1}], [{"authMethodType": "1", "accessToken": "t"}], [{}] * 9])
def test_methods_are_a_short_list_of_types_and_tokens(methods: Any) -> None:
    if methods == {}:
        methods = {"authMethodType": 1, "accessToken": "secret-token"}
    with pytest.raises(CallerError, match="authMethods") as refusal:
        Credentials.of({"authSig": GOOD, "authMethods": methods})
    assert "secret-token" not in str(refusal.value)


def test_a_token_is_not_shown_by_what_holds_it() -> None:
    found = Credentials.of({"authSig": GOOD, "authMethods": [{"authMethodType": 6, "accessToken": "secret-token"}]})
    assert "secret-token" not in repr(found)
    assert found.methods[0].access_token == "secret-token"


@pytest.mark.parametrize("name", ["sig", "derivedVia", "signedMessage", "address", "algo"])
def test_half_a_surrogate_pair_is_no_text(name: str) -> None:
    with pytest.raises(CallerError, match="surrogates"):
        credentials(**{name: "\ud800"})


def test_where_conditions_are_asked_an_auth_sig_may_stand_under_its_chain() -> None:
    assert Credentials.of({"authSig": {"ethereum": GOOD}}, by_chain=True) == Credentials.of({"authSig": GOOD}, by_chain=True)
    for others in ({"ethereum": GOOD, "solana": GOOD}, {"cosmos": GOOD}):
        with pytest.raises(UnsupportedAuthSig, match="not offered"):
            Credentials.of({"authSig": others}, by_chain=True)
    for nothing in ({}, {"ethereum": None}):
        with pytest.raises(CallerError, match="authSig"):
            Credentials.of({"authSig": nothing}, by_chain=True)
    with pytest.raises(CallerError, match="authSig"):
        Credentials.of({"authSig": {"ethereum": GOOD}})


def test_an_auth_sig_may_come_as_json_text() -> None:
    text = '{"sig":"0x","derivedVia":"v","signedMessage":"m","address":"a"}'
    assert Credentials.of({"authSig": text}).auth_sig == AuthSig(sig="0x", derived_via="v", signed_message="m", address="a")
