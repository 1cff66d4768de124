"""Lit's SDK in a browser: a page of the development network's gateway speaks to nodes and chain, which are other origins to it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_keys import keys
from eth_utils import keccak
from tests.conformance.conftest import Sdk, refusal
from tests.conformance.visitor import STRAYED, VISIT_SECONDS, Visitor, own_origin, page, publish, why_not
from tests.e2e.conftest import Place

TOLD = ("client", "condition_chain", "blockhash_url", "key", "deployed")


@pytest.fixture
def visitor(sdk: Sdk, network: dict[str, Any], tmp_path: Path) -> Visitor:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)  # the packaged Chromium is for Linux on x86-64 only, as README says
    wallet = {"rpcUrl": network["client"]["rpcUrl"], "address": network["addresses"][0]}
    return Visitor(sdk.node, tmp_path, wallet, tuple(network["nodes"]))


@pytest.fixture(scope="session")
def gateway(place: Place) -> str:
    return str(place.run("status")["ipfs"]["gateway"])


def test_a_page_connects_signs_runs_and_decrypts(visitor: Visitor, network: dict[str, Any], gateway: str) -> None:
    told = {name: network[name] for name in TOLD}
    [seen] = visitor.visit(f"{gateway}/ipfs/{publish(gateway, page(visitor.node, 'wallet.mjs', told))}/")
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
    assert seen.hosts("OPTIONS") == seen.hosts("POST") == others


def test_a_passkey_made_in_a_browser_opens_a_session_of_its_key(visitor: Visitor, network: dict[str, Any], gateway: str) -> None:
    told = {name: network[name] for name in TOLD}
    origin = own_origin(gateway, publish(gateway, page(visitor.node, "passkey.mjs", told)))  # an address is no relying party
    [seen] = visitor.visit(f"{origin}/")
    assert seen.state == "done", (seen.result, seen.said)
    found = seen.result

    assert found["origin"] == origin
    key = keys.PublicKey(bytes.fromhex(found["publicKey"][4:]))
    digest = keccak(text="signed by a passkey")
    assert found["digest"] == f"0x{digest.hex()}"
    assert Account._recover_hash(digest, signature=found["signature"]) == key.to_checksum_address()
    assert found["decrypted"] == "for the key of a passkey"
    assert refusal(found["refused"]).error_code == "NodeInvalidAuthMethod"


def test_a_page_at_its_own_origin_shares_nothing_and_publishes_nothing(visitor: Visitor, gateway: str) -> None:
    first = publish(gateway, page(visitor.node, "neighbour.mjs", {"gateway": gateway}))
    shared = f"{gateway}/ipfs/{first}/"
    own = own_origin(gateway, first) + "/"
    second = publish(gateway, page(visitor.node, "neighbour.mjs", {"gateway": gateway, "neighbour": own}))
    third = publish(gateway, page(visitor.node, "neighbour.mjs", {"gateway": gateway, "neighbour": shared}))

    visits = visitor.visit(own, own_origin(gateway, second) + "/", shared, f"{gateway}/ipfs/{third}/")
    assert [set(seen.statuses("POST")) for seen in visits] == [{403}, {403}, {200}, {200}]
    alone, beside, first_by_path, third_by_path = (seen.result for seen in visits)
    assert alone == {"origin": own_origin(gateway, first), "stored": None, "embedded": None, "publishing": "refused"}
    assert beside == {"origin": own_origin(gateway, second), "stored": None, "embedded": "SecurityError", "publishing": "refused"}
    # Below 127.0.0.1 all pages are one origin, and one with whoever publishes there.
    assert first_by_path == {"origin": gateway, "stored": None, "embedded": None, "publishing": 200}
    assert third_by_path == {"origin": gateway, "stored": f"of {shared}", "embedded": f"of {shared}", "publishing": 200}


def test_a_page_that_leaves_this_machine_reaches_nobody_and_is_told_of(visitor: Visitor, gateway: str) -> None:
    cid = publish(gateway, page(visitor.node, "stray.mjs", {}))
    [seen] = visitor.visit(f"{gateway}/ipfs/{cid}/", status=STRAYED)
    assert seen.result == dict.fromkeys(("address", "name", "socket", "image"), "failed")
    assert seen.strayed == [
        "http://192.0.2.1/",
        "https://example.com/",
        "ws://socket.example.com/",
        "https://image.example.com/a.png",
    ]


async def test_a_browser_ends_with_who_started_it(visitor: Visitor, gateway: str) -> None:
    process = visitor.start(f"{gateway}/ipfs/{publish(gateway, {'index.html': b'<p id=state><p id=result>'})}/")
    try:
        assert process.stdout is not None
        browser = json.loads(await asyncio.to_thread(process.stdout.readline))["browser"]
        started = [browser, *descendants(browser)]
        assert len(started) > 1
    finally:
        process.kill()
        process.communicate()
    async with asyncio.timeout(VISIT_SECONDS):
        while any(runs(pid) for pid in started):
            await asyncio.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    children = [int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if parent(stat) == pid]
    return [each for child in children for each in (child, *descendants(child))]


def parent(stat: Path) -> int | None:
    """The parent of a process (proc_pid_stat(5)); None if it has ended."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def runs(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
