"""Session signatures on real nodes: each node takes its own and no other, and what a session may not do is refused by all."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from eth_account import Account
from tests.auth.sessions import SIGNING, Siwe, by_wallet, requests, session
from tests.e2e.conftest import Place

from votive.auth import AuthSig
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.ethereum import personal_digest


@pytest.fixture(scope="module")
def key(place: Place) -> dict[str, Any]:
    """A key of account 1."""
    minted: dict[str, Any] = place.run("key", "mint", "--as", 1)
    return minted


def signed_for(url: str, status: dict[str, Any], account: int = 1, rights: Capabilities = SIGNING, **fields: Any) -> AuthSig:
    """A session signature for one node, by a development account."""
    now, wallet = time.time(), Account.from_key(status["accounts"][account]["private_key"])
    capability = by_wallet(Siwe(rights, address=wallet.address, now=now).message(), wallet)
    return session(now=now, capabilities=[capability], nodeAddress=url, **fields)


def post(url: str, body: dict[str, Any], request_id: str, path: str = "/web/pkp/sign/v1") -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ask_all(urls: list[str], auth_sigs: list[AuthSig], body: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """Ask every node at the same time, each with the session signature at its place."""
    return ask_all_with(urls, [msgspec.to_builtins(auth_sig) for auth_sig in auth_sigs], body, path="/web/pkp/sign/v1")


def ask_all_with(urls: list[str], auth_sigs: list[dict[str, Any]], body: dict[str, Any], *, path: str) -> list[tuple[int, dict[str, Any]]]:
    """Ask every node at the same time, each with the AuthSig at its place, by one request id."""
    request_id = f"lit_{secrets.token_hex(8)}"
    bodies = [body | {"authSig": auth_sig} for auth_sig in auth_sigs]
    with ThreadPoolExecutor(len(urls)) as pool:
        return list(pool.map(post, urls, bodies, [request_id] * len(urls), [path] * len(urls)))


def test_every_node_takes_the_signature_for_itself_and_no_other(status: dict[str, Any], key: dict[str, Any]) -> None:
    urls = [node["url"] for node in status["nodes"]]
    auth_sigs = [signed_for(url, status) for url in urls]
    body = {"toSign": list(range(32)), "pubkey": key["public_key"]}
    for shift in range(len(urls)):
        answers = ask_all(urls, auth_sigs[shift:] + auth_sigs[:shift], body)
        if shift == 0:
            assert {code for code, _ in answers} == {200}
        else:
            assert {(code, answer["errorCode"]) for code, answer in answers} == {(401, "NodeInvalidAuthSig")}


def test_a_session_signs_what_it_was_given_and_the_nodes_say_what_it_lacks(status: dict[str, Any], key: dict[str, Any]) -> None:
    urls = [node["url"] for node in status["nodes"]]
    token = int(key["token_id"], 16)
    message = {"message": "0x" + b"Hello World".hex(), "pubkey": key["public_key"]}
    asked = requests(("pkp-signing", "lit-pkp", "*"))
    for one, expected in ((token, 200), (token + 1, 401)):
        rights = Capabilities.of((Ability.PKP_SIGNING, Resource.pkp(one)))
        answers = ask_all(urls, [signed_for(url, status, rights=rights, resourceAbilityRequests=asked) for url in urls], message)
        assert {code for code, _ in answers} == {expected}
        if expected == 200:
            assert bytes(answers[0][1]["signedData"]) == personal_digest(b"Hello World")
        else:
            (tree,) = answers[0][1]["details"]
            assert f"{one:064x}" in tree["alternatives"][0]["seen"]


def test_a_session_of_somebody_else_is_refused_with_every_alternative(status: dict[str, Any], key: dict[str, Any]) -> None:
    urls = [node["url"] for node in status["nodes"]]
    answers = ask_all(urls, [signed_for(url, status, account=2) for url in urls], {"toSign": [1] * 32, "pubkey": key["public_key"]})
    for code, answer in answers:
        assert (code, answer["errorCode"]) == (401, "NodeAuthSigScopeTooLimited")
        assert [alternative["permits"] for alternative in answer["details"][0]["alternatives"]] == [False, False]
