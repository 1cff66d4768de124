"""Session signatures of a wallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import refusal


def test_session_signatures_reach_what_they_were_made_for_and_nothing_else(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found, public_key = run("sessions.mjs"), network["key"]["public_key"].removeprefix("0x")
    assert found["nodes"] == network["nodes"]
    assert found["ran"] == network["addresses"][0]
    assert found["signed"] == dict.fromkeys(("everything", "signsOnly", "oneKey", "delegated"), public_key)
    assert found["capabilities"] == 2
    refused = {name: refusal(error) for name, error in found["refused"].items()}
    assert refused.keys() == {"signWithRunsOnly", "runWithSignsOnly", "anotherKey", "anotherAction"}
    assert {error.name for error in refused.values()} == {"NodeError"}
    assert {error.error_code for error in refused.values()} == {"NodeAuthSigScopeTooLimited"}
