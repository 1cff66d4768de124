"""Refusals of this room: who asks could not be told, or may not ask."""

from __future__ import annotations

from typing import Any

from votive.terms.errors import CallerError, ErrorCode


class InvalidAuthSig(CallerError):
    """A wallet signature does not authorise this request."""

    code = ErrorCode.INVALID_AUTH_SIG
    status = 401


class InvalidSiweMessage(CallerError):
    """A text is not an EIP-4361 message; the message names the line."""

    code = ErrorCode.SIWE_MESSAGE


class UnboundAuthSig(CallerError):
    """A wallet signature names no request, and this node accepts no bearer tokens."""

    code = ErrorCode.UNBOUND_AUTH_SIG
    status = 401


class UnsupportedAuthSig(CallerError):
    """Authentication of a kind that is not offered."""

    code = ErrorCode.UNSUPPORTED_AUTH_SIG


class NotPermitted(CallerError):
    """The chain gives the caller no right to this signature; ``details`` holds every alternative that was tried."""

    code = ErrorCode.SCOPE_TOO_LIMITED
    status = 401

    def __init__(self, message: str, explanation: dict[str, Any]) -> None:
        super().__init__(message, details=(explanation,))
