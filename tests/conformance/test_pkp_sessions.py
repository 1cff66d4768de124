"""getPkpSessionSigs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_keys import keys
from tests.conformance.conftest import Flow, refusal

SCOPE, METHOD = ("NodeError", "NodeAuthSigScopeTooLimited"), ("NodeError", "NodeInvalidAuthMethod")
OPENED = ("wallet", "token", "apple", "google", "discord", "action", "litAction", "cid")
REFUSED = {
    "wallet": SCOPE,
    "token": SCOPE,
    "accessToken": SCOPE,
    "action": METHOD,
    "forgedToken": METHOD,
    "passkeyOfAnotherKey": METHOD,
    "passkeyWithAnotherSecret": METHOD,
    "passkeyOverNoBlock": METHOD,
    "signWithAnotherKey": SCOPE,
}


def test_whoever_the_chain_permits_opens_a_session_of_the_key_that_signs_decrypts_and_runs(
    start: Callable[[str], Flow], network: dict[str, Any]
) -> None:
    flow = start("pkp_sessions.mjs")
    found = flow.found()
    refused = {name: refusal(error) for name, error in found["refused"].items()}
    assert {name: (error.name, error.error_code) for name, error in refused.items()} == REFUSED
    assert {name: found[name] for name in OPENED} == dict.fromkeys(OPENED, used(network["key"]["eth_address"]))

    own = found["own"]
    assert own["passkey"] == own["expected"]
    assert own["address"] == keys.PublicKey(bytes.fromhex(own["publicKey"][4:])).to_checksum_address() != network["key"]["eth_address"]
    assert found["passkey"] == used(own["address"])

    assert f"0x{found['networkKey']}" == network["session_key"]
    rounds = {answer.request_id for answer in flow.answers if answer.endpoint == "/web/sign_session_key"}
    assert len(rounds) == len(OPENED) + 1 + len(REFUSED) - 1, "the SDK verifies a session that it was given, and so asks for each once"


def used(address: str) -> dict[str, str]:
    """What a session of the key with this address does."""
    return {"signed": address, "decrypted": "for the key itself", "ran": address}
