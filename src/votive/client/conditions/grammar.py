"""The readable language: conditions joined by ``and`` or ``or``, in parentheses where both meet.

    all      := one { "and" one } | one { "or" one }
    one      := "(" all ")" | condition

Between "and" and "or" there is no precedence that everybody agrees on, and none in Lit's JSON; so the language asks for parentheses.
"""

from __future__ import annotations

from typing import Any

from votive.client.conditions.sentence import condition_at
from votive.client.conditions.tokens import Token, Tokens
from votive.terms.conditions import MAX_CONDITIONS
from votive.terms.conditions.fields import MAX_DEPTH


def compiled(text: str, chain: str) -> list[Any]:
    """Return the unified conditions that ``text`` says; conditions that name no chain ask ``chain``."""
    tokens = Tokens(text)
    group = _all(tokens, chain, 0)
    if tokens.next.kind != "end":
        raise tokens.wrong("'and', 'or' or the end belongs here")
    return group


def _all(tokens: Tokens, chain: str, depth: int) -> list[Any]:
    items = [_one(tokens, chain, depth)]
    first: Token | None = None
    while tokens.next.kind == "word" and tokens.next.text in {"and", "or"}:
        operator = tokens.take()
        first = first or operator
        if operator.text != first.text:
            raise tokens.wrong("'and' and 'or' meet: write parentheses around what belongs together", operator)
        items += [{"operator": operator.text}, _one(tokens, chain, depth)]
        if len(items) > 2 * MAX_CONDITIONS:
            raise tokens.wrong(f"there are more than {MAX_CONDITIONS} conditions", operator)
    return items[0] if len(items) == 1 and isinstance(items[0], list) else items


def _one(tokens: Tokens, chain: str, depth: int) -> Any:
    if tokens.next.kind != "symbol" or tokens.next.text != "(":
        return condition_at(tokens, chain)
    if depth >= MAX_DEPTH:
        raise tokens.wrong(f"parentheses are nested more than {MAX_DEPTH} deep")
    tokens.take()
    group = _all(tokens, chain, depth + 1)
    tokens.expect(")")
    return group[0] if len(group) == 1 else group
