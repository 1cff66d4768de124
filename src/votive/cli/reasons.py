"""Refusals in words: the tree of what was asked and what was seen, as the nodes tell it in ``details``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MARKS = {True: "✓", False: "✗", None: "·"}
STEP = "  "


def reasons(details: Sequence[Any]) -> list[str]:
    """Return the lines that explain a refusal; none if it explains nothing in a form known here."""
    return [line for detail in details if isinstance(detail, Mapping) for line in _lines(detail, "")]


def _lines(tree: Mapping[str, Any], margin: str) -> Iterator[str]:
    """Tell one tree: a group of conditions, a condition, or the alternatives of a permission."""
    if isinstance(tree.get("conditions"), list):
        yield f"{margin}{_mark(tree.get('holds'))} {'any' if tree.get('operator') == 'or' else 'all'} of:"
        for part in tree["conditions"]:
            yield from _lines(part, margin + STEP)
    elif "condition" in tree:
        yield f"{margin}{_mark(tree.get('holds'))} {tree['condition']}: {tree.get('seen')}{_block(tree)}"
    elif isinstance(tree.get("alternatives"), list):
        for one in tree["alternatives"]:
            yield f"{margin}{_mark(one.get('permits'))} {one.get('asked')}? {one.get('seen')}"


def _mark(holds: Any) -> str:
    return MARKS[holds if isinstance(holds, bool) else None]


def _block(tree: Mapping[str, Any]) -> str:
    block = tree.get("block")
    return f" (block {block['number']})" if isinstance(block, Mapping) and "number" in block else ""
