"""JSON of other chains, exactly as it was sent: numbers are integers of any size or decimals, never floats.

Two answers are equal if they are the same JSON, whatever the order of members and the spaces; 1 and true are not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from votive.chain.endpoint import EndpointFailed
from votive.terms.nesting import is_too_deep

DEEPEST = 64
"""Lists and objects within one another."""
MOST_DIGITS = 400
"""Of a number with a fraction or an exponent: as an integer, 1e999999999 would fill the memory."""


class ExactJson:
    """A decoded answer, for a quorum to compare; ``value`` holds None, bool, int, Decimal, str, list and dict."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._form = _form(value, DEEPEST)

    @classmethod
    def of(cls, raw: bytes) -> ExactJson:
        """Decode JSON text; EndpointFailed if it is none, or deeper or larger in its numbers than any answer has reason to be."""
        if is_too_deep(raw):
            raise EndpointFailed("malformed JSON: lists or objects within one another without an end")
        try:
            return cls(_decoder.decode(raw))
        except msgspec.MsgspecError as error:
            raise EndpointFailed(f"malformed JSON: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactJson) and self._form == other._form

    def __hash__(self) -> int:
        return hash(self._form)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > MOST_DIGITS or len(text) > MOST_DIGITS:
        raise ValueError(f"a number of more than {MOST_DIGITS} digits")
    return number


def _form(value: Any, deeper: int) -> tuple[Any, ...]:
    """Return what is compared: the kind of each value beside it, members in order."""
    if deeper < 0:
        raise EndpointFailed(f"malformed JSON: more than {DEEPEST} levels")
    if isinstance(value, dict):
        return ("object", tuple((name, _form(value[name], deeper - 1)) for name in sorted(value)))
    if isinstance(value, list):
        return ("array", tuple(_form(item, deeper - 1) for item in value))
    return (type(value).__name__, value)


_decoder = msgspec.json.Decoder(float_hook=_number)
