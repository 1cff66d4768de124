"""What a request is: the canonical JSON that callers sign and nodes compare (RFC 8785, "JCS").

A caller's wallet signature that names this hash authorises one request and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

import msgspec
import rfc8785

from votive.terms.errors import CallerError

REQUEST_PREFIX = "votive://request/"
"""Resources of an EIP-4361 message that begin so name the one request that the message authorises."""

AUTHENTICATION_FIELDS = frozenset({"authSig", "authMethods", "epoch"})
"""Fields of a body that say who asks, or which epoch the caller saw; not part of what is asked."""


def canonical_json(value: Any) -> bytes:
    """Return ``value`` as RFC 8785 JSON; CallerError if JSON cannot carry it without loss.

    Integers beyond 2^53 - 1 pass only if a double holds them exactly, since every JavaScript reader turns them into one.
    """
    try:
        return _dumps(value)
    except rfc8785.IntegerDomainError as error:
        raise CallerError(f"{error}: JSON would round this integer; send it as a string") from error
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise CallerError(f"the body has no canonical JSON: {error}") from error
    except RecursionError as error:
        raise CallerError("the body is nested too deeply; flatten it") from error


def _dumps(value: Any) -> bytes:
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        return rfc8785.dumps(_with_exact_doubles(value))


def _with_exact_doubles(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_exact_doubles(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_exact_doubles(item) for item in value]
    if type(value) is int and 2**53 <= abs(value) < 2**1023 and int(float(value)) == value:
        return float(value)
    return value


class RequestBinding(msgspec.Struct, frozen=True, kw_only=True):
    """One request, canonicalised once: what the caller's signature and the session id are compared with."""

    path: str
    """Path of the endpoint as the client called it, such as ``/web/execute``."""
    request_id: str
    """The X-Request-Id header."""
    canonical_body: bytes
    """RFC 8785 JSON of the body without ``AUTHENTICATION_FIELDS``."""

    @classmethod
    def of(cls, path: str, request_id: str, body: Mapping[str, Any]) -> Self:
        """Bind a decoded JSON body to its path and request id; CallerError as in ``canonical_json``."""
        asked = {name: value for name, value in body.items() if name not in AUTHENTICATION_FIELDS}
        return cls(path=path, request_id=request_id, canonical_body=canonical_json(asked))

    @property
    def body_hash(self) -> bytes:
        """SHA-256 of the canonical body, 32 bytes, as ``terms.session.request_hash`` takes it."""
        return hashlib.sha256(self.canonical_body).digest()

    @property
    def resource(self) -> str:
        """``votive://request/`` and the lower-case hex SHA-256 of the canonical JSON of [path, request id, body]."""
        # An array's canonical JSON is its items' canonical JSON between brackets, so the body is not written twice.
        pieces = (canonical_json(self.path), canonical_json(self.request_id), self.canonical_body)
        return REQUEST_PREFIX + hashlib.sha256(b"[" + b",".join(pieces) + b"]").hexdigest()


def binding_resource(path: str, request_id: str, body: Mapping[str, Any]) -> str:
    """Return the resource that a client puts into the EIP-4361 message of exactly this request."""
    return RequestBinding.of(path, request_id, body).resource
