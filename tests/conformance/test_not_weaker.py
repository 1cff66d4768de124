"""Attacks through the SDK's own interface: each is refused, and what an honest application does in the same place goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.conformance.conftest import Refusal, Sdk, launch, refusal
from tests.conformance.test_claims import NOT_GRANTED, reverted

TOO_LIMITED = "NodeAuthSigScopeTooLimited"
FORGED = "NodeInvalidAuthSig"


@pytest.fixture(scope="module")
def attacked(sdk: Sdk, network: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the attacks came to."""
    flow = launch(sdk, network, tmp_path_factory.mktemp("attacks") / "flow", "attacks.mjs")
    try:
        yield flow.found()
    finally:
        flow.end()


def refusals(found: Mapping[str, Any]) -> dict[str, Refusal]:
    """The errors among what was found."""
    return {name: refusal(one) for name, one in found.items() if isinstance(one, dict) and "message" in one}


def test_a_session_reaches_no_further_than_what_its_owner_signed_in_words_that_he_saw(
    network: Mapping[str, Any], attacked: dict[str, Any]
) -> None:
    found = attacked["broad"]
    assert found["honest"] == network["key"]["public_key"]
    assert {name: (error.name, error.error_code) for name, error in refusals(found).items()} == {
        "beyondItsCapability": ("NodeError", TOO_LIMITED),
        "anyAbilityElsewhere": ("NodeError", TOO_LIMITED),
        "anyResource": ("NodeError", TOO_LIMITED),
        "untold": ("NodeError", FORGED),
        "context": ("NodeError", FORGED),
        "stolen": ("NodeError", FORGED),
        "throughAnAction": ("NodeError", TOO_LIMITED),
    }


def test_a_session_signature_counts_at_the_one_node_that_it_names(network: Mapping[str, Any], attacked: dict[str, Any]) -> None:
    seats = range(len(network["nodes"]))
    assert attacked["replayed"] == [[None if here == signed_for else FORGED for signed_for in seats] for here in seats]


def test_a_name_of_two_requests_mixes_nothing_up(network: Mapping[str, Any], attacked: dict[str, Any]) -> None:
    assert attacked["sameName"] == {"again": True, "signers": [network["key"]["eth_address"]] * 2}


def test_a_burned_key_signs_for_nobody_who_owned_it_whatever_sessions_he_has(attacked: dict[str, Any]) -> None:
    found = attacked["burned"]
    assert found["honest"] == [found["publicKey"]] * 2
    errors = refusals(found)
    assert {name: errors[name].error_code for name in ("owner", "session")} == dict.fromkeys(("owner", "session"), TOO_LIMITED)
    assert errors["grant"].name == "TransactionError"


def test_a_right_that_was_taken_away_does_not_come_back_with_another(attacked: dict[str, Any]) -> None:
    found = attacked["stale"]
    assert found["honest"] == found["publicKey"]
    assert {name: error.error_code for name, error in refusals(found).items()} == dict.fromkeys(("without", "personal"), TOO_LIMITED)


def test_one_node_is_one_voice_in_a_claim_in_whatever_form_it_speaks(attacked: dict[str, Any]) -> None:
    found = attacked["duplicates"]
    assert found["honest"]
    assert {name: reverted(error) for name, error in refusals(found).items()} == dict.fromkeys(("one", "twins", "few", "none"), NOT_GRANTED)


def test_no_name_of_a_key_can_be_taken_for_another(attacked: dict[str, Any]) -> None:
    found = attacked["confused"]
    ids = [*found["actions"], *found["users"]]
    assert len(set(ids)) == 4
    said = {name: error.info["responseData"]["error"] for name, error in refusals(found).items() if error.info is not None}
    assert {name: answer["errorCode"] for name, answer in said.items()} == dict.fromkeys(
        ("userAsAction", "userWithColon"), "NodeInvalidAuthMethod"
    )
