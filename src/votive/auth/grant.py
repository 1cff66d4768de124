"""A Grant: what a verified request may use. It is made in one place from a checked signature and never changed."""

from __future__ import annotations

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
