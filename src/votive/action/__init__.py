"""The sandbox: actions run here, each in a process of its own that can do nothing but ask.

``Pool.run`` is the way in, ``Host`` the only way out. An action never meets a key: this package does not import the core.
"""

from __future__ import annotations

from votive.action.errors import (
    ActionFailed,
    ActionOutOfMemory,
    ActionThrew,
    ActionTimedOut,
    CodeTooLarge,
    HostRefusal,
    LimitExceeded,
    ParameterRefused,
    PoolBusy,
    ProtocolViolation,
    SandboxUnavailable,
)
from votive.action.fetch import FetchFailed, FetchPolicy, FetchRefused, SafeFetch
from votive.action.host import Host
from votive.action.pool import Pool, Warm

__all__ = [
    "ActionFailed",
    "ActionOutOfMemory",
    "ActionThrew",
    "ActionTimedOut",
    "CodeTooLarge",
    "FetchFailed",
    "FetchPolicy",
    "FetchRefused",
    "Host",
    "HostRefusal",
    "LimitExceeded",
    "ParameterRefused",
    "Pool",
    "PoolBusy",
    "ProtocolViolation",
    "SafeFetch",
    "SandboxUnavailable",
    "Warm",
]
