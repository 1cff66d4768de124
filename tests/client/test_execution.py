"""Runs of an action by many nodes: what they agree on is what counts."""

from __future__ import annotations

import base64

import pytest
from tests.client.town import ACCOUNT, PUBLIC_KEY, STRANGER, ran, refuses, says, town

from votive.client import NoValidSignature, Refused
from votive.ipfs import InvalidCid, cid_of, multihash_of
from votive.terms.errors import CallerError, ErrorCode

SOURCE = b"Lit.Actions.setResponse({ response: 'done' });"
DIGEST = bytes(range(32))


async def test_what_the_nodes_agree_on_is_returned_with_verified_signatures() -> None:
    async with town(*[ran("done", (DIGEST,))] * 4) as place:
        result = await place.network.execute(SOURCE, {"n": 7}, account=ACCOUNT)
    assert result.cid == cid_of(SOURCE)
    assert (result.response, result.logs, result.nodes) == ("done", "said\n", (1, 2, 3, 4))
    assert result.signatures["sig0"].verify()
    assert result.signatures["sig0"].public_key == "0x" + PUBLIC_KEY.hex()
    body = place.requests[0][3]
    assert base64.b64decode(body["code"]) == SOURCE
    assert body["jsParams"] == {"n": 7}


async def test_a_program_can_be_named_by_its_cid() -> None:
    async with town(*[ran()] * 4) as place:
        result = await place.network.execute(cid_of(SOURCE), account=ACCOUNT)
    assert result.cid == cid_of(SOURCE)
    assert place.requests[0][3]["ipfsId"] == cid_of(SOURCE)
    assert "code" not in place.requests[0][3]


async def test_whatever_version_of_a_cid_is_given_the_result_has_the_name_that_the_chain_knows() -> None:
    version_1 = "b" + base64.b32encode(b"\x01\x70" + multihash_of(cid_of(SOURCE))).decode().lower().rstrip("=")
    async with town(*[ran()] * 4) as place:
        result = await place.network.execute(version_1, account=ACCOUNT)
    assert result.cid == cid_of(SOURCE)


async def test_what_is_no_cid_is_refused_before_anybody_is_asked() -> None:
    async with town(*[ran()] * 4) as place:
        with pytest.raises(InvalidCid):
            await place.network.execute("no cid", account=ACCOUNT)
    assert place.requests == []


async def test_a_lone_response_does_not_win_over_the_others() -> None:
    async with town(ran("lie"), ran("true"), ran("true"), ran("true")) as place:
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    assert (result.response, result.nodes) == ("true", (2, 3, 4))


async def test_one_success_does_not_win_over_many_refusals() -> None:
    no = refuses("NodeJsExecutionError", "Error: no", 400)
    async with town(ran("lie"), no, no, no) as place:
        with pytest.raises(Refused) as caught:
            await place.network.execute(SOURCE, account=ACCOUNT)
    assert caught.value.code is ErrorCode.JS_EXECUTION


async def test_a_signature_by_a_key_that_is_not_on_chain_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(ran("done", (DIGEST,), STRANGER), *[ran("done", (DIGEST,))] * 3) as place:
        ours = "0x" + PUBLIC_KEY.hex()

        async def knows(public_key: str) -> bool:
            return public_key == ours

        monkeypatch.setattr(place.network.registry, "knows", knows)
        result = await place.network.execute(SOURCE, account=ACCOUNT)
    assert result.nodes == (2, 3, 4)
    assert [fault.seat for fault in result.faults] == [1]
    assert "no key of this network" in result.faults[0].reason


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"response": 1, "logs": "", "signedData": {}, "claimData": {}},
        {"response": "", "logs": "", "signedData": [], "claimData": {}},
        {"response": "", "logs": "", "signedData": {"a": 5}, "claimData": {}},
        {"response": "", "logs": "", "signedData": {"a": {"publicKey": "zz", "dataSigned": "00"}}, "claimData": {}},
        {"response": "", "logs": "", "signedData": {"a": {"publicKey": PUBLIC_KEY.hex(), "dataSigned": DIGEST.hex()}}, "claimData": {}},
        {
            "response": "",
            "logs": "",
            "signedData": {
                "a": {
                    "publicKey": PUBLIC_KEY.hex(),
                    "dataSigned": "00",
                    "signature": {"r": "0x" + "01" * 32, "s": "0x" + "01" * 32, "v": 27},
                }
            },
            "claimData": {},
        },
        {"response": "", "logs": "", "signedData": {}},
        {"response": "", "logs": "", "signedData": {}, "claimData": {"a": {"signature": "00", "derivedKeyId": "00"}}},
    ],
)
async def test_an_answer_that_cannot_be_read_is_never_a_result(answer: object) -> None:
    async with town(*[says(answer)] * 4) as place:
        with pytest.raises(NoValidSignature) as caught:
            await place.network.execute(SOURCE, account=ACCOUNT)
    assert caught.value.culprits == (1, 2, 3, 4)


async def test_the_words_of_a_refusal_may_differ_between_nodes() -> None:
    said = [refuses("NodeIpfsError", f"seen at block {number}", 502) for number in (7, 7, 8, 9)]
    async with town(*said) as place:
        with pytest.raises(Refused, match=r"seen at block 7 \(said by 4 of 4 nodes\)"):
            await place.network.execute(SOURCE, account=ACCOUNT)


async def test_the_logs_of_a_failed_run_are_kept() -> None:
    failed = says({"errorCode": "NodeJsExecutionError", "message": "Error: no\n    at x", "details": [], "logs": "seen\n"}, 400)
    async with town(*[failed] * 4) as place:
        with pytest.raises(Refused, match=r"^Error: no \(said by 4 of 4 nodes\)\n    at x$") as caught:
            await place.network.execute(SOURCE, account=ACCOUNT)
    assert caught.value.logs == "seen\n"


async def test_integers_that_javascript_would_round_are_refused_here() -> None:
    async with town(*[ran()] * 4) as place:
        with pytest.raises(CallerError, match="string"):
            await place.network.execute(SOURCE, {"n": 2**53 + 1}, account=ACCOUNT)
    assert place.requests == []
