"""The proof that a request comes with, as Lit's clients send it and nodes read it."""

from __future__ import annotations

import msgspec


class AuthSig(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A wallet's signature as clients send it (``authSig``), not yet verified."""

    sig: str
    derived_via: str
    signed_message: str
    address: str
    algo: str | None = None
    """Only other kinds of signature than an Ethereum wallet's name one."""
