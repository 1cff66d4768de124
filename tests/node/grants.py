"""Grants for tests: of a wallet that signs each request itself."""

from __future__ import annotations

import time

from votive.auth import Grant
from votive.terms.capability import EVERYTHING


def a_grant(address: str) -> Grant:
    """A grant without bounds, for the next five minutes."""
    now = time.time()
    return Grant(
        address=address,
        capabilities=EVERYTHING,
        issued_at=now,
        expires_at=now + 300,
        bound=True,
    )
