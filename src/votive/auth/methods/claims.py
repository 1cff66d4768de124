"""What tokens and assertions say: JSON, mostly within base64url, and the names of a user and an application in it.

Both names are hashed into the method's id on chain as ``user:application``, so neither may be read in two ways.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from votive.auth.methods.errors import InvalidAuthMethod
from votive.terms.encoding import base64url_of

GRACE = 60.0
"""Seconds that a provider's clock may differ from ours."""
ANY = "*"
"""As an accepted application: any, since the id on chain names it."""

Part = TypeVar("Part")

_is_name = re.compile(r"[\x21-\x7e]{1,255}").fullmatch


def part_bytes(text: str, whole: str) -> bytes:
    """Decode one part of ``whole``; InvalidAuthMethod if it is no base64url."""
    try:
        return base64url_of(text)
    except ValueError as error:
        raise InvalidAuthMethod(f"{whole} is not base64url") from error


def read_part(data: bytes, kind: type[Part], name: str) -> Part:
    """Read the JSON of the part called ``name``; InvalidAuthMethod says what of it cannot be read."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidAuthMethod(f"{name} cannot be read: {error}") from error


def is_name(text: str) -> bool:
    """Say whether ``text`` may name a user or an application: 1 to 255 printable ASCII characters without spaces."""
    return _is_name(text) is not None


def check_application(user: str, application: str, accepted: tuple[str, ...]) -> None:
    """Refuse users of applications that are not ``accepted``, and names that could be another user's of another application."""
    if ANY not in accepted and application not in accepted:
        raise InvalidAuthMethod(f"the token is for the application {application[:128]!r}, which is not accepted here")
    if ANY in accepted and ":" in user:
        raise InvalidAuthMethod("a user id with ':' in it could be mistaken for another's where every application is accepted")
