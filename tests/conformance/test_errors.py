"""Each refusal of a node, provoked for real and seen as the SDK's error, with what the node said in it.

The network here is one of its own: it has limits that a program can reach, neighbours that are not there, and it asks for capacity.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from eth_account import Account
from tests.conformance.conftest import NOWHERE_CID, Flow, Refusal, refusal
from tests.e2e.conftest import Place, votive

from votive.devnet import Devnet, configuration
from votive.devnet.plan import NodePlan, Plan
from votive.devnet.ports import choose
from votive.devnet.services import Service
from votive.terms.errors import ErrorCode

CROWD = 3
"""The account that asks more often than it may."""
PROVOKED: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "NodeInvalidAuthSig": dict.fromkeys(("forged", "ofAnotherNode", "expired"), (401, "Validation")),
    "NodeSIWEMessageError": {"noMessage": (400, "Parser")},
    "NodeUnboundAuthSig": {"bearer": (401, "Validation")},
    "unsupported_auth_sig": {"noSession": (400, "Validation")},
    "NodeInvalidAuthMethod": {"noToken": (401, "Validation"), "notOffered": (400, "Validation")},
    "NodeIdentityProviderError": {"unreachable": (502, "Unexpected")},
    "NodeAuthSigScopeTooLimited": dict.fromkeys(("stranger", "session", "narrow", "withdrawn"), (401, "Validation")),
    "NodeAccessControlConditionsReturnedNotAuthorized": {"stranger": (401, "Validation")},
    "NodeInvalidBlockhash": {"unknown": (502, "Validation")},
    "NodeBadInput": dict.fromkeys(("short", "reserved"), (400, "Validation")),
    "NodeUnknownKey": {"nobodys": (404, "Validation")},
    "NodeTooManyConditions": {"tooMany": (400, "Validation")},
    "NodeChainError": {"unreachable": (503, "Unexpected")},
    "NodeBodyTooLarge": {"large": (413, "Validation")},
    "NodeJsExecutionError": {"threw": (400, "Validation")},
    "NodeJsTimeoutError": {"busy": (502, "Validation")},
    "NodeJsMemoryLimitError": {"greedy": (502, "Validation")},
    "NodeJsLimitExceeded": {"verbose": (400, "Validation")},
    "NodeCodeTooLarge": {"long": (400, "Validation")},
    "NodeCidMismatch": {"another": (400, "Validation")},
    "NodeIpfsError": {"nowhere": (502, "Unexpected")},
    "NodeFetchRefused": {"home": (400, "Validation")},
    "NodeFetchFailed": {"nobodyThere": (502, "Unexpected")},
    "NodeDigestsDiffer": {"random": (400, "Validation")},
    "request_timeout": {"unheard": (408, "Timeout")},
    "NodeConcurrencyOverload": {"many": (429, "Unexpected")},
    "rate_limit_exceeded": {"signing": (400, "Validation"), "running": (402, "Validation")},
}
"""By code and occasion: HTTP status and kind, where Lit has the code the same as Lit's."""
IN_ABSENCE = {"NodeNotEnoughNodes": (503, "Unexpected"), "NodeKeyUnavailable": (503, "Unexpected")}
OF_LIARS_AND_DEFECTS = {"NodeSigningFailed", "NodeDecryptionFailed", "NodeInternalError"}
"""No honest node gives them unless others lie or it is broken: tests/network/test_liars.py, tests/node/test_api.py."""


@pytest.fixture(scope="module")
def dead_end() -> str:
    """An address of this machine where nobody listens."""
    return f"127.0.0.1:{choose(1)}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, dead_end: str) -> Iterator[Place]:
    """A network with tight limits."""
    place = Place(tmp_path_factory.mktemp("errors") / "network")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(configuration, "settings", tight(configuration.settings, dead_end))
            asyncio.run(Devnet.up(place.directory, nodes=4))
        yield place
    finally:
        votive("down", "--directory", place.directory)


def tight(usual: Callable[[Plan, NodePlan], Mapping[str, Mapping[str, Any]]], dead_end: str) -> Callable[[Plan, NodePlan], Any]:
    """The usual configuration of a node with limits of these tests."""

    def settings(plan: Plan, node: NodePlan) -> Mapping[str, Mapping[str, Any]]:
        tables = usual(plan, node)
        return {
            **tables,
            "http": {**tables["http"], "request_seconds": 7.0},
            "limits": {"concurrent_requests": 4},
            "limits.action": {"time_seconds": 3.0, "memory_bytes": 128 * 1024 * 1024, "code_bytes": 4096},
            "capacity": {"ask": True, "free_per_kilosecond": 60},
            "auth": {"accept_bearer_authsig": False},
            "auth.introspection.discord": {**tables["auth.introspection.discord"], "url": f"http://{dead_end}/"},
            "chains.polygon": {"rpc_urls": [f"http://{dead_end}"], "chain_id": 137},
            "fetch": {"allow": [dead_end]},
        }

    return settings


@pytest.fixture(scope="module")
def network(place: Place, dead_end: str) -> dict[str, Any]:
    """What the programs are told of it."""
    config, status = place.run("lit-config"), place.run("status")
    keys = [account["private_key"] for account in status["accounts"]]
    return {
        **config,
        "client": config["client"] | {"debug": False},
        "deployed": status["contracts"],
        "issuer": status["issuer"]["url"],
        "accounts": keys[:CROWD],
        "crowd": keys[CROWD],
        "nodes": [node["url"] for node in status["nodes"]],
        "key": place.run("key", "mint"),
        "nowhere_cid": NOWHERE_CID,
        "dead_end": dead_end,
    }


def said_by_a_node(error: Refusal) -> dict[str, Any]:
    """The node's whole answer, which the SDK puts into its message."""
    response, _ = json.JSONDecoder().raw_decode(error.message.partition("Response from the nodes: ")[2])
    answer: dict[str, Any] = response["error"]
    return answer


def seen_as_node_error(error: Refusal, code: str, status: int, kind: str) -> None:
    """Check that the SDK's error is a NodeError with the node's code and words, and the answer in it what it should be."""
    assert (error.name, error.error_code) == ("NodeError", code), error
    assert error.info is not None
    answer = said_by_a_node(error)
    assert (answer["errorCode"], answer["status"], answer["errorKind"], answer["message"]) == (code, status, kind, error.said)
    assert answer["correlationId"] == f"lit_{error.info['requestId']}"


def test_every_refusal_of_a_node_is_a_node_error_of_the_sdk_with_its_code(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found = run("errors.mjs")
    own, served, delegated = found.pop("own"), found.pop("served"), found.pop("delegated")
    assert {code: set(occasions) for code, occasions in found.items()} == {code: set(occasions) for code, occasions in PROVOKED.items()}
    for code, occasions in PROVOKED.items():
        for occasion, (status, kind) in occasions.items():
            seen_as_node_error(refusal(found[code][occasion]), code, status, kind)
    assert said_by_a_node(refusal(found["NodeJsExecutionError"]["threw"]))["success"] is False
    assert found["rate_limit_exceeded"]["running"]["info"]["message"].startswith("Rate limit exceeded.  Try again at 20")
    assert delegated == Account.from_key(network["crowd"]).address, "who asked too much goes on by another's capacity"
    assert 0 < served < 10
    assert {name: error["name"] for name, error in own.items()} == {name: name for name in own}


async def test_nodes_that_are_silent_or_gone_or_starting_are_told_apart(
    start: Callable[[str], Flow], place: Place, network: dict[str, Any]
) -> None:
    """The last test of this network: it leaves two nodes and the chain as they are."""
    devnet, flow = Devnet.open(place.directory), start("absent.mjs")
    chain, *_, starting = devnet.services()
    flow.paused()
    devnet.kill_node(2, signal.SIGSTOP)
    flow.resume()
    flow.paused()
    devnet.kill_node(2, signal.SIGCONT)
    devnet.kill_node(3)
    devnet.kill_node(4)
    flow.resume()
    flow.paused()
    with stopped(chain):
        starting.start()
        await until_it_listens(network["nodes"][3])
        found = flow.found("\n")
    assert (found["InitError"]["name"], "after timeout of 1500ms" in found["InitError"]["message"]) == ("InitError", True)
    assert (found["ended"]["name"], found["ended"]["info"].get("errorCode")) == ("NodeError", None)
    for code, (status, kind) in IN_ABSENCE.items():
        seen_as_node_error(refusal(found[code]), code, status, kind)


@contextmanager
def stopped(service: Service) -> Iterator[None]:
    """Hold a process of the network for as long as the block runs."""
    process = service.process()
    assert process is not None
    process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send(signal.SIGCONT)


async def until_it_listens(url: str) -> None:
    """Wait until something listens at ``url``."""
    host, port = url.removeprefix("http://").split(":")
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        await asyncio.sleep(0.02)


def test_no_code_of_a_node_is_left_out() -> None:
    codes = {str(code) for code in ErrorCode if not code.startswith(("Client", "Devnet"))}
    assert PROVOKED.keys() | IN_ABSENCE.keys() | OF_LIARS_AND_DEFECTS == codes
