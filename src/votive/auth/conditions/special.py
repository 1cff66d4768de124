"""What stands for special parameters: taken from what was verified about the caller, or Absent."""

from __future__ import annotations

from votive.auth.conditions.world import Absent, Subject
from votive.terms.conditions.special import CURRENT_ACTION, LIT_PARAM, USER_ADDRESS, is_address
from votive.terms.encoding import base64url, base64url_of


def put_in(text: str, who: Subject, address: str | None) -> str:
    """Return ``text``, or what it stands for; ``address`` is the caller's on the kind of chain that is asked."""
    if text == USER_ADDRESS:
        return _there(address, "the caller proved no address of this kind of chain")
    if text == CURRENT_ACTION:
        return _there(who.action_cid, "no action asks")
    if text.startswith(LIT_PARAM):
        return _sign_in_parameter(text.removeprefix(":"), who)
    return text


def address_in(text: str, who: Subject) -> str:
    """Return the EVM address that ``text`` is or stands for, 0x and 40 lower-case hex digits."""
    found = put_in(text, who, who.address)
    if not is_address(found):
        raise Absent(f"{text} stands for no address")
    return "0x" + found.lower().removeprefix("0x")


def _there(value: str | None, otherwise: str) -> str:
    if value is None:
        raise Absent(otherwise)
    return value


def _sign_in_parameter(name: str, who: Subject) -> str:
    """Return the value of ``litParam:NAME:VALUE`` among the resources of the sign-in message: base64url without padding, UTF-8."""
    values = [resource.removeprefix(f"{name}:") for resource in who.siwe_resources if resource.startswith(f"{name}:")]
    if not values:
        raise Absent(f"the caller's sign-in message carries no resource {name}")
    value = values[0]
    try:
        text = base64url_of(value).decode("utf-8")
    except ValueError:
        text = None
    if text is None or base64url(text.encode()) != value:
        raise Absent(f"the resource {name} of the sign-in message is no base64url of UTF-8")
    return text
