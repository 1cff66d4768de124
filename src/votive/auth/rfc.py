"""The standards' small grammars that EIP-4361 borrows: URIs (RFC 3986), date-times (RFC 3339), addresses (EIP-55)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB_DELIMS = r"!$&'()*+,;="
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:@]|{_ESCAPED})"
_USERINFO = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:]|{_ESCAPED})*"
_REG_NAME = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}]|{_ESCAPED})*"
_IP_LITERAL = rf"\[(?:(?P<ipv6>[0-9A-Fa-f:.]+)|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+)\]"
_AUTHORITY = rf"(?:{_USERINFO}@)?(?:{_IP_LITERAL}|{_REG_NAME})(?::[0-9]*)?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+\-.]*"
_HIER_PART = rf"(?://{_AUTHORITY}(?:/{_PCHAR}*)*|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"

_is_scheme = re.compile(_SCHEME).fullmatch
_is_authority = re.compile(_AUTHORITY).fullmatch
_is_uri = re.compile(rf"{_SCHEME}:{_HIER_PART}(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?").fullmatch
_is_path_text = re.compile(rf"{_PCHAR}*").fullmatch
_is_statement = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:/?#\[\]@ ]+").fullmatch
_MAX_TIME = 64
"""Characters of a date-time: a fraction of a second has as many digits as its writer likes, and what was read is remembered."""
_is_date_time = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
).fullmatch
_is_address = re.compile(r"0x[0-9A-Fa-f]{40}").fullmatch


def is_scheme(text: str) -> bool:
    """Say whether ``text`` is a scheme of RFC 3986, 3.1."""
    return _is_scheme(text) is not None


def is_domain(text: str) -> bool:
    """Say whether ``text`` is a non-empty authority of RFC 3986, 3.2: [userinfo@]host[:port]."""
    return bool(text) and _with_valid_ipv6(_is_authority(text))


def is_uri(text: str) -> bool:
    """Say whether ``text`` is a URI of RFC 3986, 3."""
    return _with_valid_ipv6(_is_uri(text))


def is_path_text(text: str) -> bool:
    """Say whether ``text`` is ``*pchar`` of RFC 3986, 3.3."""
    return _is_path_text(text) is not None


def is_statement(text: str) -> bool:
    """Say whether ``text`` is one or more reserved or unreserved characters of RFC 3986, or spaces."""
    return _is_statement(text) is not None


def _with_valid_ipv6(match: re.Match[str] | None) -> bool:
    if match is None:
        return False
    if match["ipv6"] is None:
        return True
    try:
        IPv6Address(match["ipv6"])
    except AddressValueError:
        return False
    return True


@lru_cache(1024)  # one request asks for each of its times more than once
def unix_time(text: str) -> float:
    """Read an RFC 3339 date-time as Unix seconds; ValueError if it is none or names no moment.

    A leap second (``:60``) is refused: Unix time has none.
    """
    match = _is_date_time(text) if len(text) <= _MAX_TIME else None
    if match is None:
        raise ValueError(f"{text[:_MAX_TIME]!r} is not a date-time of RFC 3339, such as 2026-01-31T12:00:00Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    return moment + float(match[7] or 0) - _offset(match[8], match[9], match[10])


def _offset(sign: str | None, hours: str, minutes: str) -> int:
    if sign is None:
        return 0
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(f"{sign}{hours}:{minutes} is not an offset from UTC")
    seconds = int(hours) * 3600 + int(minutes) * 60
    return seconds if sign == "+" else -seconds


def is_address(text: str) -> bool:
    """Say whether ``text`` is 0x and 40 hex digits, in any case."""
    return _is_address(text) is not None
