"""Passkeys: challenge, origin, relying party, key, counter; each refused where it is not what was asked for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from tests.auth.methods.authenticator import UP, Authenticator, base64url

from votive.auth.methods import InvalidAuthMethod, Occasion, WebAuthn, WebAuthnPolicy
from votive.terms.auth_method import LIT_APP, MethodType, method_id, passkey_challenge
from votive.terms.binding import RequestBinding
from votive.terms.block import Block

BLOCKS = tuple(bytes([number]) * 32 for number in range(100, 90, -1))
BEARER = WebAuthnPolicy(accept_bearer=True)


class OnChain:
    """The permitted methods of token 7."""

    def __init__(self, *methods: tuple[int, bytes, bytes]) -> None:
        self.methods = list(methods)
        self.asked: list[tuple[int, Block]] = []

    def permit(self, passkey: Authenticator, public_key: bytes | None = None) -> None:
        key = passkey.public_key if public_key is None else public_key
        self.methods.append((MethodType.WEBAUTHN, method_id(passkey.raw_id, LIT_APP), key))

    async def permitted_methods(self, token_id: int, block: Block) -> Sequence[tuple[int, bytes, bytes]]:
        self.asked.append((token_id, block))
        return self.methods if token_id == 7 else []


async def recent(count: int) -> Sequence[bytes]:
    return BLOCKS[:count]


@pytest.fixture
def passkey() -> Authenticator:
    return Authenticator()


@pytest.fixture
def chain(passkey: Authenticator) -> OnChain:
    made = OnChain((1, b"\x11" * 20, b""), (2, b"\x12\x20" + b"\x33" * 32, b""))
    made.permit(passkey)
    return made


def subject(chain: OnChain, **policy: Any) -> WebAuthn:
    return WebAuthn(WebAuthnPolicy(**policy), chain, recent)


def bound(occasion: Occasion, block: int = 0) -> bytes:
    return passkey_challenge(BLOCKS[block], occasion.request.resource)


async def refused(one: WebAuthn, token: str, occasion: Occasion) -> str:
    with pytest.raises(InvalidAuthMethod) as refusal:
        await one.verify(token, occasion)
    return refusal.value.message


async def test_a_passkey_that_the_key_permits_proves_its_holder(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    proven = await subject(chain).verify(passkey.token(bound(occasion)), occasion)
    assert (proven.type, proven.user_id, proven.app_id) == (MethodType.WEBAUTHN, passkey.raw_id, LIT_APP)
    assert proven.id == method_id(passkey.raw_id, LIT_APP)
    assert chain.asked == [(7, occasion.block)]


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)], ids=["Ed25519", "RSA"])
async def test_each_kind_of_credential_key_is_verified(occasion: Occasion, key: Any) -> None:
    passkey, chain = Authenticator(key=key), OnChain()
    chain.permit(passkey)
    assert (await subject(chain).verify(passkey.token(bound(occasion)), occasion)).user_id == passkey.raw_id


@pytest.mark.parametrize("block", range(10))
async def test_the_last_ten_blocks_are_challenges(chain: OnChain, passkey: Authenticator, occasion: Occasion, block: int) -> None:
    assert await subject(chain).verify(passkey.token(bound(occasion, block)), occasion)
    assert await subject(chain, accept_bearer=True).verify(passkey.token(BLOCKS[block]), occasion)


@pytest.mark.parametrize("challenge", [bytes([90]) * 32, secrets.token_bytes(32), b"", BLOCKS[0][:31], BLOCKS[0].hex().encode()])
async def test_older_blocks_and_made_up_challenges_are_refused(
    chain: OnChain, passkey: Authenticator, occasion: Occasion, challenge: bytes
) -> None:
    assert "none of the last 10 blocks" in await refused(subject(chain, accept_bearer=True), passkey.token(challenge), occasion)
    assert chain.asked == []


async def test_a_challenge_of_another_request_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    request = RequestBinding.of(occasion.request.path, "lit_another", {})
    elsewhere = msgspec.structs.replace(occasion, request=request)
    assert "another request" in await refused(subject(chain, accept_bearer=True), passkey.token(bound(elsewhere)), occasion)


async def test_a_bare_block_hash_is_taken_only_where_bearers_are(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    assert "names no request" in await refused(subject(chain), passkey.token(BLOCKS[0]), occasion)


async def test_a_passkey_that_is_not_permitted_is_refused(chain: OnChain, occasion: Occasion) -> None:
    assert "is not permitted" in await refused(subject(chain), Authenticator().token(bound(occasion)), occasion)


async def test_a_passkey_of_another_key_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    other = msgspec.structs.replace(occasion, token_id=8)
    assert "is not permitted" in await refused(subject(chain), passkey.token(bound(other)), other)
    none = msgspec.structs.replace(occasion, token_id=None)
    assert "names no PKP" in await refused(subject(chain), passkey.token(bound(none)), none)


async def test_another_key_under_the_same_credential_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    thief = Authenticator(credential=passkey.credential)
    assert "does not hold" in await refused(subject(chain), thief.token(bound(occasion)), occasion)


@pytest.mark.parametrize("key", [b"", b"\x00", b"\x04", b"\xff" * 80, b"\xa1\x01\x02", b"\x9f" * 4000, b"x" * 5000, b"\x04" + b"\x00" * 64])
async def test_a_malformed_public_key_on_chain_refuses_and_breaks_nothing(passkey: Authenticator, occasion: Occasion, key: bytes) -> None:
    chain = OnChain()
    chain.permit(passkey, key)
    await refused(subject(chain), passkey.token(bound(occasion)), occasion)


@pytest.mark.parametrize(
    "origin",
    [
        "http://app.example",
        "http://localhost.example",
        "http://evillocalhost",
        "ftp://app.example",
        "",
        "null",
        "https://",
        "app.example",
        "http://[::1",
        "data:text/html,x",
    ],
)
async def test_an_origin_that_is_not_secure_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion, origin: str) -> None:
    assert "not secure" in await refused(subject(chain), passkey.token(bound(occasion), origin=origin), occasion)


async def test_only_named_origins_are_accepted_where_some_are_named(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    token = passkey.token(bound(occasion))
    assert await subject(chain, origins=("https://app.example",)).verify(token, occasion)
    assert "allowed: https://other.example" in await refused(subject(chain, origins=("https://other.example",)), token, occasion)


@pytest.mark.parametrize(
    ("rp_id", "origin", "holds"),
    [
        ("app.example", "https://app.example", True),
        ("example", "https://app.example", True),
        ("app.example", "https://deep.app.example:8443", True),
        ("localhost", "http://localhost:3000", True),
        ("page.ipfs.localhost", "http://page.ipfs.localhost:8080", True),
        ("other.ipfs.localhost", "http://page.ipfs.localhost:8080", False),
        ("evil.example", "https://app.example", False),
        ("pp.example", "https://app.example", False),
        ("deep.app.example", "https://app.example", False),
    ],
)
async def test_the_relying_party_is_the_origins_host_or_a_domain_above_it(occasion: Occasion, rp_id: str, origin: str, holds: bool) -> None:
    passkey, chain = Authenticator(rp_id=rp_id, origin=origin), OnChain()
    chain.permit(passkey)
    token = passkey.token(bound(occasion))
    if holds:
        assert await subject(chain).verify(token, occasion)
    else:
        assert "RP ID" in await refused(subject(chain), token, occasion)


async def test_only_named_relying_parties_are_accepted_where_some_are_named(
    chain: OnChain, passkey: Authenticator, occasion: Occasion
) -> None:
    token = passkey.token(bound(occasion))
    assert await subject(chain, rp_ids=("app.example",)).verify(token, occasion)
    assert "no relying party" in await refused(subject(chain, rp_ids=("other.example",)), token, occasion)


async def test_an_app_that_is_named_needs_no_host(occasion: Occasion) -> None:
    passkey, chain = Authenticator(rp_id="app.example", origin="android:apk-key-hash:abc"), OnChain()
    chain.permit(passkey)
    policy = {"origins": ("android:apk-key-hash:abc",), "rp_ids": ("app.example",)}
    assert await subject(chain, **policy).verify(passkey.token(bound(occasion)), occasion)


@pytest.mark.parametrize("changes", [{"type": "webauthn.create"}, {"type": ""}, {"crossOrigin": True}])
async def test_assertions_of_another_kind_are_refused(
    chain: OnChain, passkey: Authenticator, occasion: Occasion, changes: dict[str, Any]
) -> None:
    await refused(subject(chain), passkey.token(bound(occasion), **changes), occasion)


async def test_somebody_must_be_there_and_be_verified_where_that_is_demanded(
    chain: OnChain, passkey: Authenticator, occasion: Occasion
) -> None:
    passkey.flags = 0
    assert "present" in await refused(subject(chain), passkey.token(bound(occasion)), occasion)
    passkey.flags = UP
    assert await subject(chain).verify(passkey.token(bound(occasion)), occasion)
    assert "verified" in await refused(subject(chain, user_verification=True), passkey.token(bound(occasion)), occasion)


async def test_a_counter_that_does_not_go_up_tells_of_a_copy(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    one = subject(chain)
    passkey.counter = 5
    token = passkey.token(bound(occasion))
    assert await one.verify(token, occasion)
    assert await one.verify(token, occasion)  # the same assertion once more, as a client repeats a request
    assert "there may be a copy" in await refused(one, passkey.token(bound(occasion, 1)), occasion)
    passkey.counter = 4
    assert "there may be a copy" in await refused(one, passkey.token(bound(occasion, 2)), occasion)
    passkey.counter = 6
    assert await one.verify(passkey.token(bound(occasion, 3)), occasion)
    passkey.counter = 0
    assert "there may be a copy" in await refused(one, passkey.token(bound(occasion, 4)), occasion)


async def test_counters_may_be_ignored_and_keys_that_do_not_count_pass(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    counting, ignoring = subject(chain), subject(chain, sign_counter="ignore")
    for block in range(3):
        assert await counting.verify(passkey.token(bound(occasion, block)), occasion)
    passkey.counter = 9
    for block in range(3):
        assert await ignoring.verify(passkey.token(bound(occasion, block)), occasion)


async def test_a_refused_assertion_does_not_move_the_counter(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    one = subject(chain)
    thief = Authenticator(credential=passkey.credential, counter=1_000_000)
    await refused(one, thief.token(bound(occasion)), occasion)
    passkey.counter = 1
    assert await one.verify(passkey.token(bound(occasion)), occasion)


async def test_nobody_drives_up_the_counter_of_anothers_passkey(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    thief = Authenticator(credential=passkey.credential, counter=2**32 - 1)
    his = OnChain()
    his.permit(thief)
    one = subject(his)
    assert await one.verify(thief.token(bound(occasion)), occasion)
    his.methods = chain.methods
    passkey.counter = 1
    assert await one.verify(passkey.token(bound(occasion)), occasion)


@pytest.mark.parametrize("field", ["id", "rawId", "type", "response"])
async def test_a_credential_without_a_field_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion, field: str) -> None:
    answer = passkey.answer(bound(occasion))
    del answer[field]
    await refused(subject(chain), json.dumps(answer), occasion)


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("value", ["", "!!", base64url(b"{}"), base64url(b"x" * 37), 5, None])
async def test_a_malformed_response_is_refused(chain: OnChain, passkey: Authenticator, occasion: Occasion, field: str, value: Any) -> None:
    answer = passkey.answer(bound(occasion))
    answer["response"][field] = value
    await refused(subject(chain), json.dumps(answer), occasion)


@pytest.mark.parametrize("token", ["", "{", "[]", "5", "null", '{"rawId": 5}', "[" * 10_000, "\ud800"])
async def test_what_is_no_credential_is_refused(chain: OnChain, occasion: Occasion, token: str) -> None:
    await refused(subject(chain), token, occasion)


async def test_a_raw_id_in_another_spelling_is_another_user(chain: OnChain, passkey: Authenticator, occasion: Occasion) -> None:
    answer = passkey.answer(bound(occasion))
    answer["rawId"] += "=="
    await refused(subject(chain), json.dumps(answer), occasion)
