"""One JSON object while it is read: each field is taken by its name and type, and what nobody took is unknown."""

from __future__ import annotations

from typing import Any

from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.kinds import Json, JsonObject

MAX_INTEGER = 2**53 - 1
"""JavaScript writes larger integers inexactly, so two readers could see two different conditions."""
MAX_DEPTH = 8
"""Groups within groups, and values within the parameters of one condition (reliability: hostile sizes)."""
_INDEX_LIMIT = 2**32 - 1


class Fields:
    """The fields of one object at a path; every method takes one, so that ``done`` sees what is left."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise InvalidConditions(where, f"an object {{…}} belongs here, not {shown(value)}")
        self._left = dict(value)
        self.where = where

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.where}.{name}" if self.where else name

    def has(self, name: str) -> bool:
        """Say whether a field is there and not yet taken."""
        return name in self._left

    def take(self, name: str) -> Any:
        """Take a field of any type."""
        if name not in self._left:
            raise InvalidConditions(self.at(name), "this field is missing")
        return self._left.pop(name)

    def text(self, name: str) -> str:
        """Take a text."""
        return text_at(self.take(name), self.at(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        return tuple(text_at(item, f"{self.at(name)}[{index}]") for index, item in enumerate(self.list_of(name)))

    def list_of(self, name: str) -> list[Any]:
        """Take a list."""
        value = self.take(name)
        if not isinstance(value, list | tuple):
            raise InvalidConditions(self.at(name), f"a list […] belongs here, not {shown(value)}")
        return list(value)

    def truth(self, name: str) -> bool:
        """Take true or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise InvalidConditions(self.at(name), f"true or false belongs here, not {shown(value)}")
        return value

    def size(self, name: str) -> int:
        """Take an integer from 0."""
        return size_at(self.take(name), self.at(name))

    def inside(self, name: str) -> Fields:
        """Take an object."""
        return Fields(self.take(name), self.at(name))

    def rest(self) -> dict[str, Any]:
        """Take all that is left."""
        left, self._left = self._left, {}
        return left

    def done(self) -> None:
        """Refuse fields that nobody took: they would not be part of the hash, and somebody meant something by them."""
        for name in self._left:
            raise InvalidConditions(self.at(str(name)[:64]), "this field is unknown here. Remove it: no condition depends on it")


def text_at(value: Any, where: str) -> str:
    """Return ``value`` if it is a text."""
    if not isinstance(value, str):
        raise InvalidConditions(where, f"a text belongs here, not {shown(value)}. Write it in quotes")
    return value


def size_at(value: Any, where: str) -> int:
    """Return ``value`` if it is an integer from 0 that JavaScript writes exactly."""
    if not _is_integer(value) or not 0 <= value <= MAX_INTEGER:
        raise InvalidConditions(where, f"an integer from 0 belongs here, not {shown(value)}")
    return int(value)


def frozen_json(value: Any, where: str, depth: int = 0) -> Json:
    """Freeze a JSON value; InvalidConditions at a number that is no exact integer, and beyond the depth."""
    if value is None or isinstance(value, str | bool):
        return value
    if depth >= MAX_DEPTH:
        raise InvalidConditions(where, f"this is nested more than {MAX_DEPTH} levels deep. Write it flatter")
    if isinstance(value, list | tuple):
        return tuple(frozen_json(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value))
    if isinstance(value, dict):
        return JsonObject(tuple((name, frozen_json(value[name], f"{where}.{name}", depth + 1)) for name in javascript_order(value, where)))
    if not _is_integer(value) or abs(value) > MAX_INTEGER:
        raise InvalidConditions(where, f"numbers are integers within ±(2^53 - 1), not {shown(value)}. Write it as a text")
    return int(value)


def javascript_order(value: dict[Any, Any], where: str) -> list[str]:
    """Return the keys as a JavaScript object keeps them: array indices ascending, then all others as written (ECMA-262, 10.1.11.1)."""
    names = [text_at(name, where) for name in value]
    return sorted((name for name in names if _is_index(name)), key=int) + [name for name in names if not _is_index(name)]


def _is_index(name: str) -> bool:
    digits = name.isascii() and name.isdigit() and len(name) <= 10
    return digits and str(int(name)) == name and int(name) < _INDEX_LIMIT


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
