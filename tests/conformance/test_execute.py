"""executeJs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import refusal

NOTHING_SIGNED = {"success": True, "signedData": {}, "decryptedData": {}, "claimData": {}}


def test_actions_run_answer_log_sign_and_fail_as_the_sdk_expects(run: Callable[[str], dict[str, Any]], network: dict[str, Any]) -> None:
    found = run("execute.mjs")
    assert found["signed"] == {"first": network["key"]["eth_address"], "second": network["another_key"]["eth_address"]}
    assert found["inline"] == {"response": {"signed": ["first", "second"]}, "logs": "signed 2\n"}
    assert json.loads(found["byCid"]["response"]) == {"greeting": "Hello, Ann"}
    assert found["echoed"] == {
        "text": "tëxt ✓",
        "number": 42,
        "fraction": 0.5,
        "yes": True,
        "nothing": None,
        "list": [1, "two", [3]],
        "nested": {"deep": {"deeper": []}},
        "bytes": [0, 127, 255],
    }
    assert found["logged"] == {**NOTHING_SIGNED, "response": "", "logs": "one { two: 2 }\nthree\n"}
    assert found["text"] == "plain text"
    assert found["common"] == "all say this"
    assert found["chosen"] == {"count": 4}
    assert found["single"] == "one node says this"

    errors = {name: refusal(found[name]) for name in ("thrown", "rejected", "unknownCid", "reservedName")}
    assert {error.name for error in errors.values()} == {"NodeError"}
    assert errors["thrown"].error_code == "NodeJsExecutionError"
    assert "TypeError: thrown by the action" in errors["thrown"].said
    assert errors["rejected"].error_code == "NodeJsExecutionError"
    assert "Error: rejected by the action" in errors["rejected"].said
    assert errors["unknownCid"].error_code == "NodeIpfsError"
    assert errors["reservedName"].error_code == "NodeBadInput"
