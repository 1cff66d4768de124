"""The part of JSONPath (RFC 9535) that conditions use: ``$``, names, indices and ``*``. Everything else is refused, not approximated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.kinds import Comparator, Test

MAX_STEPS = 16
MAX_MATCHES = 1000
_STEP = r"\.(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\.(?P<star>\*)|\[(?P<all>\*)\]|\[(?P<index>0|[1-9][0-9]{0,8})\]|\['(?P<quoted>[^'\\\[\]]+)'\]"

WILD = object()
"""The step ``*``: every value."""


def steps_of(path: str, where: str) -> tuple[Any, ...]:
    """Return the steps of a path behind its ``$``: names, indices and ``WILD``."""
    if not path.startswith("$"):
        raise InvalidConditions(where, f"a JSONPath begins with '$', not as {shown(path)}")
    steps: list[Any] = []
    place = 1
    while place < len(path):
        found = re.compile(_STEP).match(path, place)
        if found is None or len(steps) >= MAX_STEPS:
            complaint = f"{shown(path)} is no JSONPath of at most {MAX_STEPS} names, indices and '*'; see letter {place + 1}"
            raise InvalidConditions(where, complaint)
        steps.append(_step(found))
        place = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Any:
    if found["index"] is not None:
        return int(found["index"])
    return found["name"] or found["quoted"] or WILD


def check_key(test: Test, where: str, *, many: bool = False) -> None:
    """Refuse a key that is no such path, and one that can find several values where one is compared."""
    if not test.key:
        return
    wild = any(step is WILD for step in steps_of(test.key, where))
    if wild and not many and test.comparator not in {Comparator.CONTAINS, Comparator.LACKS}:
        raise InvalidConditions(where, f"{shown(test.key)} can find several values. Name one, or ask by 'contains' or '!contains'")


def find(value: Any, path: str) -> Iterator[Any]:
    """Yield what a checked path finds in a JSON value, at most ``MAX_MATCHES``."""
    found = [value]
    for step in steps_of(path, "key"):
        found = [inner for outer in found for inner in _inside(outer, step)][:MAX_MATCHES]
    yield from found


def _inside(value: Any, step: Any) -> list[Any]:
    if step is WILD:
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []
