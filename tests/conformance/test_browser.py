"""Lit's SDK in a browser: a page of the development network's gateway speaks to nodes and chain, which are other origins to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak
from tests.conformance.visitor import PAGES, Visitor, bundle, publish, why_not
from tests.conformance.conftest import Sdk, refusal
from tests.e2e.conftest import Place

INDEX = PAGES / "index.html"


@pytest.fixture
def visitor(sdk: Sdk, network: dict[str, Any], tmp_path: Path) -> Visitor:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    wallet = {"rpcUrl": network["client"]["rpcUrl"], "address": network["addresses"][0]}
    return Visitor(sdk.node, tmp_path, wallet, tuple(network["nodes"]))


@pytest.fixture(scope="session")
def gateway(place: Place) -> str:
    return str(place.run("status")["ipfs"]["gateway"])


def test_a_page_connects_signs_runs_and_decrypts(visitor: Visitor, network: dict[str, Any], gateway: str) -> None:
    told = {name: network[name] for name in ("client", "condition_chain", "blockhash_url", "key")}
    files = {
        "index.html": INDEX.read_bytes(),
        "page.js": bundle(visitor.node, "page.mjs"),
        "network.json": json.dumps(told).encode(),
    }
    seen = visitor.visit(f"{gateway}/ipfs/{publish(gateway, files)}/")
    assert seen.state == "done", (seen.result, seen.said)
    found = seen.result

    assert found["origin"] == gateway
    assert found["address"] == network["addresses"][0]
    digest = keccak(text="signed in a browser")
    assert found["digest"] == f"0x{digest.hex()}"
    recovered = {Account._recover_hash(digest, signature=found[name]) for name in ("signature", "actionSignature")}
    assert recovered == {network["key"]["eth_address"]}
    assert found["response"] == {"caller": network["addresses"][0]}
    assert found["decrypted"] == "read in a browser ✓"
    assert re.fullmatch("0x[0-9a-f]{64}", found["blockhash"])
    refused = refusal(found["refused"])
    assert (refused.name, refused.error_code) == ("NodeError", "NodeAuthSigScopeTooLimited")

    # Nodes and chain are other origins, so the browser asked each of them first.
    others = {*network["nodes"], network["client"]["rpcUrl"]}
    assert seen.hosts("OPTIONS") == others
    assert seen.hosts("POST") == others
    assert seen.strayed == []
