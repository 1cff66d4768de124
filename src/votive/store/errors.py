"""Errors of this room. Each says what an operator can do."""

from __future__ import annotations

from votive.terms.errors import ErrorCode, OurError


class StoreError(OurError):
    """The store cannot do what was asked."""


class StoreInUse(StoreError):
    """Another process has the store open."""


class WrongStore(StoreError):
    """The file belongs to another network or node, to a newer version, or to another key-encryption key."""


class StoreDamaged(StoreError):
    """The file, or one value in it, is not what was written."""


class StoreFailed(StoreError):
    """The disk refused a write. Nothing more is written until the node is restarted."""


class KeyUnavailable(StoreError):
    """This node has no usable share of a key."""

    code = ErrorCode.KEY_UNAVAILABLE
    status = 503
