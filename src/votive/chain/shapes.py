"""Texts that answers are made of; an answer of another shape is no answer."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

import msgspec

Quantity: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{1,64}\Z")]
"""A number in hex, at most 256 bits."""

Data: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x([0-9a-fA-F]{2})*\Z")]
"""Bytes in hex."""

Hash: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{64}\Z")]
"""32 bytes in hex."""

DEEPEST = 256
"""Lists and objects within one another that are decoded at all: the decoder recurses, and a stack has an end."""

_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


def is_too_deep(text: bytes) -> bool:
    """Whether JSON text may have more than DEEPEST levels; looks closer only where it has so many brackets."""
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for found in _STRUCTURE.finditer(text):
        depth += (found[0] in b"[{") - (found[0] in b"]}")
        if depth > DEEPEST:
            return True
    return False
