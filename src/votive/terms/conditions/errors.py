"""Refusals of conditions, raised before anything is encrypted to them and before anything is asked of a chain."""

from __future__ import annotations

from votive.terms.errors import CallerError, ErrorCode

SHOWN = 80
"""Letters of a wrong value that a message repeats."""


class InvalidConditions(CallerError):
    """Something in the conditions is unknown, of the wrong type, or has no single meaning; ``details`` names the path."""

    def __init__(self, where: str, complaint: str) -> None:
        super().__init__(f"{where}: {complaint}", details=({"field": where, "complaint": complaint},))
        self.where = where


class TooManyConditions(CallerError):
    """More conditions than one request may hold."""

    code = ErrorCode.TOO_MANY_CONDITIONS


def shown(value: object) -> str:
    """Return ``value`` as a message shows it: short, and encodable whatever it holds."""
    text = repr(value) if not isinstance(value, str) else repr(value[: SHOWN + 1])
    return (text if len(text) <= SHOWN else text[:SHOWN] + "…").encode("utf-8", "replace").decode()
