"""Comparators: integers as integers of any size, texts as texts, and nothing as something else."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from votive.auth.conditions.world import Absent
from votive.terms.conditions.comparing import is_integer
from votive.terms.conditions.kinds import Comparator

_ORDER: dict[Comparator, Callable[[Any, Any], bool]] = {
    Comparator.EQUAL: operator.eq,
    Comparator.UNEQUAL: operator.ne,
    Comparator.MORE: operator.gt,
    Comparator.LESS: operator.lt,
    Comparator.AT_LEAST: operator.ge,
    Comparator.AT_MOST: operator.le,
}
SHOWN = 200
"""Letters of a value seen that an explanation repeats."""


def integers(seen: int, comparator: Comparator, value: str) -> bool:
    """Compare an integer with the decimal digits of a test."""
    return _ORDER[comparator](seen, int(value))


def equal(seen: object, comparator: Comparator, value: object) -> bool:
    """Compare by = or != alone: addresses, truth, bytes."""
    return (seen == value) == (comparator is Comparator.EQUAL)


def texts(seen: str, comparator: Comparator, value: str) -> bool:
    """Compare texts: by the order of their letters' code points, or whether one contains the other."""
    if comparator in {Comparator.CONTAINS, Comparator.LACKS}:
        return (value in seen) == (comparator is Comparator.CONTAINS)
    return _ORDER[comparator](seen, value)


def members(seen: list[str], comparator: Comparator, value: str) -> bool:
    """Ask whether a list contains a text, or does not."""
    return (value in seen) == (comparator is Comparator.CONTAINS)


def json_values(seen: Any, comparator: Comparator, value: str) -> bool:
    """Compare a value of JSON: as integers if the test's value is one, else as texts. Absent if it is neither."""
    if comparator in {Comparator.CONTAINS, Comparator.LACKS} or not is_integer(value, signed=True):
        return texts(_text(seen), comparator, value)
    number = _integer(seen)
    return integers(number, comparator, value)


def _integer(seen: Any) -> int:
    if isinstance(seen, int) and not isinstance(seen, bool):
        return seen
    if isinstance(seen, str) and is_integer(seen, signed=True):
        return int(seen)
    raise Absent(f"{brief(seen)} is no integer")


def _text(seen: Any) -> str:
    if isinstance(seen, bool):
        return "true" if seen else "false"
    if isinstance(seen, str):
        return seen
    raise Absent(f"{brief(seen)} is no text")


def brief(seen: Any) -> str:
    """Return a value as an explanation shows it: short, and encodable whatever it is."""
    text = _written(seen)
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} letters)"
    return text.encode("utf-8", "replace").decode()


def _written(seen: Any) -> str:
    if isinstance(seen, bool):
        return "true" if seen else "false"
    if isinstance(seen, int):
        return str(seen) if seen.bit_length() < 4096 else f"an integer of {seen.bit_length()} bits"
    if isinstance(seen, list | dict):
        return f"{'a list' if isinstance(seen, list) else 'an object'} of {len(seen)} values"
    return "null" if seen is None else str(seen)
