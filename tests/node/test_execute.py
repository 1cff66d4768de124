"""What a request must be before anything is run or signed for it."""

from __future__ import annotations

import hashlib

import pytest
from coincurve import PrivateKey
from tests.auth.worlds import Moment, a_world

from votive.auth import Granting
from votive.node.additive import Q
from votive.node.answer import big_r, signature_body
from votive.node.approval import check_digest, parse_public_key
from votive.node.authorise import Asked, Authoriser
from votive.node.execute import Gate, digest_of
from votive.terms.errors import CallerError, ErrorCode
from votive.terms.ethereum import personal_digest
from votive.terms.key import Signature

KEY = PrivateKey(b"\x01" * 32).public_key


def an_authoriser() -> Authoriser:
    return Authoriser(Granting(a_world(Moment(1_800_000_000.0))))


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
