"""Refusals of authentication methods. None of them repeats a token: whoever reads a log could use it."""

from __future__ import annotations

from votive.terms.errors import CallerError, ErrorCode, WorldError


class InvalidAuthMethod(CallerError):
    """A method proves nothing: forged, expired, for somebody else, or of a kind that is not offered here."""

    code = ErrorCode.INVALID_AUTH_METHOD
    status = 401


class ProviderSilent(WorldError):
    """An identity provider does not answer, or not as it should."""

    code = ErrorCode.IDENTITY_PROVIDER
    status = 502
