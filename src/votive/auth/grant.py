"""A Grant: what a verified request may use. It is made in one place from a checked signature, and only ever shrinks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import msgspec


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The caller, as proven by a signature, and the bounds that it set."""

    address: str
    """The wallet that signed, EIP-55 checksummed."""
    bound: bool
    """True: the signature names exactly this request. False: it is a bearer token, good for any request until it expires."""
    issued_at: float
    """Unix seconds."""
    expires_at: float
    """Unix seconds."""
    domain: str
    """The domain that asked the wallet to sign."""
    resources: tuple[str, ...] = ()
    """What the signature names beyond the request itself."""

    def narrowed(self, *, expires_at: float | None = None, resources: Collection[str] | None = None) -> Self:
        """Return this grant with less: an earlier end, fewer resources. What it does not hold cannot be added."""
        end = self.expires_at if expires_at is None else min(self.expires_at, expires_at)
        kept = tuple(resource for resource in self.resources if resources is None or resource in resources)
        return msgspec.structs.replace(self, expires_at=end, resources=kept)
