"""The interface is locked: whatever others call or listen to stays as it is.

``abi_lock.json`` holds, for each contract, what Lit's clients know ("lit", from Lit's public documentation and packages) and what
is ours ("votive"). A change here is a decision, to be written into the lock by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from tests.contracts.evm import signature_of, type_of

from votive.chain.artifact import CONTRACT_NAMES, artifact

LOCK: dict[str, Any] = json.loads((Path(__file__).parent / "abi_lock.json").read_text())


def _locked(name: str, kind: str) -> dict[str, Any]:
    return LOCK[name]["lit"][kind] | LOCK[name]["votive"][kind]


def _event(entry: dict[str, Any]) -> str:
    parameters = (type_of(p) + (" indexed" if p["indexed"] else "") for p in entry["inputs"])
    return f"{entry['name']}({','.join(parameters)})"


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_functions_are_exactly_the_locked_ones(name: str) -> None:
    found = {
        signature_of(entry): {
            "selector": "0x" + keccak(text=signature_of(entry))[:4].hex(),
            "returns": [type_of(output) for output in entry["outputs"]],
            "mutability": entry["stateMutability"],
        }
        for entry in artifact(name).abi
        if entry["type"] == "function"
    }
    assert found == _locked(name, "functions")


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_events_are_exactly_the_locked_ones(name: str) -> None:
    found = {
        _event(entry): "0x" + keccak(text=_event(entry).replace(" indexed", "")).hex()
        for entry in artifact(name).abi
        if entry["type"] == "event"
    }
    assert found == _locked(name, "events")


def test_selectors_and_topics_that_were_seen_on_the_wire_are_the_locked_ones() -> None:
    """Values from elsewhere than our own hashing: what Lit's SDK was seen to send, and the ERCs' published constants."""
    staking, token = _locked("Staking", "functions"), _locked("PKPNFT", "functions")
    assert staking["getActiveUnkickedValidatorStructsAndCounts()"]["selector"] == "0xc51d020e"
    assert token["ownerOf(uint256)"]["selector"] == "0x6352211e"
    assert token["safeTransferFrom(address,address,uint256,bytes)"]["selector"] == "0xb88d4fde"
    assert token["tokenOfOwnerByIndex(address,uint256)"]["selector"] == "0x2f745c59"
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert _locked("PKPNFT", "events")["Transfer(address indexed,address indexed,uint256 indexed)"] == transfer
