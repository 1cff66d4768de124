"""How deep JSON is nested, asked before it is parsed: parsers recurse, and a stack has an end.

Python's own limit does not always hold: libraries raise it for the whole process (py_ecc, which eth_account imports, to 100 000), and
some ten thousand brackets then end the process.
"""

from __future__ import annotations

import re

DEEPEST = 256
"""Lists and objects within one another that are decoded at all."""

_STRUCTURE = rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]'


def is_too_deep(text: bytes) -> bool:
    """Whether JSON text may have more than DEEPEST levels; looks closer only where it has so many brackets."""
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return False
    depth = 0
    for found in re.finditer(_STRUCTURE, text):
        depth += (found[0] in b"[{") - (found[0] in b"]}")
        if depth > DEEPEST:
            return True
    return False
