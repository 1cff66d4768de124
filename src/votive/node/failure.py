"""Why a node does not start: one exit status and one sentence of help for each reason."""

from __future__ import annotations

from enum import IntEnum

from votive.terms.errors import OurError


class ExitStatus(IntEnum):
    """Exit status of ``python -m votive.node``, from the BSD list of sysexits where it has a fitting one."""

    CONFIGURATION = 78
    KEY_ENCRYPTION_KEY = 77
    PORT_IN_USE = 71
    CHAIN_DOWN = 69
    WRONG_CHAIN = 76
    STORE_LOCKED = 75
    STORE_BROKEN = 74
    NOT_REGISTERED = 67
    SANDBOX = 72
    DEFECT = 70


class StartFailure(OurError):
    """The node cannot start; the message says what, why and what to do."""

    def __init__(self, message: str, status: ExitStatus) -> None:
        super().__init__(message)
        self.exit_status = status

    @classmethod
    def configuration(cls, message: str) -> StartFailure:
        """A configuration that cannot work."""
        return cls(message, ExitStatus.CONFIGURATION)
