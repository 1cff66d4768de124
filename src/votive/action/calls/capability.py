"""What a capability is: a name, its arguments, what it counts against, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from votive.action.errors import HostRefusal, LimitExceeded
from votive.action.fetch import SafeFetch
from votive.action.host import Host
from votive.terms.action import ActionLimits
from votive.terms.errors import ErrorCode

SigName = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Text = Annotated[str, msgspec.Meta(max_length=1024)]

Reply = tuple[Any, bytes]
"""Value (as JSON) and payload."""


class Arguments(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of all arguments; the names are those of JavaScript."""


@dataclass(frozen=True)
class Capability:
    """One row of the host-call table."""

    name: str
    arguments: type[Arguments]
    limit: str | None
    """The field of ActionLimits that calls of this kind count against; None: only against ``host_calls``."""
    what: str
    """What the action did too often, as the error says it."""
    handle: Callable[[Run, Any, bytes], Awaitable[Reply]]


class Run:
    """What the handlers of one run share: the host, the limits, and what was used of them."""

    def __init__(self, host: Host, fetcher: SafeFetch, limits: ActionLimits) -> None:
        self.host = host
        self.fetcher = fetcher
        self.limits = limits
        self._used: dict[str, int] = {}

    def count(self, limit: str, what: str) -> None:
        """Use up one of ``limit``; LimitExceeded if there is none left."""
        used = self._used.get(limit, 0) + 1
        most: int = getattr(self.limits, limit)
        if used > most:
            raise LimitExceeded(limit, most, what)
        self._used[limit] = used


def public_key(text: str) -> str:
    """Normalise a SEC1 public key to 0x and lower case; HostRefusal if it is none."""
    digits = text.removeprefix("0x").removeprefix("0X").lower()
    if _is_hex(digits) and ((len(digits) == 130 and digits[:2] == "04") or (len(digits) == 66 and digits[:2] in ("02", "03"))):
        return "0x" + digits
    raise refused("publicKey must be a secp256k1 public key in hex, 65 bytes (0x04…) or 33 (0x02…, 0x03…)")


def token_id(text: str) -> int:
    """Read a token id, decimal or 0x hex; HostRefusal if it is none or beyond 256 bits."""
    number = unsigned(text)
    if number is None:
        raise refused("tokenId must be an unsigned 256-bit integer, decimal or 0x-prefixed hex")
    return number


def unsigned(text: str) -> int | None:
    """Read an unsigned 256-bit integer, decimal or 0x hex; None if it is none."""
    digits = text.lower()
    number = -1
    if digits.startswith("0x") and _is_hex(digits[2:]) and len(digits) <= 66:
        number = int(digits, 16)
    elif digits.isascii() and digits.isdigit() and len(digits) <= 78:
        number = int(digits)
    return number if 0 <= number < 1 << 256 else None


def refused(message: str) -> HostRefusal:
    """Make the refusal of a malformed argument."""
    return HostRefusal(message, code=ErrorCode.BAD_INPUT, status=400)


def _is_hex(digits: str) -> bool:
    return digits != "" and all(digit in "0123456789abcdef" for digit in digits)
