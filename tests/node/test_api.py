"""The HTTP border, over real sockets: what arrives, what is refused before anything is called, and how errors look."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from tests.node.ledger import Ledger

from votive.node.answer import (
    ClaimAnswer,
    EncryptionSignAnswer,
    ExecuteAnswer,
    PkpSignAnswer,
    ShareBody,
    SignatureBody,
    encryption_sign_answer,
)
from votive.node.api.app import Front, serving
from votive.node.api.network import IpfsEntry, NetworkView, NodeEntry
from votive.node.authorise import Asked, check_request_id
from votive.node.claim import ClaimBody
from votive.node.execute import EncryptionSignBody, ExecuteBody, PkpSignBody
from votive.node.metrics import Metrics
from votive.node.permission import SharedBlocks
from votive.node.status import Status
from votive.terms.encoding import hex0x
from votive.terms.errors import CallerError, ErrorCode, PeerError, WorldError
from votive.terms.participant import Seat

DIGEST = list(range(32))


class Office:
    """Takes the place of the node's service and remembers what it was asked."""

    def __init__(self) -> None:
        self.blocks = SharedBlocks(Ledger(4))
        self.asked: list[tuple[Asked, object]] = []
        self.error: Exception | None = None
        self.slow = 0.0
        self.encryption: bytes | None = None
        self.session: bytes | None = None
        self.roots: tuple[bytes, ...] = ()

    def itself(self) -> Any:
        return self

    def encryption_key(self) -> bytes | None:
        return self.encryption

    def root_keys(self) -> tuple[bytes, ...]:
        return self.roots

    def session_key(self) -> bytes | None:
        return self.session

    async def execute(self, asked: Asked, body: ExecuteBody) -> ExecuteAnswer:
        await self._hear(asked, body)
        return ExecuteAnswer(signed_data={}, response="done", logs="")

    async def pkp_sign(self, asked: Asked, body: PkpSignBody) -> PkpSignAnswer:
        await self._hear(asked, body)
        signature = SignatureBody(r="0x01", s="0x02", v=27)
        return PkpSignAnswer(signed_data=tuple(body.to_sign), signature_share=ShareBody(), signature=signature)

    async def claim(self, asked: Asked, body: ClaimBody) -> ClaimAnswer:
        await self._hear(asked, body)
        return ClaimAnswer(signature="ab" * 65, derived_key_id="cd" * 32)

    async def encryption_sign(self, asked: Asked, body: EncryptionSignBody) -> EncryptionSignAnswer:
        await self._hear(asked, body)
        return encryption_sign_answer(bytes([3]) + b"\xab" * 96, Seat(3))

    async def _hear(self, asked: Asked, body: object) -> None:
        self.asked.append((asked, body))
        await asyncio.sleep(self.slow)
        if self.error is not None:
            raise self.error
        check_request_id(asked.request_id)


class Desk:
    """A running server with a client."""

    def __init__(self, url: str, session: aiohttp.ClientSession, office: Office) -> None:
        self.url, self.session, self.office = url, session, office

    async def post(self, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.send("POST", path, io.BytesIO(data), {"X-Request-Id": "lit_1", **headers})

    async def send(self, method: str, path: str, data: Any = None, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            assert response.content_type == "application/json"
            return response.status, json.loads(await response.read())


def view() -> NetworkView:
    return NetworkView(
        version="1",
        chain_id=31337,
        chain_name="yellowstone",
        rpc_url="http://127.0.0.1:1",
        contracts={"Staking": "0x00"},
        threshold=3,
        nodes=(NodeEntry(index=3, url="http://127.0.0.1:2", address="0x01"),),
        ipfs=IpfsEntry(gateway=None, api=None),
    )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    office, metrics = Office(), Metrics()
    status = Status(status="starting", step="chain", meaning="Waiting.", version="1", pid=1)
    front = Front(office.itself, office.itself, office.itself, view, lambda: status, lambda: None, metrics, request_seconds=1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        async with serving(front, listener), aiohttp.ClientSession() as session:
            yield Desk(f"http://127.0.0.1:{port}", session, office)


@pytest.mark.parametrize("path", ["/web/pkp/sign", "/web/pkp/sign/"])
async def test_a_request_arrives_typed_and_its_answer_has_lits_fields(desk: Desk, path: str) -> None:
    status, answer = await desk.post(path, {"toSign": DIGEST, "pubkey": "0x04", "epoch": 1, "unknown": {"x": 1}})
    assert status == 200
    assert answer["success"] is True
    assert answer["signedData"] == DIGEST
    assert answer["signature"] == {"r": "0x01", "s": "0x02", "v": 27}
    assert answer["signatureShare"] == {
        "result": "fail",
        "share_index": 0,
        "signature_share": "",
        "big_r": "",
        "public_key": "",
        "digest": "fail",
        "sig_type": "",
    }
    ((asked, body),) = desk.office.asked
    assert (asked.path, asked.request_id, body) == ("/web/pkp/sign", "lit_1", PkpSignBody(to_sign=DIGEST, pubkey="0x04"))
    assert asked.body["unknown"] == {"x": 1}


@pytest.mark.parametrize("path", ["/web/pkp/claim", "/web/pkp/claim/"])
async def test_a_claim_is_accepted_with_what_the_contract_wants(desk: Desk, path: str) -> None:
    status, answer = await desk.post(path, {"authMethod": {"authMethodType": 6, "accessToken": "x"}, "epoch": 1})
    assert (status, answer) == (202, {"signature": "ab" * 65, "derivedKeyId": "cd" * 32})
    ((asked, body),) = desk.office.asked
    assert (asked.path, body) == ("/web/pkp/claim", ClaimBody(minter=None))
    assert asked.body["authMethod"] == {"authMethodType": 6, "accessToken": "x"}


@pytest.mark.parametrize("path", ["/web/execute", "/web/execute/"])
async def test_execute_answers_objects_even_when_they_are_empty(desk: Desk, path: str) -> None:
    status, answer = await desk.post(path, {"code": "eA==", "jsParams": {"n": 7}, "authSig": {}})
    assert status == 200
    assert answer == {"success": True, "signedData": {}, "decryptedData": {}, "claimData": {}, "response": "done", "logs": ""}


@pytest.mark.parametrize("path", ["/web/encryption/sign", "/web/encryption/sign/", "/web/encryption/sign/v1"])
async def test_a_decryption_share_has_lits_fields_and_the_conditions_come_along(desk: Desk, path: str) -> None:
    body = {"accessControlConditions": [{}], "dataToEncryptHash": "00" * 32, "chain": "ethereum", "authSig": {}, "epoch": 1}
    status, answer = await desk.post(path, body)
    assert (status, answer) == (200, {"result": "success", "signatureShare": {"ProofOfPossession": "03" + "ab" * 96}, "shareIndex": 3})
    ((asked, typed),) = desk.office.asked
    assert typed == EncryptionSignBody(data_to_encrypt_hash="00" * 32)
    assert (asked.path, asked.body["accessControlConditions"]) == (path.rstrip("/"), [{}])


async def test_conditions_have_room_in_a_body_and_no_more(desk: Desk) -> None:
    body = {"accessControlConditions": ["x" * 200_000], "dataToEncryptHash": "00" * 32}
    assert (await desk.post("/web/encryption/sign", body))[0] == 200
    status, answer = await desk.post("/web/encryption/sign", body | {"more": "x" * 100_000})
    assert (status, answer["errorCode"]) == (413, "NodeBodyTooLarge")


@pytest.mark.parametrize("path", ["/web/handshake", "/web/handshake/"])
async def test_the_handshake_has_the_networks_keys_once_there_are_any_and_a_final_block(desk: Desk, path: str) -> None:
    names = ("subnetPublicKey", "networkPublicKeySet", "networkPublicKey")
    _, answer = await desk.post(path, {"clientPublicKey": "test", "challenge": "00", "epoch": 1})
    assert [answer[key] for key in names] == ["ERR"] * 3
    desk.office.encryption, desk.office.session = b"\xaa" * 48, b"\xbb" * 48
    status, answer = await desk.post(path, {"clientPublicKey": "test", "challenge": "00", "epoch": 1})
    assert status == 200
    assert [answer[key] for key in names] == ["aa" * 48, "aa" * 48, "bb" * 48]
    assert answer["serverPublicKey"] == ""
    assert answer["hdRootPubkeys"] == []
    assert len(answer["latestBlockhash"]) == 66


@pytest.mark.parametrize("path", ["/web/execute/v2", "/web/pkp/sign/v1/v1", "/web/nothing", "/"])
async def test_what_is_not_offered_is_404_in_the_same_form(desk: Desk, path: str) -> None:
    status, answer = await desk.post(path, {})
    assert (status, answer["status"], answer["errorCode"], answer["correlationId"]) == (404, 404, "NodeBadInput", "lit_1")


async def test_another_method_is_refused_in_the_same_form(desk: Desk) -> None:
    status, answer = await desk.send("GET", "/web/pkp/sign")
    assert (status, answer["status"]) == (405, 405)


async def test_a_request_without_its_id_is_refused(desk: Desk) -> None:
    status, answer = await desk.send("POST", "/web/pkp/sign", json.dumps({"toSign": DIGEST, "pubkey": "0x04"}).encode())
    assert (status, answer["details"]) == (400, [{"field": "X-Request-Id"}])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "pubkey"),
        ({"toSign": DIGEST}, "pubkey"),
        ({"toSign": "x", "pubkey": "0x"}, "toSign"),
        ({"toSign": DIGEST, "pubkey": 1}, "pubkey"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_called(desk: Desk, body: dict[str, object], field: str) -> None:
    status, answer = await desk.post("/web/pkp/sign", body)
    assert (status, answer["errorKind"], answer["errorCode"]) == (400, "Validation", "NodeBadInput")
    assert answer["details"] == [{"field": field}]
    assert desk.office.asked == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"toSign":[],"toSign":[]}', b"\xff", b'{"a":NaN}', b"[" * 10_000])
async def test_a_malformed_body_is_refused_and_nothing_is_called(desk: Desk, body: bytes) -> None:
    status, answer = await desk.post("/web/pkp/sign", body)
    assert (status, answer["errorCode"]) == (400, "NodeBadInput")
    assert desk.office.asked == []


@pytest.mark.parametrize(
    ("path", "limit"), [("/web/pkp/sign", 64 * 1024), ("/web/handshake/", 64 * 1024), ("/web/execute", 24 * 1024 * 1024)]
)
async def test_a_body_over_its_limit_is_refused_whether_declared_or_streamed(desk: Desk, path: str, limit: int) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for _ in range(limit // 65536 + 2):
            yield b" " * 65536

    status, answer = await desk.post(path, b" " * (limit + 1))
    assert (status, answer["errorCode"], answer["details"]) == (413, "NodeBodyTooLarge", [{"limit": limit}])
    status, answer = await desk.send("POST", path, stream(), {"X-Request-Id": "lit_1"})
    assert (status, answer["errorCode"]) == (413, "NodeBodyTooLarge")
    assert desk.office.asked == []


async def test_a_large_body_within_the_limit_arrives_whole(desk: Desk) -> None:
    status, _ = await desk.post("/web/execute", {"code": "A" * 20_000_000})
    assert status == 200
    assert isinstance(body := desk.office.asked[0][1], ExecuteBody)
    assert body.code is not None
    assert len(body.code) == 20_000_000


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (CallerError("no", code=ErrorCode.SCOPE_TOO_LIMITED, status=401, details=[{"why": "tree"}]), "Validation", 401),
        (PeerError("peers", details=[{"why": "tree"}]), "Unexpected", 502),
        (WorldError("world", status=503, details=[{"why": "tree"}]), "Unexpected", 503),
    ],
)
async def test_an_error_keeps_code_status_and_details(desk: Desk, error: Any, kind: str, status: int) -> None:
    desk.office.error = error
    seen, answer = await desk.post("/web/pkp/sign", {"toSign": DIGEST, "pubkey": "0x04"})
    assert seen == status
    assert answer == {
        "errorKind": kind,
        "errorCode": error.code.value,
        "status": status,
        "message": error.message,
        "correlationId": "lit_1",
        "details": [{"why": "tree"}],
    }


@pytest.mark.parametrize("logs", ["hello\n", ""])
async def test_an_exception_is_told_as_lit_tells_it_with_its_logs(desk: Desk, logs: str) -> None:
    desk.office.error = CallerError("it threw", code=ErrorCode.JS_EXECUTION)
    desk.office.error.logs = logs  # type: ignore[attr-defined]  # as the error of an action's run has them
    _, answer = await desk.post("/web/execute", {"code": "eA=="})
    assert (answer["success"], answer["error"], answer["logs"]) == (False, "it threw", logs)


async def test_a_defect_tells_the_caller_nothing_of_its_inside(desk: Desk) -> None:
    desk.office.error = RuntimeError("secret inside")
    status, answer = await desk.post("/web/pkp/sign", {"toSign": DIGEST, "pubkey": "0x04"})
    assert (status, answer["errorCode"]) == (500, "NodeInternalError")
    assert "secret inside" not in json.dumps(answer)


async def test_a_request_that_takes_too_long_is_answered_408(desk: Desk) -> None:
    desk.office.slow = 30.0
    status, answer = await desk.post("/web/pkp/sign", {"toSign": DIGEST, "pubkey": "0x04"})
    assert (status, answer["errorKind"], answer["errorCode"]) == (408, "Timeout", "request_timeout")


async def test_a_strange_request_id_is_refused_and_not_echoed_raw(desk: Desk) -> None:
    status, answer = await desk.post("/web/pkp/sign", {"toSign": DIGEST, "pubkey": "0x04"}, **{"X-Request-Id": "x" * 4000})
    assert status == 400
    assert len(answer["correlationId"]) <= 128


async def test_any_web_page_may_call(desk: Desk) -> None:
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-request-id,content-type",
    }
    async with desk.session.options(desk.url + "/web/execute", headers=headers) as response:
        assert response.status in (200, 204)
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", ["/get_most_recent_valid_block", "/get_most_recent_valid_block/"])
async def test_the_newest_block_is_there_for_any_web_page_and_kept_by_no_cache(desk: Desk, path: str) -> None:
    async with desk.session.get(desk.url + path, headers={"Origin": "https://app.example"}) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert (response.headers["Access-Control-Allow-Origin"], response.headers["Cache-Control"]) == ("*", "no-store")
        told = await response.json()
    block = await desk.office.blocks.final_block()
    assert told == {"blockhash": hex0x(block.hash), "timestamp": str(block.timestamp), "blockNumber": block.number}


async def test_health_metrics_and_network_are_there(desk: Desk) -> None:
    await desk.post("/web/pkp/sign", {"toSign": DIGEST, "pubkey": "0x04"})
    assert (await desk.send("GET", "/health"))[1]["status"] == "starting"
    assert (await desk.send("GET", "/votive/network"))[1]["threshold"] == 3
    async with desk.session.get(desk.url + "/metrics") as response:
        assert 'votive_requests_total{endpoint="/web/pkp/sign",status="200"} 1.0' in await response.text()
