"""Special parameters: what a node puts in for a text that begins with a colon, from what it verified about the caller itself."""

from __future__ import annotations

import re

from votive.terms.conditions.errors import InvalidConditions, shown

USER_ADDRESS = ":userAddress"
"""The address that the caller proved."""
CURRENT_ACTION = ":currentActionIpfsId"
"""The CID of the action that asks."""
LIT_PARAM = ":litParam:"
"""A value that the caller's own sign-in message carries among its resources: ``litParam:NAME:BASE64URL``."""
SIWE_DOMAIN = ":domain"
SIWE_RESOURCES = ":resources"
"""Of the condition type SIWE alone."""

_KNOWN = r":userAddress|:currentActionIpfsId|:litParam:[^:]{1,128}"
_ADDRESS = r"(0x)?[0-9a-fA-F]{40}"


def is_special(text: str) -> bool:
    """Say whether ``text`` asks for something to be put in; no other text may begin with a colon."""
    return text.startswith(":")


def check_special(text: str, where: str) -> None:
    """Refuse a text that begins with a colon and is no special parameter."""
    if is_special(text) and re.fullmatch(_KNOWN, text) is None:
        raise InvalidConditions(where, f"there is no special parameter {shown(text)}: :userAddress, :currentActionIpfsId, :litParam:NAME")


def special_address(text: str) -> bool:
    """Say whether ``text`` is an address, or a special parameter that can be one."""
    if is_special(text):
        return re.fullmatch(_KNOWN, text) is not None and text != CURRENT_ACTION
    return is_address(text)


def is_address(text: str) -> bool:
    """Say whether ``text`` is an EVM address: 40 hex digits, with 0x or without, as Lit takes them."""
    return re.fullmatch(_ADDRESS, text) is not None
