"""Canonical JSON and hashes against the published SDK's own; tests/vectors/conditions/ORIGIN.md says how they were made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from votive.terms.conditions import ConditionKind, InvalidConditions, identity, parse

VECTORS = Path(__file__).parents[2] / "vectors/conditions/lit-sdk.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]
GOOD = [case for case in CASES if "refused" not in case]
REFUSED = [case for case in CASES if "refused" in case]


def _name(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", GOOD, ids=_name)
def test_the_canonical_json_and_its_hash_are_those_of_the_published_sdk(case):
    conditions = parse(case["items"], ConditionKind(case["kind"]))
    assert conditions.canonical.decode() == case["canonical"]
    assert conditions.hash.hex() == case["hash"]


@pytest.mark.parametrize("case", GOOD, ids=_name)
def test_the_canonical_form_means_the_same_again(case):
    conditions = parse(case["items"], ConditionKind(case["kind"]))
    again = parse(json.loads(conditions.canonical), conditions.kind)
    assert again == conditions
    assert parse(conditions.as_json(), conditions.kind) == conditions


@pytest.mark.parametrize("case", [case for case in GOOD if case["kind"] != "solRpc"], ids=_name)
def test_a_list_of_one_kind_hashes_as_a_unified_list(case):
    unified = parse(json.loads(case["canonical"]), ConditionKind.UNIFIED)
    assert unified.hash.hex() == case["hash"]


@pytest.mark.parametrize("case", REFUSED, ids=_name)
def test_what_the_sdk_hashes_but_nobody_could_trust_is_refused(case):
    with pytest.raises(InvalidConditions, match=case["refused"]):
        parse(case["items"], ConditionKind(case["kind"]))


def test_there_are_vectors_of_every_kind():
    assert len(GOOD) >= 60
    assert {case["kind"] for case in GOOD} == {"evmBasic", "evmContract", "solRpc", "unified"}


def test_an_identity_is_the_text_that_the_sdk_encrypts_to():
    conditions_hash, data_hash = hashlib.sha256(b"conditions").digest(), hashlib.sha256(b"data").digest()
    assert identity(conditions_hash, data_hash) == f"lit-accesscontrolcondition://{conditions_hash.hex()}/{data_hash.hex()}".encode()
