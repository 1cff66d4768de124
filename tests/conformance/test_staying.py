"""Programs that take minutes: they run beside all other tests here, begin first, and are judged last."""

from __future__ import annotations

from typing import Any

from tests.conformance.conftest import LONG_SECONDS, STAYING_SECONDS, Flow, refusal

SDK_ASKS_AGAIN = 30
"""Seconds for which Lit's SDK uses the block hash of its handshake."""
STARTING = {"NodeKeyUnavailable", "NodeNotEnoughNodes"}
"""What nodes say while one of them only begins."""


def test_programs_that_take_long_begin_before_all_else(long: dict[str, Flow]) -> None:
    assert all(flow.running for flow in long.values())


def test_an_action_that_never_ends_is_ended_at_its_limit_and_the_sdk_says_so(long: dict[str, Flow]) -> None:
    error = refusal(long["timeout"].found()["error"])
    assert (error.name, error.error_code) == ("NodeError", "NodeJsTimeoutError")
    assert "limit of 30 s" in error.said


def test_a_client_that_stays_connected_works_on_by_the_block_hashes_of_the_nodes(long: dict[str, Flow], network: dict[str, Any]) -> None:
    flow = long["staying"]
    found = flow.found(seconds=LONG_SECONDS)
    assert found["seconds"] >= STAYING_SECONDS
    assert found["ready"]
    assert found["nodes"] == network["nodes"]
    rounds = found["rounds"]
    assert len(rounds) >= 5
    assert all(done["signed"] and done["decrypted"] and done["ran"] for done in rounds)

    told = {answer.json["blockhash"] for answer in flow.answers if answer.endpoint == "/get_most_recent_valid_block"}
    assert rounds[0]["nonce"] == found["handshake"]
    assert told >= {done["nonce"] for done in rounds if done["at"] > SDK_ASKS_AGAIN}
    assert len(told) > 1, "a chain that goes on has other blocks"

    assert found["polls"] > 0
    assert not found["polling"], "a client that was disconnected leaves nothing running"
    strange = [failure for failure in found["failures"] if not of_a_node_away(failure)]
    assert not strange, "only nodes that were killed, or began"


def of_a_node_away(failure: dict[str, Any]) -> bool:
    """Whether the SDK says that a node gave no answer, or that it only begins."""
    silent = failure["code"] is None and (failure["name"] == "NodeError" or "fetch failed" in failure["message"])
    return silent or failure["code"] in STARTING
