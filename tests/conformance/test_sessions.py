"""Session signatures of a wallet, of a person's and of a contract's."""

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


def test_a_contract_wallet_opens_sessions_as_long_as_it_calls_the_signature_its_own_and_the_chain_permits_it(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found = run("contract_wallet.mjs")
    assert found["recovered"] == network["key"]["eth_address"]
    assert found["ran"] == found["address"]
    refused = {name: refusal(found[name]) for name in ("beforeIsPermitted", "anotherSigner", "anotherChain", "noContract", "afterwards")}
    assert {error.name for error in refused.values()} == {"NodeError"}
    assert {name: error.error_code for name, error in refused.items()} == {
        "beforeIsPermitted": "NodeAuthSigScopeTooLimited",
        "anotherSigner": "NodeInvalidAuthSig",
        "anotherChain": "NodeInvalidAuthSig",
        "noContract": "NodeInvalidAuthSig",
        "afterwards": "NodeAuthSigScopeTooLimited",
    }
    assert "does not call the signature its own" in refused["anotherSigner"].said
    assert "names the chain 1" in refused["anotherChain"].said
    assert "there is no contract" in refused["noContract"].said
