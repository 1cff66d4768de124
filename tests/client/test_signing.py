"""Signatures from many nodes, some of which lie, stall or are gone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web
from eth_account import Account
from eth_account.messages import encode_defunct
from tests.client.town import ACCOUNT, CHAIN_ID, PUBLIC_KEY, STRANGER, TOKEN, refuses, says, signature, signs, town

from votive.auth import AuthPolicy, InvalidAuthSig, parse_auth_sig, verify_wallet
from votive.client import BadArgument, NoValidSignature, Refused, Unreachable
from votive.client.ask import ANSWER_LIMIT
from votive.terms.binding import RequestBinding
from votive.terms.errors import ErrorCode
from votive.terms.ethereum import eth_address_of

DIGEST = bytes(range(32))


async def hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.json_response({})


async def floods(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(ANSWER_LIMIT // 2**16 + 2):
        await response.write(b" " * 2**16)
    return response


async def redirects(_: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/elsewhere")


async def test_a_signature_is_taken_from_any_node_and_verified() -> None:
    async with town(signs(), signs(), signs(), signs()) as place:
        result = await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert result.signature.verify()
    assert result.signature.digest == "0x" + DIGEST.hex()
    assert result.nodes == (1, 2, 3, 4)
    assert result.faults == ()
    assert {"authorise", "nodes", "verify", "total", "node_1"} <= result.timings_ms.keys()


@pytest.mark.parametrize("message", ["grüße", b"\x00\xff", ""])
async def test_a_message_goes_to_the_nodes_as_it_is_and_its_signature_is_a_wallets(message: str | bytes) -> None:
    content = message.encode() if isinstance(message, str) else message
    async with town(signs(), signs(), signs(), signs()) as place:
        result = await place.network.sign(TOKEN, message=message, account=ACCOUNT)
    assert [body.get("message") for *_, body in place.requests] == ["0x" + content.hex()] * 4
    assert not any("toSign" in body for *_, body in place.requests), "the nodes hash it"
    recovered = Account.recover_message(encode_defunct(content), signature=result.signature.signature)
    assert recovered == eth_address_of(PUBLIC_KEY)


@pytest.mark.parametrize("wanted", [{}, {"digest": DIGEST, "message": "both"}])
async def test_either_a_digest_or_a_message_is_signed(wanted: dict[str, Any]) -> None:
    async with town(signs(), signs(), signs(), signs()) as place:
        with pytest.raises(BadArgument, match="either a digest, or a message"):
            await place.network.sign(TOKEN, **wanted, account=ACCOUNT)
    assert place.requests == []


async def test_a_node_that_gives_a_wrong_signature_is_passed_over_and_named() -> None:
    async with town(signs(STRANGER), signs(), signs(), signs()) as place:
        result = await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert result.signature.verify()
    assert result.nodes == (2, 3, 4)
    assert [fault.seat for fault in result.faults] == [1]
    assert "does not verify" in result.faults[0].reason


@pytest.mark.parametrize(
    "lie",
    [
        None,
        "0xab",
        {"r": "zz", "s": "00", "v": 27},
        {"r": "0x" + "01" * 31, "s": "0x" + "01" * 32, "v": 27},
        {"r": "0x" + "01" * 32, "s": "0x" + "01" * 32, "v": 0},
        {"r": "0x" + "01" * 32, "s": "0x" + "01" * 32, "v": True},
        signature(bytes(32)),
    ],
)
async def test_no_malformed_signature_passes(lie: object) -> None:
    async with town(says({"success": True, "signature": lie}), None, None, None) as place:
        with pytest.raises(NoValidSignature) as caught:
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert caught.value.culprits == (1,)
    assert [detail["seat"] for detail in caught.value.details] == [1]


async def test_one_honest_answer_is_enough_whatever_the_others_do() -> None:
    async with town(floods, redirects, says([1, 2]), signs()) as place:
        result = await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert result.nodes == (4,)


async def test_a_node_that_stalls_does_not_delay_a_signature_that_is_there() -> None:
    async with town(hangs, signs(), signs(), signs()) as place:
        started = time.monotonic()
        result = await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
        took = time.monotonic() - started
    assert result.nodes == (2, 3, 4)
    assert took < 5


async def test_a_dead_node_is_left_out() -> None:
    async with town(None, signs(), signs(), signs()) as place:
        assert (await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)).nodes == (2, 3, 4)


async def test_no_node_at_all_is_unreachable_and_each_is_named() -> None:
    async with town(None, None, None, None) as place:
        with pytest.raises(Unreachable, match=r"node 1: .*node 4: "):
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)


async def test_a_refusal_keeps_code_and_details_and_says_how_many_gave_it() -> None:
    no = refuses("NodeAuthSigScopeTooLimited", "not yours", 401, ({"asked": "owner"},))
    async with town(no, no, no, None) as place:
        with pytest.raises(Refused, match=r"not yours \(said by 3 of 4 nodes\)") as caught:
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert caught.value.code is ErrorCode.SCOPE_TOO_LIMITED
    assert caught.value.status == 401
    assert caught.value.seats == (1, 2, 3)
    told, said = caught.value.details
    assert told == {"asked": "owner"}
    assert said["saidBy"] == [1, 2, 3]
    assert list(said["silent"]) == ["4"]


async def test_the_reason_is_told_rather_than_the_symptom() -> None:
    cause, symptom = refuses("NodeAuthSigScopeTooLimited", "no right"), refuses("NodeNotEnoughNodes", "too few", 503)
    async with town(symptom, symptom, cause, cause) as place:
        with pytest.raises(Refused, match="no right") as caught:
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert caught.value.details[-1]["others"] == [{"errorCode": "NodeNotEnoughNodes", "message": "too few", "saidBy": [1, 2]}]


async def test_one_liar_does_not_choose_the_reason() -> None:
    liar, honest = refuses("NodeUnknownKey", "there is no such key"), refuses("NodeNotEnoughNodes", "too few", 503)
    async with town(liar, honest, honest, honest) as place:
        with pytest.raises(Refused, match="too few"):
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)


async def test_an_unknown_code_is_passed_on_as_it_is() -> None:
    async with town(*[refuses("SomethingNew", "new")] * 4) as place:
        with pytest.raises(Refused) as caught:
            await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert caught.value.reported_code == "SomethingNew"


async def test_all_nodes_get_one_request_under_one_id() -> None:
    async with town(signs(), signs(), signs(), signs()) as place:
        result = await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert {seat for seat, *_ in place.requests} == {1, 2, 3, 4}
    assert {request_id for _, _, request_id, _ in place.requests} == {result.request_id}
    assert len({str(body) for *_, body in place.requests}) == 1
    assert {path for _, path, *_ in place.requests} == {"/web/pkp/sign"}
    assert place.requests[0][3]["epoch"] == 1


async def test_the_auth_sig_allows_this_request_and_no_other_digest() -> None:
    async with town(signs(), signs(), signs(), signs()) as place:
        await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    _, path, request_id, body = place.requests[0]
    auth_sig, policy = parse_auth_sig(body["authSig"]), AuthPolicy(accept_bearer=False)
    grant = verify_wallet(auth_sig, now=time.time(), request=RequestBinding.of(path, request_id, body), policy=policy)
    assert grant.bound
    assert grant.address == ACCOUNT.address
    assert 0 < grant.expires_at - time.time() <= 300
    assert f"Chain ID: {CHAIN_ID}" in body["authSig"]["signedMessage"]
    other = {**body, "toSign": list(reversed(DIGEST))}
    with pytest.raises(InvalidAuthSig):
        verify_wallet(auth_sig, now=time.time(), request=RequestBinding.of(path, request_id, other), policy=policy)


async def test_no_two_requests_share_an_id_or_a_signature() -> None:
    async with town(signs(), signs(), signs(), signs()) as place:
        await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
        await place.network.sign(TOKEN, DIGEST, account=ACCOUNT)
    assert len({request_id for _, _, request_id, _ in place.requests}) == 2
    assert len({body["authSig"]["sig"] for *_, body in place.requests}) == 2
