"""``Lit.Actions.getPermittedAuthMethodScopes({tokenId, authMethodType, userId, maxScopeId = 100})`` → array of booleans."""

from __future__ import annotations

from typing import Annotated

import msgspec

from votive.action.calls.auth_method import MethodId, method_type
from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id

MOST_SCOPES = 1000
"""The contract looks at one storage slot for each."""


class GetPermittedAuthMethodScopes(Arguments, frozen=True, kw_only=True):
    """``userId`` is the id of the method as the chain holds it; scopes 0 to ``maxScopeId`` - 1 are looked at."""

    token_id: Text
    auth_method_type: Text
    user_id: MethodId
    max_scope_id: Annotated[int, msgspec.Meta(ge=1, le=MOST_SCOPES)]


async def _handle(run: Run, args: GetPermittedAuthMethodScopes, _: bytes) -> Reply:
    kind = method_type(args.auth_method_type)
    scopes = await run.host.permitted_auth_method_scopes(token_id(args.token_id), kind, args.user_id, args.max_scope_id)
    return list(scopes), b""


CAPABILITY = Capability(
    "getPermittedAuthMethodScopes", GetPermittedAuthMethodScopes, "contract_calls", "The action read the chain too often", _handle
)
