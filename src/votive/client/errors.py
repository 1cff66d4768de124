"""What can go wrong for a client, and how the answers of many nodes become one error.

CallerError ── Refused            the nodes refused; carries the most informative answer and who gave it
            └─ BadArgument        the request is wrong before it is sent
PeerError   ── NoValidSignature   nodes answered, but nothing they gave verifies
WorldError  ── Unreachable        no node, gateway or chain answered
            ├─ WrongNetwork       node and chain do not belong together
            ├─ NotEnoughShares    too few nodes contributed to a decryption
            └─ TransactionFailed  the chain refused or reverted a transaction
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from votive.terms.errors import CallerError, ErrorCode, PeerError, VotiveError, WorldError

_KNOWN_CODES = {code.value: code for code in ErrorCode}


class BadArgument(CallerError):
    """An argument cannot be used; the message names it and says what it should be."""


class Refused(CallerError):
    """The nodes refused. ``reported_code`` is theirs as they sent it, ``seats`` those that gave this answer."""

    def __init__(
        self, message: str, *, reported_code: str, status: int, details: Sequence[Any], seats: Sequence[int], logs: str = ""
    ) -> None:
        super().__init__(message, status=status, details=details)
        self.reported_code = reported_code
        self.seats = tuple(seats)
        self.logs = logs
        self.code = _KNOWN_CODES.get(reported_code, ErrorCode.INTERNAL)


class NoValidSignature(PeerError):
    """Nodes answered with success, but no signature among the answers verifies."""

    code = ErrorCode.NO_VALID_SIGNATURE


class Unreachable(WorldError):
    """A node, a gateway or the chain could not be reached."""

    code = ErrorCode.UNREACHABLE


class WrongNetwork(WorldError):
    """What a node says of its network does not agree with the chain."""

    code = ErrorCode.WRONG_NETWORK


class NotEnoughShares(WorldError):
    """Too few nodes gave a share that can be used; the message says why of each."""

    code = ErrorCode.NOT_ENOUGH_NODES
    status = 503


class TransactionFailed(WorldError):
    """The chain refused or reverted a transaction."""

    code = ErrorCode.TRANSACTION_FAILED


class ErrorShape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An error as the command line prints it."""

    error_code: str
    message: str
    details: tuple[Any, ...] = ()


def shape_of(error: VotiveError) -> ErrorShape:
    """Return code, message and details of ``error``; a refusal keeps the code its nodes sent."""
    code = error.reported_code if isinstance(error, Refused) else str(error.code)
    return ErrorShape(error_code=code, message=error.message, details=error.details)
