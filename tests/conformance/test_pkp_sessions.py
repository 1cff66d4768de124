"""getPkpSessionSigs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import refusal


def test_whoever_the_chain_permits_opens_a_session_of_the_key_that_signs_decrypts_and_runs(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found, address = run("pkp_sessions.mjs"), network["key"]["eth_address"]
    used = {"signed": address, "decrypted": "for the key itself", "ran": address}
    refused = {name: refusal(error) for name, error in found.pop("refused").items()}
    assert found == dict.fromkeys(("wallet", "token", "action", "cid"), used)
    assert {name: (error.name, error.error_code) for name, error in refused.items()} == {
        "wallet": ("NodeError", "NodeAuthSigScopeTooLimited"),
        "token": ("NodeError", "NodeAuthSigScopeTooLimited"),
        "action": ("NodeError", "NodeInvalidAuthMethod"),
        "forgedToken": ("NodeError", "NodeInvalidAuthMethod"),
    }
