"""What a node remembers between two starts, sealed at rest."""

from __future__ import annotations

from votive.store.errors import KeyUnavailable, StoreDamaged, StoreError, StoreFailed, StoreInUse, WrongStore
from votive.store.records import SetupFailures, StagedBatch
from votive.store.store import Store

__all__ = [
    "KeyUnavailable",
    "SetupFailures",
    "StagedBatch",
    "Store",
    "StoreDamaged",
    "StoreError",
    "StoreFailed",
    "StoreInUse",
    "WrongStore",
]
