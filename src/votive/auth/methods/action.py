"""An action as a method: the node ran it, and it answered by Lit's convention.

The response ``true`` authenticates; so does ``(true, …)``, whose text the session carries as ``Lit.Auth.customAuthResource``, quoted
as JSON. Everything else refuses.
"""

from __future__ import annotations

import json

import msgspec

from votive.auth.methods.errors import InvalidAuthMethod

TRUE = "true"
_OPENING, _CLOSING = "(true,", ")"
_SHOWN = 200
MAX_RESOURCE = 4096
"""Characters of an answer that become part of the session's message."""


class ActionVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticating action said."""

    custom_auth_resource: str = ""


def verdict_of(cid: str, response: str) -> ActionVerdict:
    """Read the response of the action ``cid``; InvalidAuthMethod unless it authenticates."""
    answer = response.strip()
    if answer == TRUE:
        return ActionVerdict()
    if not (answer.startswith(_OPENING) and answer.endswith(_CLOSING)):
        raise InvalidAuthMethod(
            f"the action {cid} does not authenticate the caller: it must answer {TRUE!r} or '(true, …)'",
            details=({"action": cid, "response": response[:_SHOWN]},),
        )
    if len(answer) > MAX_RESOURCE:
        raise InvalidAuthMethod(f"the action {cid} answered {len(answer)} characters; an authenticating answer has {MAX_RESOURCE} at most")
    return ActionVerdict(custom_auth_resource=json.dumps(answer, ensure_ascii=True))
