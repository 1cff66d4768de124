"""The keys this node can use: names from the store, shares opened once and kept as handles."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from votive.core import KeyShare
from votive.terms.encoding import hex0x
from votive.terms.errors import CallerError, ErrorCode, WorldError
from votive.terms.key import KeyId, Purpose

CACHE = 4096
"""Opened shares kept in memory; a handle is some hundred bytes in the core."""


class Shares(Protocol):
    """The part of the store that holds live shares."""

    def live_keys(self) -> Sequence[KeyId]:
        """Return all promoted keys."""

    def share(self, key: KeyId) -> KeyShare:
        """Open the share of a promoted key."""


class Custody:
    """Finds keys and lends their opened shares."""

    def __init__(self, store: Shares) -> None:
        self._store = store
        self._live: set[KeyId] = set()
        self._unavailable: dict[KeyId, str] = {}
        self._open: OrderedDict[KeyId, KeyShare] = OrderedDict()

    def refresh(self) -> None:
        """Read the store's list again, after a promotion."""
        self._live = set(self._store.live_keys())

    def set_aside(self, key: KeyId, why: str) -> None:
        """Take no part for ``key`` from now on: its share does not fit what the chain registered."""
        self._unavailable[key] = why
        self._open.pop(key, None)

    @property
    def live(self) -> frozenset[KeyId]:
        """Keys whose share is in use."""
        return frozenset(self._live.difference(self._unavailable))

    @property
    def unavailable(self) -> dict[KeyId, str]:
        """Keys whose share cannot be used, with the reason, for the operator."""
        return dict(self._unavailable)

    def knows(self, public_key: bytes) -> bool:
        """Return whether there is a share of this key (33 bytes), usable or not."""
        key = KeyId(purpose=Purpose.PKP_ECDSA, public_key=public_key)
        return key in self._live or key in self._unavailable

    async def share(self, public_key: bytes) -> tuple[KeyId, KeyShare]:
        """Return the key with this public key (33 bytes) and its opened share.

        Raises:
            CallerError: the network has no such key, as far as this node knows.
            WorldError: this node's share of it cannot be used.
        """
        key = KeyId(purpose=Purpose.PKP_ECDSA, public_key=public_key)
        if key in self._unavailable:
            raise WorldError(
                f"this node cannot use its share of the key: {self._unavailable[key]}", code=ErrorCode.KEY_UNAVAILABLE, status=503
            )
        if key not in self._live:
            raise unknown_key(public_key)
        if key not in self._open:
            self._open[key] = await asyncio.to_thread(self._store.share, key)
            while len(self._open) > CACHE:
                self._open.popitem(last=False)
        self._open.move_to_end(key)
        return key, self._open[key]


def unknown_key(public_key: bytes) -> CallerError:
    """The refusal of a key that does not exist."""
    text = hex0x(public_key)
    return CallerError(
        f"the network has no key {text}. Check the public key; a key minted a moment ago may need one more second.",
        code=ErrorCode.UNKNOWN_KEY,
        status=404,
        details=[{"publicKey": text}],
    )
