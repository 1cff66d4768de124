"""``--param name=value``: JSON if it parses, else text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from votive.client.errors import BadArgument

SAFE_INTEGER = 2**53 - 1
"""Largest integer that JavaScript's numbers hold without doubt."""


def parse(words: Sequence[str]) -> dict[str, Any]:
    """Read all ``name=value`` of a command.

    Raises:
        BadArgument: one has no ``=``, no name, or the name of another.
    """
    params: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (equals and name):
            raise BadArgument(f"--param {word}: give name=value, such as --param n=7919.")
        if name in params:
            raise BadArgument(f"--param {name} is given twice. Give each name once.")
        params[name] = value_of(text)
    return params


def value_of(text: str) -> Any:
    """Read one value; an integer beyond 2^53 - 1 stays the text that it is, since JavaScript would round it."""
    try:
        value = msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return text
    return text if isinstance(value, int) and abs(value) > SAFE_INTEGER else value
