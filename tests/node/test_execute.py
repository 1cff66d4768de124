"""What a request must be before anything is run or signed for it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from coincurve import PrivateKey
from tests.auth.sessions import NOW, WALLET, session
from tests.auth.worlds import Moment, a_world
from tests.node.grants import a_grant
from tests.node.test_rates import Tokens, newest

from votive.auth import ActionRef, Granting, ProvenMethod, UnsupportedAuthSig
from votive.node.additive import Q
from votive.node.answer import big_r, signature_body
from votive.node.approval import check_digest, parse_public_key
from votive.node.auth_context import auth_context
from votive.node.authorise import Asked, Authoriser
from votive.node.capacity import admission_by, tolls_by
from votive.node.config import ChainSection, Config
from votive.node.execute import PkpSignBody, asked_digest, digest_of
from votive.node.gate import Gate
from votive.terms.errors import CallerError, ErrorCode
from votive.terms.ethereum import personal_digest
from votive.terms.key import Signature

KEY = PrivateKey(b"\x01" * 32).public_key


def an_authoriser() -> Authoriser:
    config = Config(chain=ChainSection(resolver="0x" + "0a" * 20))
    return Authoriser(Granting(a_world(Moment(NOW))), admission_by(config, Tokens(), lambda: NOW, newest), tolls_by(config, lambda: NOW))


def test_no_more_requests_work_at_once_than_there_are_places() -> None:
    gate = Gate(2)
    with gate.place(), gate.place():
        with pytest.raises(CallerError) as caught, gate.place():
            pass
        assert (caught.value.code, caught.value.status) == (ErrorCode.CONCURRENCY_OVERLOAD, 429)
    with gate.place(), gate.place():
        pass


def test_a_place_is_free_again_after_a_failure() -> None:
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(RuntimeError), gate.place():
            raise RuntimeError


@pytest.mark.parametrize("bad", [[], [0] * 31, [0] * 33, [256] + [0] * 31, [-1] + [0] * 31])
def test_a_digest_is_a_list_of_32_bytes(bad: list[int]) -> None:
    with pytest.raises(CallerError, match="toSign"):
        digest_of(bad)


@pytest.mark.parametrize("digest", [bytes(32), Q.to_bytes(32, "big"), b"short", bytes(33)])
def test_a_digest_that_cannot_be_signed_safely_is_refused(digest: bytes) -> None:
    with pytest.raises(CallerError):
        check_digest(digest)


@pytest.mark.parametrize("text", [KEY.format(False).hex(), "0x" + KEY.format(False).hex(), "0x" + KEY.format().hex().upper()])
def test_a_public_key_is_read_in_each_usual_form(text: str) -> None:
    assert parse_public_key(text, "pubkey") == KEY.format()


@pytest.mark.parametrize("text", ["", "0x", "04" * 65, "0x04" + "11" * 64, "zz", "0x" + "00" * 33, KEY.format(False).hex() + "00"])
def test_what_is_no_point_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(CallerError, match="pubkey"):
        parse_public_key(text, "pubkey")


def test_personal_messages_are_hashed_here_as_eip_191_says() -> None:
    # The vector of the EIP's text in ethers' documentation: hashMessage("Hello World").
    assert personal_digest(b"Hello World").hex() == "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"


def test_r_is_written_with_the_parity_that_the_recovery_id_gives() -> None:
    signature = Signature(r=b"\x11" * 32, s=b"\x22" * 32, recovery_id=1)
    assert big_r(signature) == "03" + "11" * 32
    assert signature_body(signature).v == 28


@pytest.mark.parametrize("request_id", ["", "x" * 129, "ä", "a\nb"])
async def test_a_request_needs_a_printable_id(request_id: str) -> None:
    with pytest.raises(CallerError, match="X-Request-Id"):
        await an_authoriser().authorise(Asked("/web/execute", request_id, {"authSig": {}}))


async def test_a_request_needs_its_auth_sig() -> None:
    with pytest.raises(CallerError) as caught:
        await an_authoriser().authorise(Asked("/web/execute", "lit_1", {"code": hashlib.sha256(b"x").hexdigest()}))
    assert caught.value.details == ({"field": "authSig"},)


WALLET_SIG = {"sig": "0x", "derivedVia": "web3.eth.personal.sign", "signedMessage": "m", "address": "0x"}


@pytest.mark.parametrize("path", ["/web/execute/v1", "/web/pkp/sign/v1"])
async def test_versioned_paths_take_session_signatures_only(path: str) -> None:
    for kind in ({}, {"derivedVia": "EIP1271"}, {"derivedVia": "lit.bls", "algo": "LIT_BLS"}):
        with pytest.raises(UnsupportedAuthSig, match="session signatures only") as caught:
            await an_authoriser().authorise(Asked(path, "lit_1", {"authSig": WALLET_SIG | kind}))
        assert (caught.value.code, caught.value.status) == (ErrorCode.UNSUPPORTED_AUTH_SIG, 400)


async def test_a_session_names_its_request_like_any_other_caller() -> None:
    sent = {"authSig": msgspec.to_builtins(session()), "pubkey": "0x04"}
    authorised = await an_authoriser().authorise(Asked("/web/pkp/sign/v1", "lit_1", sent))
    assert authorised.grant.address == WALLET.address
    again = await an_authoriser().authorise(Asked("/web/pkp/sign/v1", "lit_1", sent | {"epoch": 9}))
    other = await an_authoriser().authorise(Asked("/web/pkp/sign/v1", "lit_1", sent | {"pubkey": "0x05"}))
    assert authorised.request == again.request != other.request


# What is to be signed


def a_body(**fields: Any) -> PkpSignBody:
    return msgspec.convert({"pubkey": "0x04"} | fields, PkpSignBody)


def test_a_message_is_hashed_here_and_a_digest_is_taken_as_it_is() -> None:
    assert asked_digest(a_body(message="0x" + b"Hello World".hex())) == personal_digest(b"Hello World")
    assert asked_digest(a_body(message="0x")) == personal_digest(b"")
    assert asked_digest(a_body(toSign=list(range(32)))) == bytes(range(32))


@pytest.mark.parametrize("fields", [{}, {"toSign": [0] * 32, "message": "0x"}, {"message": "00"}, {"message": "0x0"}, {"message": "0x 00"}])
def test_exactly_one_of_digest_and_message_is_given(fields: dict[str, Any]) -> None:
    with pytest.raises(CallerError):
        asked_digest(a_body(**fields))


# What an action sees of its caller


def test_an_action_sees_who_asked_and_who_opened_the_session() -> None:
    user = ProvenMethod(type=6, id=b"\x01" * 32, user_id="carol", app_id="app", for_session=True)
    opener = ProvenMethod(type=2, id=b"\x12" * 34, user_id="QmOpener", app_id="")
    grant = msgspec.structs.replace(a_grant(WALLET.address), methods=(user, opener), resources=("a:b",), custom_resource="r")
    seen = auth_context(grant.through(ActionRef(cid="QmPrime", multihash=b"\x12" * 34)))
    assert msgspec.to_builtins(seen) == {
        "actionIpfsIds": ("QmPrime",),
        "actionIpfsIdStack": ("QmPrime",),
        "authSigAddress": WALLET.address,
        "authMethodContexts": ({"userId": "carol", "appId": "app", "authMethodType": 6, "usedForSignSessionKeyRequest": True},),
        "resources": ("a:b",),
        "customAuthResource": "r",
    }
