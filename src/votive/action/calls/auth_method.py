"""Authentication methods as an action names them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from votive.action.calls.capability import refused, unsigned

MethodId = Annotated[bytes, msgspec.Meta(min_length=1, max_length=1024)]


def method_type(text: str) -> int:
    """Read an auth method's type, an unsigned 256-bit integer in decimal or 0x hex; HostRefusal if it is none."""
    number = unsigned(text)
    if number is None:
        raise refused("authMethodType must be an unsigned 256-bit integer, decimal or 0x-prefixed hex")
    return number
