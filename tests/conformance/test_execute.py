"""executeJs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from eth_keys import keys
from tests.conformance.conftest import refusal

NOTHING_SIGNED = {"success": True, "signedData": {}, "decryptedData": {}, "claimData": {}}


def test_actions_run_answer_log_sign_and_fail_as_the_sdk_expects(run: Callable[[str], dict[str, Any]], network: dict[str, Any]) -> None:
    found = run("execute.mjs")
    for name, key in (("first", network["key"]), ("second", network["another_key"])):
        assert recovered(found["details"][name], found["digests"][name]) == key["public_key"]
    assert found["signed"] == {"first": network["key"]["eth_address"], "second": network["another_key"]["eth_address"]}
    assert found["inline"] == {"response": {"signed": ["first", "second"]}, "logs": "signed 2\n"}
    assert json.loads(found["byCid"]["response"]) == {"greeting": "Hello, Ann"}
    assert found["echoed"] == {
        "text": "tëxt ✓",
        "number": 42,
        "big": 2**53 - 1,
        "fraction": 0.5,
        "yes": True,
        "nothing": None,
        "list": [1, "two", [3]],
        "nested": {"deep": {"deeper": []}},
        "bytes": [0, 127, 255],
        "words": [1, 0, 255, 255],
        "buffer": [1, 2],
        "view": [0, 127, 255],
        "inside": {"bytes": {"0": 9}},
        "date": "1970-01-01T00:00:00.000Z",
        "missing": "undefined",
    }
    assert found["logged"] == {**NOTHING_SIGNED, "response": "", "logs": "one { two: 2 }\nthree\n"}
    assert found["answered"] == {
        "object": ['{"b":1,"a":[true,null]}', {"b": 1, "a": [True, None]}],
        "array": ['[1,"two"]', [1, "two"]],
        "number": ["0.5", 0.5],
        "text": ["plain text", "plain text"],
        "json": ['{ "a":  1 }', {"a": 1}],
    }, "the SDK parses a response only if something was signed too"
    assert len(set(found["differing"]["all"])) == len(network["nodes"])
    assert all(re.fullmatch(r"0\.\d+(e-\d+)?", found["differing"][strategy]) for strategy in ("mostCommon", "byDefault"))
    assert found["common"] == "all say this"
    assert found["chosen"] == {"count": 4}
    assert found["single"] == "one node says this"

    errors = {name: refusal(found[name]) for name in ("thrown", "rejected", "noResponse", "unknownCid", "reservedName")}
    assert {error.name for error in errors.values()} == {"NodeError"}
    assert errors["thrown"].error_code == "NodeJsExecutionError"
    assert "TypeError: thrown by the action" in errors["thrown"].said
    assert errors["rejected"].error_code == "NodeJsExecutionError"
    assert "Error: rejected by the action" in errors["rejected"].said
    assert errors["noResponse"].error_code == "NodeJsExecutionError"
    assert "TypeError: setResponse needs a response" in errors["noResponse"].said
    assert errors["unknownCid"].error_code == "NodeIpfsError"
    assert errors["reservedName"].error_code == "NodeBadInput"


def recovered(signed: dict[str, Any], digest: str) -> str:
    """The public key that made a signature, according to another library."""
    vrs = (signed["recid"], int(signed["r"], 16), int(signed["s"], 16))
    return f"0x04{keys.Signature(vrs=vrs).recover_public_key_from_msg_hash(bytes.fromhex(digest[2:])).to_bytes().hex()}"
