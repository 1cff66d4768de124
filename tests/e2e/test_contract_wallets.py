"""Contract wallets on real nodes: the contract's word at a final block counts, as its own and as what a session rests on."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from tests.auth.sessions import SIGNING, Siwe, session
from tests.e2e.conftest import Place
from tests.e2e.test_replay import ask_all, ask_all_with

from votive.terms.ethereum import checksum_address, personal_digest

CONTRACT = checksum_address(b"\x12\x71" * 10)
ECHO = "600435606435146316" + "26ba7e60e01b0260005260206000f3"
"""Calls a signature its own that is the hash itself: MSTORE(0, EQ(hash, first word of the signature) * 0x1626ba7e << 224), RETURN."""
LOOP = "5b600056"
"""JUMPDEST, PUSH1 0, JUMP: until the gas is gone."""


def rpc(status: dict[str, Any], method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(status["chain"]["rpc_url"], body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["result"]


def become(status: dict[str, Any], code: str) -> None:
    """Give the contract another code, in a block of its own."""
    rpc(status, "anvil_setCode", CONTRACT, "0x" + code)
    rpc(status, "evm_mine")


def by_contract(uri: str | None = None, **fields: Any) -> dict[str, Any]:
    """What the contract signs: a message that signs in, or one that delegates."""
    given: dict[str, Any] = {"address": CONTRACT, "chain_id": 31337, "now": time.time(), "capabilities": SIGNING}
    if uri is not None:
        given |= {"uri": uri, "resources": ()}
    text = Siwe(**(given | fields)).message().to_text()
    return {"sig": "0x" + personal_digest(text).hex(), "derivedVia": "EIP1271", "signedMessage": text, "address": CONTRACT}


@pytest.fixture(scope="module")
def key(place: Place) -> dict[str, Any]:
    """A key that the contract may use."""
    minted: dict[str, Any] = place.run("key", "mint", "--as", 1)
    place.run("key", "grant", minted["token_id"], "--address", CONTRACT, "--as", 1)
    return minted


def test_a_contract_signs_in_and_delegates_as_long_as_it_stands_by_its_signature(status: dict[str, Any], key: dict[str, Any]) -> None:
    urls = [node["url"] for node in status["nodes"]]
    body = {"toSign": [7] * 32, "pubkey": key["public_key"]}
    signed_in, delegated = by_contract("http://localhost"), by_contract()
    sessions = [session(now=time.time(), nodeAddress=url, capabilities=[delegated]) for url in urls]

    def answers() -> tuple[set[int], set[int]]:
        itself = ask_all_with(urls, [signed_in] * len(urls), body, path="/web/pkp/sign")
        by_session = ask_all(urls, sessions, body)
        return {code for code, _ in itself}, {code for code, _ in by_session}

    become(status, "")
    assert answers() == ({401}, {401})
    become(status, ECHO)
    assert answers() == ({200}, {200})
    become(status, LOOP)
    assert answers() == ({401}, {401})


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"chain_id": 1}, "own chain"), ({"said": "Other words."}, "does not call the signature its own"), ({"expires": -100.0}, "expired")],
)
def test_a_contracts_signature_counts_for_its_message_its_chain_and_its_time(
    status: dict[str, Any], key: dict[str, Any], fields: dict[str, Any], why: str
) -> None:
    become(status, ECHO)
    urls = [node["url"] for node in status["nodes"]]
    auth_sig = by_contract("http://localhost", **fields)
    if "said" in fields:
        auth_sig["sig"] = by_contract("http://localhost")["sig"]
    answers = ask_all_with(urls, [auth_sig] * len(urls), {"toSign": [8] * 32, "pubkey": key["public_key"]}, path="/web/pkp/sign")
    for code, answer in answers:
        assert (code, answer["errorCode"]) == (401, "NodeInvalidAuthSig")
        assert why in answer["message"]
