"""How protocol messages become bytes: deterministic MessagePack arrays that begin with their version.

A decoder that accepts two encodings of one message gives every message a twin; so whatever was decoded is encoded again
and compared.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from votive.terms.encoding import encode
from votive.terms.participant import MAX_COMMITTEE, MAX_SEAT

Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
"""32 bytes."""

SeatNumber = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEAT)]
SeatNumbers = Annotated[tuple[SeatNumber, ...], msgspec.Meta(max_length=MAX_COMMITTEE)]
"""At most a committee of seats."""


class Message(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """Base of all protocol messages. The tag is the version and stands first."""


M = TypeVar("M", bound=Message)


class MalformedError(ValueError):
    """These bytes are no message of the expected type, or not its one encoding."""


def decode(payload: bytes, kind: type[M]) -> M:
    """Return the message in ``payload``; MalformedError unless ``payload`` is exactly its encoding."""
    try:
        message = msgspec.msgpack.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from error
    if encode(message) != payload:
        raise MalformedError("not the canonical encoding")
    return message
