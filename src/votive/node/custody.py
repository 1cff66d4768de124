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
        self._network: dict[Purpose, tuple[KeyId, ...]] = {}

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
        """Return the PKP with this public key (33 bytes) and its opened share; the network's own keys are unknown here.

        Raises:
            CallerError: the network has no such key, as far as this node knows.
            WorldError: this node's share of it cannot be used.
        """
        key = KeyId(purpose=Purpose.PKP_ECDSA, public_key=public_key)
        if not self.knows(public_key):
            raise unknown_key(public_key)
        return key, await self.open(key)

    async def open(self, key: KeyId) -> KeyShare:
        """Return the opened share of ``key``; WorldError if this node has none or cannot use it."""
        if key in self._unavailable:
            raise unavailable(f"this node cannot use its share of the key: {self._unavailable[key]}")
        if key not in self._live:
            raise unavailable("this node has no share of the key; other nodes may.")
        if key not in self._open:
            self._open[key] = await asyncio.to_thread(self._store.share, key)
            self._forget_some()
        self._open.move_to_end(key)
        return self._open[key]

    def _forget_some(self) -> None:
        """Close the shares that were not used for longest; those of the network's own keys stay open."""
        surplus = len(self._open) - CACHE
        if surplus > 0:
            for key in [key for key in self._open if key.purpose.mintable][:surplus]:
                del self._open[key]

    # The network's own keys

    def appoint(self, purpose: Purpose, keys: Sequence[KeyId]) -> None:
        """Use ``keys`` as the network's own of a purpose: the first that the chain registered. Others are never taken for them."""
        self._network.setdefault(purpose, tuple(keys))

    def network_keys(self, purpose: Purpose) -> tuple[KeyId, ...]:
        """Return the network's own keys of a purpose in the chain's order, whether or not we have shares; none until it has all."""
        return self._network.get(purpose, ())

    def network_public_key(self, purpose: Purpose) -> bytes | None:
        """Return the network's only key of a purpose, 48 bytes, whether or not we have a share; None until the chain has one."""
        return next((key.public_key for key in self.network_keys(purpose)), None)

    def network_share(self, purpose: Purpose) -> KeyShare | None:
        """Return our share of the network's only key of a purpose, once it was opened and as long as it fits."""
        return next((self._open.get(key) for key in self.network_keys(purpose)), None)

    def holds(self, purpose: Purpose) -> bool:
        """Return whether our shares of all the network's own keys of a purpose were opened and fit."""
        keys = self.network_keys(purpose)
        return bool(keys) and all(key in self._open for key in keys)

    def lacks_share(self, purpose: Purpose) -> bool:
        """Return whether the network has keys of this purpose and this node keeps of at least one no share at all, usable or not."""
        return any(key not in self._live for key in self.network_keys(purpose))

    async def network_key(self, purpose: Purpose) -> tuple[KeyId, KeyShare]:
        """Return the network's only key of a purpose and our opened share of it.

        Raises:
            WorldError: the network is still generating it, or this node's share of it cannot be used.
        """
        (share,) = await self.network_shares(purpose)
        return self.network_keys(purpose)[0], share

    async def network_shares(self, purpose: Purpose) -> list[KeyShare]:
        """Return our opened shares of all the network's own keys of a purpose, in the chain's order; WorldError as above."""
        keys = self.network_keys(purpose)
        if not keys:
            raise not_generated(purpose)
        return [await self.open(key) for key in keys]


def unavailable(why: str) -> WorldError:
    """The refusal of a key that exists, by a node that cannot take part for it."""
    return WorldError(why, code=ErrorCode.KEY_UNAVAILABLE, status=503)


def not_generated(purpose: Purpose) -> WorldError:
    """The refusal of a use of the network's own keys while the nodes are still making them."""
    return unavailable(f"the nodes have not generated the network's keys for {purpose.value} yet. Try again in a moment.")


def unknown_key(public_key: bytes) -> CallerError:
    """The refusal of a key that does not exist."""
    text = hex0x(public_key)
    return CallerError(
        f"the network has no key {text}. Check the public key; a key minted a moment ago may need one more second.",
        code=ErrorCode.UNKNOWN_KEY,
        status=404,
        details=[{"publicKey": text}],
    )
