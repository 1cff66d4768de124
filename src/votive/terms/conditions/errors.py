"""Refusals of conditions, raised before anything is encrypted to them and before anything is asked of a chain."""

from __future__ import annotations

from votive.terms.errors import CallerError, ErrorCode

SHOWN = 80
"""Letters of a wrong value that a message repeats."""
LONGEST_PATH = 200
"""Letters of a path: names of fields are the caller's."""


class InvalidConditions(CallerError):
    """Something in the conditions is unknown, of the wrong type, or has no single meaning; ``details`` names the path."""

    def __init__(self, where: str, complaint: str) -> None:
        where = _encodable(where if len(where) <= LONGEST_PATH else f"{where[:LONGEST_PATH]}…")
        super().__init__(f"{where}: {complaint}", details=({"field": where, "complaint": complaint},))
        self.where = where


class TooManyConditions(CallerError):
    """More conditions than one request may hold."""

    code = ErrorCode.TOO_MANY_CONDITIONS


def shown(value: object) -> str:
    """Return ``value`` as a message shows it: short, and encodable whatever it holds."""
    text = _written(value)
    return _encodable(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _written(value: object) -> str:
    if isinstance(value, str):
        return repr(value[: SHOWN + 1])
    if isinstance(value, list | tuple | dict):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    return repr(value)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
