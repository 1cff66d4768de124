"""What a request is: the canonical JSON that callers sign and nodes compare (RFC 8785, "JCS").

A caller's wallet signature that names this hash authorises one request and nothing else.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Self

import msgspec

from votive.terms.errors import CallerError

REQUEST_PREFIX = "votive://request/"
"""Resources of an EIP-4361 message that begin so name the one request that the message authorises."""

AUTHENTICATION_FIELDS = frozenset({"authSig", "authMethods", "authMethod", "epoch"})
"""Fields of a body that say who asks, or which epoch the caller saw; not part of what is asked."""

_EXACT = 2**53
"""Every integer of smaller magnitude is a double."""


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as RFC 8785 JSON; CallerError if JSON cannot carry it without loss.

    Integers beyond 2^53 - 1 pass only if a double holds them exactly, since every JavaScript reader turns them into one.
    Written here because nodes do this for strangers: it costs a long string some nanoseconds a byte, and a number less than a
    microsecond. tests/auth compares it with the package rfc8785.
    """
    pieces: list[str] = []
    try:
        _write(value, pieces.append)
        return "".join(pieces).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CallerError("the body has no canonical JSON: it holds half of a surrogate pair, which is not Unicode") from error
    except RecursionError as error:
        raise CallerError("the body is nested too deeply; flatten it") from error


def _write(value: Any, put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None or isinstance(value, bool):
        put({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        put(_integer(value))
    elif isinstance(value, float):
        put(_double(value))
    elif isinstance(value, Mapping):
        _write_object(value, put)
    elif isinstance(value, list | tuple):
        _write_array(value, put)
    else:
        raise CallerError(f"the body has no canonical JSON: {type(value).__name__} is not a type of JSON")


def _write_array(items: Sequence[Any], put: Callable[[str], None]) -> None:
    if set(map(type, items)) == {int}:  # a digest, most of the time
        exact = min(items) > -_EXACT and max(items) < _EXACT
        put("[" + ",".join(map(str if exact else _integer, items)) + "]")
        return
    mark = "["
    for item in items:
        put(mark)
        _write(item, put)
        mark = ","
    put("[]" if mark == "[" else "]")


def _write_object(members: Mapping[Any, Any], put: Callable[[str], None]) -> None:
    if not all(isinstance(name, str) for name in members):
        raise CallerError("the body has no canonical JSON: the keys of an object must be strings")
    mark = "{"
    for name in sorted(members, key=lambda name: name.encode("utf-16-be")):
        put(mark + encode_basestring(name) + ":")
        _write(members[name], put)
        mark = ","
    put("{}" if mark == "{" else "}")


def _integer(value: int) -> str:
    if abs(value) < _EXACT:
        return str(value)
    if abs(value) < 2**1023 and int(float(value)) == value:
        return _double(float(value))
    shown = str(value) if abs(value) < 2**128 else "an integer"
    raise CallerError(f"{shown} is beyond what a double holds exactly: JSON would round this integer; send it as a string")


def _double(value: float) -> str:
    """Write a double as ECMAScript's Number::toString does; Python finds the same shortest digits and sets them otherwise."""
    if not math.isfinite(value):
        raise CallerError(f"the body has no canonical JSON: {value} is not a number of JSON")
    if value == 0:
        return "0"  # of -0 too
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa.removesuffix(".0")
    sign, digits = ("-" if value < 0 else ""), mantissa.lstrip("-").replace(".", "")
    power = int(exponent)
    if 0 < power < 21:
        return sign + digits.ljust(power + 1, "0")
    if -7 < power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    return f"{mantissa.removesuffix('.0')}e{power:+d}"


class RequestBinding(msgspec.Struct, frozen=True, kw_only=True):
    """One request, canonicalised and hashed once: what the caller's signature and the session id are compared with."""

    path: str
    """Path of the endpoint as the client called it, such as ``/web/execute``."""
    request_id: str
    """The X-Request-Id header."""
    body_hash: bytes
    """SHA-256 of the RFC 8785 JSON of the body without ``AUTHENTICATION_FIELDS``, as ``terms.session.request_hash`` takes it."""
    resource: str
    """``votive://request/`` and the lower-case hex SHA-256 of the canonical JSON of [path, request id, body]."""

    @classmethod
    def of(cls, path: str, request_id: str, body: Mapping[str, Any]) -> Self:
        """Bind a decoded JSON body to its path and request id; CallerError as in ``canonical_json``."""
        asked = canonical_json({name: value for name, value in body.items() if name not in AUTHENTICATION_FIELDS})
        # An array's canonical JSON is its items' canonical JSON between brackets, so the body is not written twice.
        whole = b"[" + b",".join((canonical_json(path), canonical_json(request_id), asked)) + b"]"
        return cls(
            path=path,
            request_id=request_id,
            body_hash=hashlib.sha256(asked).digest(),
            resource=REQUEST_PREFIX + hashlib.sha256(whole).hexdigest(),
        )


def binding_resource(path: str, request_id: str, body: Mapping[str, Any]) -> str:
    """Return the resource that a client puts into the EIP-4361 message of exactly this request."""
    return RequestBinding.of(path, request_id, body).resource
