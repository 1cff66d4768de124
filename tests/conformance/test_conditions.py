"""Conditions of every kind, on the development chain and elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import refusal

KINDS = (
    "balance",
    "wallet",
    "tokens",
    "litTokens",
    "erc1155",
    "batch",
    "cask",
    "creaton",
    "moloch",
    "humanity",
    "poap",
    "token",
    "timestamp",
    "siwe",
    "groups",
    "contract",
    "solana",
    "unified",
    "cosmos",
    "fourKinds",
    "permissions",
    "action",
)


def test_each_kind_of_condition_opens_where_it_holds_and_is_refused_where_it_does_not(run: Callable[[str], dict[str, Any]]) -> None:
    found = run("conditions.mjs")
    assert found.keys() == set(KINDS)
    assert {kind: one["held"] for kind, one in found.items()} == {kind: kind for kind in KINDS}
    errors = {kind: refusal(one["failed"]) for kind, one in found.items()}
    assert {error.name for error in errors.values()} == {"NodeError"}
    assert {error.error_code for error in errors.values()} == {"NodeAccessControlConditionsReturnedNotAuthorized"}
