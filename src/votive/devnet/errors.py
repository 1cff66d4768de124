"""What can go wrong when a whole network is started on one machine."""

from __future__ import annotations

from votive.terms.errors import ErrorCode, WorldError


class DevnetError(WorldError):
    """The network could not be started, found or ended; the message says why and what to do."""

    code = ErrorCode.DEVNET

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class PortInUse(DevnetError):
    """A port that the network needs belongs to another process."""

    code = ErrorCode.PORT_IN_USE


class AnvilMissing(DevnetError):
    """There is no anvil on this machine and it could not be installed."""

    code = ErrorCode.ANVIL_MISSING
