"""Errors say who: the caller, a peer, the world, or ourselves.

VotiveError
├── CallerError     the request was wrong; stable code, HTTP status, explanation
├── PeerError       another node misbehaved; carries the culprits, if any can be named
├── WorldError      the chain, a gateway, the clock, the machine; retryable or not
└── OurError        a defect or a broken installation of our own
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from votive.terms.participant import Seat

IS_IT_UP = "Is the network up (`votive status`, `votive up`), and the URL right?"
"""What to ask oneself where nobody answers."""


class ErrorCode(StrEnum):
    """Stable codes that callers see as ``errorCode``; docs/errors.md says what each means. Lit's codes where Lit has one."""

    BAD_INPUT = "NodeBadInput"
    INVALID_AUTH_SIG = "NodeInvalidAuthSig"
    SIWE_MESSAGE = "NodeSIWEMessageError"
    UNSUPPORTED_AUTH_SIG = "unsupported_auth_sig"
    UNBOUND_AUTH_SIG = "NodeUnboundAuthSig"
    INVALID_AUTH_METHOD = "NodeInvalidAuthMethod"
    INVALID_BLOCKHASH = "NodeInvalidBlockhash"
    IDENTITY_PROVIDER = "NodeIdentityProviderError"
    SCOPE_TOO_LIMITED = "NodeAuthSigScopeTooLimited"
    TOO_MANY_CONDITIONS = "NodeTooManyConditions"
    CONDITIONS_NOT_MET = "NodeAccessControlConditionsReturnedNotAuthorized"
    UNKNOWN_KEY = "NodeUnknownKey"
    KEY_UNAVAILABLE = "NodeKeyUnavailable"
    BODY_TOO_LARGE = "NodeBodyTooLarge"
    REQUEST_TIMEOUT = "request_timeout"
    DIGESTS_DIFFER = "NodeDigestsDiffer"
    NOT_ENOUGH_NODES = "NodeNotEnoughNodes"
    SIGNING_FAILED = "NodeSigningFailed"
    DECRYPTION_FAILED = "NodeDecryptionFailed"
    CONCURRENCY_OVERLOAD = "NodeConcurrencyOverload"
    RATE_LIMITED = "rate_limit_exceeded"
    JS_EXECUTION = "NodeJsExecutionError"
    JS_TIMEOUT = "NodeJsTimeoutError"
    JS_MEMORY = "NodeJsMemoryLimitError"
    JS_LIMIT = "NodeJsLimitExceeded"
    CODE_TOO_LARGE = "NodeCodeTooLarge"
    CID_MISMATCH = "NodeCidMismatch"
    IPFS = "NodeIpfsError"
    FETCH_REFUSED = "NodeFetchRefused"
    FETCH_FAILED = "NodeFetchFailed"
    CHAIN = "NodeChainError"
    INTERNAL = "NodeInternalError"
    UNREACHABLE = "ClientUnreachable"
    WRONG_NETWORK = "ClientWrongNetwork"
    TRANSACTION_FAILED = "ClientTransactionFailed"
    NO_VALID_SIGNATURE = "ClientNoValidSignature"
    DEVNET = "DevnetError"
    PORT_IN_USE = "DevnetPortInUse"
    ANVIL_MISSING = "DevnetAnvilMissing"


class VotiveError(Exception):
    """Base of all errors that Votive raises on purpose."""

    code: ErrorCode = ErrorCode.INTERNAL
    status: int = 500

    def __init__(self, message: str, *, code: ErrorCode | None = None, status: int | None = None, details: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details: tuple[Any, ...] = tuple(details)
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status


class CallerError(VotiveError):
    """The caller's request was wrong or is not allowed. ``details`` explains a refusal as a tree."""

    code = ErrorCode.BAD_INPUT
    status = 400


class PeerError(VotiveError):
    """Another node broke the protocol. ``culprits`` are the seats for which there is evidence; empty: nobody is blamed."""

    code = ErrorCode.SIGNING_FAILED
    status = 502

    def __init__(self, message: str, *, culprits: Sequence[Seat] = (), **rest: Any) -> None:
        super().__init__(message, **rest)
        self.culprits: tuple[Seat, ...] = tuple(culprits)


class WorldError(VotiveError):
    """Something outside of Votive failed: chain, gateway, machine."""

    code = ErrorCode.CHAIN
    status = 502

    def __init__(self, message: str, *, retryable: bool = True, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retryable = retryable


class OurError(VotiveError):
    """A defect, or an installation that cannot work; the message says what to do."""


def reason_of(error: BaseException) -> str:
    """Say in few words why a connection failed: the system's own, if it has some, not those of the library in between."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) and number > 0 else str(error) or type(error).__name__
