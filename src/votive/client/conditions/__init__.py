"""A small readable language for access conditions, compiled to Lit's unified JSON and written back from it.

    balance(ethereum) >= 1 ether and owns(0x…, erc721)
    (user = 0x… or action = Qm…) and time >= 2026-01-31

docs/encryption.md has the whole language.
"""

from __future__ import annotations

from typing import Any

from votive.client.conditions.grammar import compiled
from votive.client.conditions.tokens import UnreadableCondition
from votive.terms.conditions import Conditions, parse
from votive.terms.conditions.meaning import meaning_of
from votive.terms.conditions.words import text_of

__all__ = ["UnreadableCondition", "compile_text", "explain"]


def compile_text(text: str, chain: str) -> list[Any]:
    """Return the unified conditions, as Lit's SDK takes them, that ``text`` says.

    Args:
        text: conditions in the readable language.
        chain: the chain of conditions that name none.

    Raises:
        UnreadableCondition: with line and column of what cannot be understood.
        TooManyConditions: more than 30.
    """
    items = compiled(text, chain)
    parse(items)
    return items


def explain(conditions: Conditions) -> str:
    """Return conditions in the readable language, with parentheses that show what belongs together."""
    return text_of(meaning_of(conditions.group))
