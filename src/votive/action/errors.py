"""How a run ends badly. All but defects are the caller's: the action is the caller's program.

CallerError
├── HostRefusal            what a Host method raises to refuse a call; thrown in JavaScript, and kept if nothing catches it there
├── PoolBusy               too many runs wait
├── ParameterRefused       a parameter has the name of something the runtime provides
└── ActionFailed           the run itself failed; ``logs`` holds what it wrote until then
    ├── ActionThrew        an exception nobody caught
    ├── ActionTimedOut     the time or CPU limit
    ├── ActionOutOfMemory  the memory limit
    ├── LimitExceeded      any other limit
    ├── CodeTooLarge       the limit on code
    └── ProtocolViolation  frames that our side of the sandbox never sends
OurError
└── SandboxUnavailable     Deno is missing or does not start
"""

from __future__ import annotations

from votive.terms.errors import CallerError, ErrorCode, OurError


class HostRefusal(CallerError):
    """The node refuses a host call. Raise it with the code, message and details that the caller is to see."""

    status = 403


class PoolBusy(CallerError):
    """More runs wait than the pool may queue."""

    code = ErrorCode.CONCURRENCY_OVERLOAD
    status = 429


class ParameterRefused(CallerError):
    """A parameter would replace something that the action's author relied on."""


class ActionFailed(CallerError):
    """A run failed. ``logs`` is what ``console`` wrote until then."""

    code = ErrorCode.JS_EXECUTION
    logs: str = ""


class ActionThrew(ActionFailed):
    """The action threw and nothing caught it; the message is the exception with its stack."""


class ActionTimedOut(ActionFailed):
    """The action used up its time, on the clock or on the processor."""

    code = ErrorCode.JS_TIMEOUT
    status = 502


class ActionOutOfMemory(ActionFailed):
    """The action used up its memory."""

    code = ErrorCode.JS_MEMORY
    status = 502


class LimitExceeded(ActionFailed):
    """The action used more of something than one run may. Catchable in JavaScript where a call is refused."""

    code = ErrorCode.JS_LIMIT

    def __init__(self, limit: str, value: int, what: str) -> None:
        super().__init__(f"{what}: the limit {limit} is {value} for one run.", details=({"limit": limit, "value": value},))


class CodeTooLarge(ActionFailed):
    """The action's code is longer than the limit."""

    code = ErrorCode.CODE_TOO_LARGE


class ProtocolViolation(ActionFailed):
    """The process sent what our side of the sandbox never sends; it was ended at once."""


class SandboxUnavailable(OurError):
    """Deno is missing or cannot run here; the message says what to install."""
