"""Conditions and proofs as an action passes them: JSON text, read here within bounds, judged by the node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Annotated, Any, TypeVar

import msgspec

from votive.action.calls.capability import refused

CONDITIONS_LENGTH = 64 * 1024
"""Characters; as much as a whole request for a decryption may hold, and far more than thirty conditions need."""
PROOF_LENGTH = 64 * 1024
DEEPEST = 64
"""Arrays and objects may be nested so deep, as in the body of a request."""

ConditionsText = Annotated[str, msgspec.Meta(max_length=CONDITIONS_LENGTH)]
ProofText = Annotated[str, msgspec.Meta(max_length=PROOF_LENGTH)]

Shape = TypeVar("Shape")


def conditions_of(text: str, field: str) -> list[Any]:
    """Read conditions, an array; HostRefusal if the text holds anything else. What stands in them is for the node to judge."""
    return _read(text, list[Any], f"{field} must be an array of conditions")


def proof_of(text: str | None) -> Mapping[str, Any] | None:
    """Read an authSig, an object; None where the action gave none."""
    return None if text is None else _read(text, dict[str, Any], "authSig must be an object")


def _read(text: str, shape: type[Shape], rule: str) -> Shape:
    if _depth(text) > DEEPEST:
        raise refused(f"{rule}, and this is nested more than {DEEPEST} levels deep.")
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise refused(f"{rule}: {error}.") from error


_strings = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def _depth(text: str) -> int:
    """How deep ``text`` is nested, if it is JSON. Asked before it is parsed: how deep the parser dares to go is not ours to say."""
    return max(accumulate(_STEP.get(letter, 0) for letter in _strings.sub("", text)), default=0)
