"""Networks come up, go down and come back; several live side by side; nobody else's process is touched."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Place, votive
from tests.e2e.facts import check_signature, parent_of, processes_in

import votive as sdk

DIGEST = "0x" + "a5" * 32
STATUS = {"version", "chain", "contracts", "threshold", "nodes", "ipfs", "keys", "issuer", "accounts"}
CONTRACTS = {
    "ContractResolver",
    "Staking",
    "PKPNFT",
    "PKPPermissions",
    "PubkeyRouter",
    "PKPHelper",
    "RateLimitNFT",
    "Allowlist",
    "LITToken",
    "Multisender",
    "PKPNFTMetadata",
    "StakingBalances",
    "HDKeyDeriver",
}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A second network, beside the first, that tests may end."""
    other = Place(tmp_path_factory.mktemp("other") / "network")
    try:
        other.run("up")
        yield other
    finally:
        votive("down", "--directory", other.directory)


def pids(status: dict[str, Any]) -> list[int | None]:
    return [status["chain"]["pid"], status["ipfs"]["pid"], status["issuer"]["pid"], *(node["pid"] for node in status["nodes"])]


def states(status: dict[str, Any]) -> list[str]:
    return [node["state"] for node in status["nodes"]]


def test_status_is_as_promised(place: Place) -> None:
    status = place.run("status")
    assert status.keys() == STATUS
    assert status["chain"].keys() == {"name", "rpc_url", "chain_id", "pid"}
    assert status["chain"]["chain_id"] == 31337
    assert status["contracts"].keys() == CONTRACTS
    assert status["threshold"] == 3
    assert [node["index"] for node in status["nodes"]] == [1, 2, 3, 4]
    assert all(node.keys() == {"index", "url", "pid", "state"} for node in status["nodes"])
    assert all(node["url"].startswith("http://127.0.0.1:") for node in status["nodes"])
    assert states(status) == ["serving"] * 4
    assert status["ipfs"].keys() == {"gateway", "api", "pid"}
    assert status["keys"].keys() == {"encryption", "session"}
    assert all(re.fullmatch("0x[89ab][0-9a-f]{95}", key) for key in status["keys"].values())  # compressed points of G1
    assert all(account.keys() == {"address", "private_key"} for account in status["accounts"])
    assert len(set(pids(status))) == 7
    running, nodes = set(processes_in(place.directory)), {node["pid"] for node in status["nodes"]}
    assert running >= set(pids(status))
    assert {parent_of(pid) for pid in running - set(pids(status))} <= nodes | {None}  # the sandboxes that nodes keep ready


def test_the_accounts_are_funded_and_no_nodes_wallet_is_among_them(place: Place) -> None:
    status = place.run("status")
    wallets = {json.loads(ask(f"{node['url']}/votive/network"))["nodes"][0]["address"] for node in status["nodes"]}
    assert wallets.isdisjoint(account["address"] for account in status["accounts"])
    for account in status["accounts"]:
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [account["address"], "latest"]}
        assert int(json.loads(ask(status["chain"]["rpc_url"], call))["result"], 16) > 10**18


def ask(url: str, body: object = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        raw: bytes = answer.read()
    return raw


def test_up_on_a_running_network_starts_nothing(place: Place) -> None:
    before = place.run("status")
    assert place.run("up", "--nodes", 4) == before
    error = place.refused("up", "--nodes", 5)
    assert "has 4 nodes, not 5" in error["message"]


def test_networks_live_side_by_side(place: Place, other: Place) -> None:
    ours, theirs = place.run("status"), other.run("status")
    assert set(pids(ours)).isdisjoint(pids(theirs))
    assert ours["contracts"] != theirs["contracts"]
    key = place.run("key", "mint")
    assert other.refused("key", "sign", key["token_id"], "--digest", DIGEST)["errorCode"] == "NodeUnknownKey"


def test_down_and_up_keeps_keys_ports_and_the_other_network(place: Place, other: Place) -> None:
    before, key = other.run("status"), other.run("key", "mint")
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", str(other.directory)])
    try:
        ended = other.run("down")
        assert set(ended["ended"]) == {"chain", "ipfs", "issuer", "node 1", "node 2", "node 3", "node 4"}
        assert processes_in(other.directory) == [bystander.pid]
        down = other.run("status")
        assert (pids(down), states(down)) == ([None] * 7, ["down"] * 4)
        assert other.run("down")["ended"] == []
        assert place.run("status")["nodes"][0]["state"] == "serving"
        after = other.run("up")
    finally:
        bystander.kill()
        bystander.wait()
    same = ("contracts", "threshold", "accounts", "version")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert [node["url"] for node in after["nodes"]] == [node["url"] for node in before["nodes"]]
    signed = other.run("key", "sign", key["token_id"], "--digest", DIGEST)
    check_signature(signed, key["public_key"])


def test_a_killed_node_stays_down_until_up_which_starts_only_that(other: Place) -> None:
    before = other.run("status")
    os.kill(before["nodes"][2]["pid"], signal.SIGKILL)
    assert until_down(other, 3)["nodes"][2] == {**before["nodes"][2], "pid": None, "state": "down"}
    key = other.run("key", "mint")
    signed = other.run("key", "sign", key["token_id"], "--digest", DIGEST)
    check_signature(signed, key["public_key"])
    assert signed["nodes"] == [1, 2, 4]
    after = other.run("up")
    assert states(after) == ["serving"] * 4
    killed = before["nodes"][2]["pid"]
    assert [pid for pid, old in zip(pids(after), pids(before), strict=True) if pid == old] == [pid for pid in pids(before) if pid != killed]


def until_down(place: Place, seat: int) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while True:
        status: dict[str, Any] = place.run("status")
        if status["nodes"][seat - 1]["state"] == "down":
            return status
        assert time.monotonic() < deadline


def test_a_port_taken_meanwhile_is_named_with_its_process_and_nothing_is_left(other: Place) -> None:
    port = int(other.run("status")["nodes"][1]["url"].rpartition(":")[2])
    other.run("down")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", port))
        thief.listen()
        error = other.refused("up")
    assert error["errorCode"] == "DevnetPortInUse"
    assert f"port {port} " in error["message"]
    assert f"process {os.getpid()}" in error["message"]
    assert processes_in(other.directory) == []
    assert states(other.run("up")) == ["serving"] * 4


def test_a_base_port_that_is_taken_is_an_error(place: Place, tmp_path: Path) -> None:
    taken = int(place.run("status")["nodes"][0]["url"].rpartition(":")[2])
    error = Place(tmp_path / "new").refused("up", "--port", taken)
    assert error["errorCode"] == "DevnetPortInUse"
    assert "votive.node" in error["message"]


INTERRUPTIBLE = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); runpy.run_module('votive.cli', run_name='__main__')"
)
"""A shell's background jobs ignore interrupts, and whatever they start does so too."""


def test_an_interrupted_up_leaves_no_process(tmp_path: Path) -> None:
    up = subprocess.Popen([sys.executable, "-c", INTERRUPTIBLE, "up", "--directory", str(tmp_path)], stderr=subprocess.PIPE, text=True)
    assert up.stderr is not None
    try:
        with up.stderr as said:
            assert any("starting" in line and "node 1" in line for line in said)
            up.send_signal(signal.SIGINT)
            assert "Stopped: what was started has been ended. The next `votive up` completes" in said.read()
            assert up.wait(timeout=30) == 130
        assert processes_in(tmp_path) == []
        assert states(Place(tmp_path).run("up")) == ["serving"] * 4
    finally:
        votive("down", "--directory", tmp_path)  # a test that fails leaves none either


def test_anvil_missing_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = votive("up", "--directory", tmp_path, "--json", env={**os.environ, "VOTIVE_ANVIL": str(tmp_path / "absent")})
    assert done.returncode == 1
    error = json.loads(done.stdout)
    assert error["errorCode"] == "DevnetAnvilMissing"
    assert "VOTIVE_ANVIL" in error["message"]


def test_logs_show_every_process(place: Place) -> None:
    done = votive("logs", "--directory", place.directory, "--json", "--lines", 3)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["source"] for line in lines} >= {"node 1", "node 2", "node 3", "node 4"}
    only = votive("logs", "2", "--directory", place.directory, "--lines", 1).stdout
    assert only.splitlines()[0].strip().startswith("node 2")


async def test_the_sdk_takes_the_first_node_that_answers(status: dict[str, Any]) -> None:
    account = status["accounts"][4]["private_key"]
    async with sdk.connect(["http://127.0.0.1:9", status["nodes"][1]["url"]]) as network:
        pkp = await network.mint(account=account)
        results = await asyncio.gather(*(network.sign(pkp.token_id, bytes([number]) * 32, account=account) for number in range(1, 5)))
    assert all(result.signature.verify() for result in results)
    assert len({result.request_id for result in results}) == 4


async def test_a_node_of_another_network_is_noticed(status: dict[str, Any]) -> None:
    url = status["nodes"][0]["url"]
    with pytest.raises(sdk.client.WrongNetwork):
        async with sdk.connect(url, resolver="0x" + "ab" * 20):
            raise AssertionError("connected")
    with pytest.raises(sdk.client.Unreachable, match="chain"):
        async with sdk.connect(url, rpc_url="http://127.0.0.1:9"):
            raise AssertionError("connected")
