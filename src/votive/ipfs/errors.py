"""Errors of this room: a caller's CID that is none, and a world that does not deliver what a CID names."""

from __future__ import annotations

from votive.terms.errors import CallerError, ErrorCode, WorldError


class InvalidCid(CallerError):
    """A text is not a CID that this network uses; the message says in what."""


class IpfsError(WorldError):
    """The bytes that a CID names could not be had."""

    code = ErrorCode.IPFS


class BadBlock(IpfsError):
    """A block does not hash to its CID, or is no well-formed part of a file."""


class TooLarge(IpfsError):
    """A file or block is larger than what was asked for allows."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)
