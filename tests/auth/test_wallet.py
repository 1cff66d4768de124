from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from votive.auth import (
    AuthPolicy,
    AuthSig,
    InvalidAuthSig,
    InvalidSiweMessage,
    SignedIn,
    SiweMessage,
    UnboundAuthSig,
    parse_auth_sig,
    verify_wallet,
)
from votive.auth.wallet import recover_signer
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError, ErrorCode

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
STRICT = AuthPolicy()
BEARER = AuthPolicy(accept_bearer=True)
DAY = 86_400.0

Message = Callable[..., SiweMessage]
Sign = Callable[..., AuthSig]
Verify = Callable[..., SignedIn]


@pytest.fixture
def verify(now: float, request_binding: RequestBinding) -> Verify:
    def run(auth_sig: AuthSig, *, policy: AuthPolicy = STRICT, at: float = 0.0, request: RequestBinding = request_binding) -> SignedIn:
        return verify_wallet(auth_sig, now=now + at, request=request, policy=policy)

    return run


# What is granted


def test_a_bound_message_grants_its_request_to_its_signer(
    verify: Verify, sign: Sign, message: Message, wallet: LocalAccount, now: float
) -> None:
    grant = verify(sign(message()))
    assert (grant.address, grant.bound, grant.domain, grant.resources) == (wallet.address, True, "localhost", ())
    assert (grant.issued_at, grant.expires_at) == (now - 1, now + 299)


def test_other_resources_of_a_message_are_handed_on(verify: Verify, sign: Sign, message: Message, request_binding: RequestBinding) -> None:
    assert verify(sign(message(resources=("a:b", request_binding.resource, "c:d")))).resources == ("a:b", "c:d")


@pytest.mark.parametrize("resources", [None, (), ("https://example.com",)])
def test_an_unbound_message_is_refused_unless_bearer_tokens_are_accepted(
    verify: Verify, sign: Sign, message: Message, resources: tuple[str, ...] | None
) -> None:
    auth_sig = sign(message(resources=resources, expires=DAY))
    with pytest.raises(UnboundAuthSig, match="5 minutes") as refusal:
        verify(auth_sig)
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.UNBOUND_AUTH_SIG, 401)
    assert not verify(auth_sig, policy=BEARER).bound


# Binding


def test_a_captured_message_replayed_with_another_digest_is_refused(verify: Verify, sign: Sign, message: Message) -> None:
    captured = sign(message())
    replay = RequestBinding.of("/web/pkp/sign", "lit_0123456789abc", {"toSign": [9] * 32, "pubkey": "0x04"})
    for policy in (STRICT, BEARER):
        with pytest.raises(InvalidAuthSig, match="another request") as refusal:
            verify(captured, request=replay, policy=policy)
        assert refusal.value.details[0]["this"] == replay.resource


@pytest.mark.parametrize(
    ("path", "request_id", "body"),
    [
        ("/web/execute", "lit_0123456789abc", {"toSign": list(range(32)), "pubkey": "0x04"}),
        ("/web/pkp/sign/", "lit_0123456789abc", {"toSign": list(range(32)), "pubkey": "0x04"}),
        ("/web/pkp/sign", "lit_0123456789abd", {"toSign": list(range(32)), "pubkey": "0x04"}),
        ("/web/pkp/sign", "lit_0123456789abc", {"toSign": list(range(32)), "pubkey": "0x05"}),
        ("/web/pkp/sign", "lit_0123456789abc", {"toSign": list(range(32)), "pubkey": "0x04", "more": None}),
        ("/web/pkp/sign", "lit_0123456789abc", {"toSign": list(range(32))}),
    ],
)
def test_a_bound_message_is_good_for_nothing_else(
    verify: Verify, sign: Sign, message: Message, path: str, request_id: str, body: dict[str, Any]
) -> None:
    with pytest.raises(InvalidAuthSig, match="another request"):
        verify(sign(message()), request=RequestBinding.of(path, request_id, body), policy=BEARER)


def test_what_proves_the_caller_is_not_part_of_the_request(verify: Verify, sign: Sign, message: Message) -> None:
    body = {"pubkey": "0x04", "toSign": list(range(32)), "epoch": 9, "authSig": {"sig": "0x"}, "authMethods": []}
    assert verify(sign(message()), request=RequestBinding.of("/web/pkp/sign", "lit_0123456789abc", body)).bound


@pytest.mark.parametrize(
    "change",
    [
        lambda ours: (ours, ours),
        lambda ours: (ours, "votive://request/" + "0" * 64),
        lambda ours: ("votive://request/" + "0" * 64, ours),
        lambda ours: (ours.upper(),),
        lambda ours: (ours.replace("votive", "VOTIVE"),),
        lambda ours: (ours + "0",),
        lambda ours: (ours[:-1],),
        lambda ours: (ours + "?x",),
        lambda ours: ("votive://request/",),
        lambda ours: ("votive:other",),
    ],
)
def test_a_message_names_exactly_one_request_in_exactly_one_way(
    verify: Verify, sign: Sign, message: Message, request_binding: RequestBinding, change: Callable[[str], tuple[str, ...]]
) -> None:
    with pytest.raises(InvalidAuthSig, match="another request"):
        verify(sign(message(resources=change(request_binding.resource))), policy=BEARER)


def test_a_bound_message_lives_five_minutes_at_most(verify: Verify, sign: Sign, message: Message) -> None:
    assert verify(sign(message(issued=0.0, expires=300.0))).bound
    with pytest.raises(InvalidAuthSig, match="5 minutes"):
        verify(sign(message(issued=0.0, expires=300.001)), policy=BEARER)


# Times


@pytest.mark.parametrize(
    ("issued", "expires", "why"),
    [
        (60.1, 200.0, "issued in the future"),
        (-300.0, -60.0, "expired"),
        (-10.0, -60.5, "expired"),
        (10.0, 9.0, "expires before"),
        (0.0, 30 * DAY + 1, "30 days"),
        (-31 * DAY, 0.0, "30 days"),
    ],
)
def test_a_message_outside_its_time_is_refused(
    verify: Verify, sign: Sign, message: Message, issued: float, expires: float, why: str
) -> None:
    with pytest.raises(InvalidAuthSig, match=why):
        verify(sign(message(issued=issued, expires=expires, resources=None)), policy=BEARER)


@pytest.mark.parametrize(("issued", "expires"), [(60.0, 200.0), (-300.0, -59.9), (0.0, 30 * DAY), (-30 * DAY, 0.0), (5.0, 5.0)])
def test_clocks_may_differ_by_a_minute(verify: Verify, sign: Sign, message: Message, issued: float, expires: float) -> None:
    assert verify(sign(message(issued=issued, expires=expires, resources=None)), policy=BEARER)


def test_a_message_must_expire(verify: Verify, sign: Sign, message: Message) -> None:
    with pytest.raises(InvalidAuthSig, match="Expiration Time"):
        verify(sign(message(expires=None)))


def test_a_message_is_not_good_before_its_time(verify: Verify, sign: Sign, message: Message, now: float) -> None:
    later = message(not_before=message(issued=61.0).issued_at)
    with pytest.raises(InvalidAuthSig, match="not valid before"):
        verify(sign(later))
    assert verify(sign(later), at=1.0)


def test_times_with_offsets_name_the_same_moments(verify: Verify, sign: Sign, message: Message, now: float) -> None:
    utc = message()
    local = message(issued_at="2027-01-15T10:59:59+03:00", expiration_time="2027-01-15T08:04:59-00:00")
    assert verify(sign(local)).issued_at == verify(sign(utc)).issued_at
    assert verify(sign(local)).expires_at == verify(sign(utc)).expires_at


# URI and domain


@pytest.mark.parametrize("uri", ["lit:session:0123", "LIT:session:0123", "lit:capability:delegation", "Lit:Capability:Delegation?x"])
def test_a_message_that_delegates_does_not_sign_in(verify: Verify, sign: Sign, message: Message, uri: str) -> None:
    with pytest.raises(InvalidAuthSig, match="delegates"):
        verify(sign(message(uri=uri)))


def test_an_operator_may_restrict_the_domains(verify: Verify, sign: Sign, message: Message) -> None:
    policy = AuthPolicy(domains=("app.example.com", "LOCALHOST"))
    assert verify(sign(message(domain="localhost")), policy=policy)
    for domain in ("example.com", "localhost:80", "evil.app.example.com", "app.example.com@evil.com"):
        with pytest.raises(InvalidAuthSig, match="may not sign in"):
            verify(sign(message(domain=domain)), policy=policy)


# Signature and address


def test_a_forged_signature_is_refused(verify: Verify, sign: Sign, message: Message, other_wallet: LocalAccount) -> None:
    with pytest.raises(InvalidAuthSig, match="not one of"):
        verify(sign(message(), wallet=other_wallet))


def test_a_wrongly_addressed_signature_is_refused(verify: Verify, sign: Sign, message: Message, other_wallet: LocalAccount) -> None:
    for address in (other_wallet.address, "", "0x", "0x" + "0" * 40, "nobody"):
        with pytest.raises(InvalidAuthSig, match=r"authSig\.address"):
            verify(sign(message(), address=address))
    with pytest.raises(InvalidAuthSig, match=r"authSig\.address"):
        verify(sign(message(address=other_wallet.address)))
    with pytest.raises(InvalidAuthSig, match="not one of"):
        verify(sign(message(address=other_wallet.address), address=other_wallet.address))


def test_the_case_of_the_address_field_does_not_matter(verify: Verify, sign: Sign, message: Message, wallet: LocalAccount) -> None:
    assert verify(sign(message(), address=wallet.address.lower())).address == wallet.address


def malleated(signature: str) -> str:
    raw = bytes.fromhex(signature[2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (malleated, "high s"),
        (lambda sig: sig[2:], "130 hex"),
        (lambda sig: sig[:-2], "130 hex"),
        (lambda sig: sig + "00", "130 hex"),
        (lambda sig: sig[:-1] + "g", "130 hex"),
        (lambda sig: sig + "\n", "130 hex"),
        (lambda sig: sig[:-2] + "1d", "v = 29"),
        (lambda sig: sig[:-2] + "25", "v = 37"),
        (lambda sig: "0x" + "00" * 64 + "1b", "not a signature"),
        (lambda sig: "0x" + "00" * 32 + sig[66:], "not a signature"),
        (lambda sig: sig[:66] + "00" * 32 + sig[130:], "not a signature"),
        (lambda sig: f"0x{ORDER:064x}" + sig[66:], "not a signature"),
        (lambda sig: "0x" + "ff" * 32 + sig[66:], "not a signature"),
        (lambda sig: sig[:-2] + ("1b" if sig.endswith("1c") else "1c"), "not one of"),
    ],
)
def test_no_other_form_of_a_signature_passes(verify: Verify, sign: Sign, message: Message, change: Callable[[str], str], why: str) -> None:
    good = sign(message())
    with pytest.raises(InvalidAuthSig, match=why):
        verify(msgspec.structs.replace(good, sig=change(good.sig)))


def test_v_may_count_from_0_or_from_27(verify: Verify, sign: Sign, message: Message) -> None:
    good = sign(message())
    zero_based = good.sig[:-2] + {"1b": "00", "1c": "01"}[good.sig[-2:]]
    assert verify(msgspec.structs.replace(good, sig=zero_based)) == verify(good)
    assert verify(msgspec.structs.replace(good, sig="0x" + good.sig[2:].upper())) == verify(good)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 65 * 8 - 1))
def test_a_flipped_bit_in_a_signature_never_passes(verify: Verify, sign: Sign, message: Message, bit: int) -> None:
    good = sign(message())
    raw = bytearray.fromhex(good.sig[2:])
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidAuthSig):
        verify(msgspec.structs.replace(good, sig="0x" + raw.hex()))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_message_never_passes(verify: Verify, sign: Sign, message: Message, data: st.DataObject) -> None:
    good = sign(message())
    at = data.draw(st.integers(0, len(good.signed_message) - 1))
    letter = data.draw(st.characters(min_codepoint=10, max_codepoint=126).filter(lambda letter: letter != good.signed_message[at]))
    altered = good.signed_message[:at] + letter + good.signed_message[at + 1 :]
    with pytest.raises((InvalidAuthSig, InvalidSiweMessage, UnboundAuthSig)):
        verify(msgspec.structs.replace(good, signed_message=altered))


FIELDS = {
    "domain": "evil.example",
    "scheme": "https",
    "statement": "another",
    "uri": "https://evil.example",
    "chain_id": 1,
    "nonce": "zzzzzzzz",
    "request_id": "x",
    "resources": ("a:b",),
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_signature_covers_every_field(verify: Verify, sign: Sign, message: Message, field: str) -> None:
    good = sign(message())
    altered = message(**{field: FIELDS[field]}).to_text()
    with pytest.raises(InvalidAuthSig, match="not one of"):
        verify(msgspec.structs.replace(good, signed_message=altered), policy=BEARER)


def test_the_signer_is_found_as_in_a_known_example() -> None:
    # Message and key of the example for web3.eth.accounts.sign in web3.js; the signature follows from RFC 6979.
    signature = (
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
        "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
    )
    assert recover_signer("Some data", signature) == "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"


# Kinds and shape


def test_a_message_that_is_no_siwe_message_gets_its_own_code(verify: Verify, sign: Sign) -> None:
    with pytest.raises(InvalidSiweMessage) as refusal:
        verify(sign("I am the owner."))
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.SIWE_MESSAGE, 400)


GOOD = {"sig": "0x", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": "0x"}


@pytest.mark.parametrize("field", GOOD)
@pytest.mark.parametrize("value", [None, 1, [], {}, True])
def test_an_ill_typed_or_missing_field_is_named(field: str, value: object) -> None:
    for broken in (GOOD | {field: value}, {name: text for name, text in GOOD.items() if name != field}):
        with pytest.raises(CallerError, match=field) as refusal:
            parse_auth_sig(broken)
        assert refusal.value.status == 400


@pytest.mark.parametrize("value", [None, [], 7, "", "{", "[]", {"ethereum": GOOD}])
def test_what_is_no_auth_sig_is_refused(value: object) -> None:
    with pytest.raises(CallerError, match="authSig"):
        parse_auth_sig(value)


def test_an_auth_sig_may_come_as_json_text_and_with_more_fields() -> None:
    assert parse_auth_sig(msgspec.json.encode(GOOD | {"more": 1}).decode()) == parse_auth_sig(GOOD)


def test_a_verification_takes_a_fraction_of_a_millisecond(verify: Verify, sign: Sign, message: Message) -> None:
    good = sign(message())
    verify(good)
    costs = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(100):
            verify(good)
        costs.append((time.process_time() - start) / 100)
    assert min(costs) < 0.0003
