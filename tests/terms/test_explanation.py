"""Refusals in words."""

from __future__ import annotations

from votive.terms.explanation import reasons, sentences

CONDITION = {"condition": "balance of :userAddress ≥ 1", "seen": "0", "holds": False, "block": {"number": 7}}
GROUP = {"operator": "or", "holds": False, "conditions": [CONDITION, {"condition": "owner", "seen": "0x1", "holds": None}]}
PERMISSION = {"permitted": False, "alternatives": [{"asked": "is 0x1 the owner", "seen": "no", "permits": False}]}


def test_a_tree_of_conditions_is_told_line_by_line_with_what_was_seen_where() -> None:
    assert reasons([GROUP]) == ["✗ any of:", "  ✗ balance of :userAddress ≥ 1: 0 (block 7)", "  · owner: 0x1"]


def test_a_permission_is_told_by_its_alternatives() -> None:
    assert reasons([PERMISSION]) == ["✗ is 0x1 the owner? no"]


def test_what_is_no_tree_is_a_sentence_all_the_same_and_nothing_is_lost() -> None:
    details = ("gateway 1: silent", {"field": "toSign"}, {"offered": [1, 3], "name": None}, 7, CONDITION)
    assert sentences(details) == (
        "gateway 1: silent",
        "field: toSign",
        "offered: [1, 3], name: null",
        "7",
        "✗ balance of :userAddress ≥ 1: 0 (block 7)",
    )
