"""What the stand-in engine's parties share: a hash over parts, and steps that run once."""

from __future__ import annotations

import hashlib

from votive.core.errors import Spent


def digest_of(*parts: bytes) -> bytes:
    """Hash of parts, each with its length before it."""
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


class Once:
    """Lets each step of a party run once, in order."""

    def __init__(self, *steps: str) -> None:
        self._left = list(steps)

    def take(self, step: str) -> None:
        """Note that ``step`` runs now; Spent if it may not."""
        if not self._left or self._left.pop(0) != step:
            self._left = []
            raise Spent(f"{step} was called twice or out of its order")
