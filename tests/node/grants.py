"""Grants for tests: of a wallet that signs each request itself."""

from __future__ import annotations

import time

from votive.auth import Grant
from votive.terms.block import Block
from votive.terms.capability import EVERYTHING


def a_grant(address: str, block: Block | None = None) -> Grant:
    """A grant without bounds, for the next five minutes; ``block`` is the first of a ledger unless it is given."""
    now = time.time()
    return Grant(
        address=address,
        capabilities=EVERYTHING,
        issued_at=now,
        expires_at=now + 300,
        block=block or Block(number=0, hash=bytes(32)),
        bound=True,
    )
