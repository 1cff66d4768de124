"""``Lit.Actions.isPermittedAuthMethod({tokenId, authMethodType, userId})`` → boolean."""

from __future__ import annotations

from votive.action.calls.auth_method import MethodId, method_type
from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id


class IsPermittedAuthMethod(Arguments, frozen=True, kw_only=True):
    """``userId`` is the id of the method as the chain holds it, in bytes."""

    token_id: Text
    auth_method_type: Text
    user_id: MethodId


async def _handle(run: Run, args: IsPermittedAuthMethod, _: bytes) -> Reply:
    kind = method_type(args.auth_method_type)
    return await run.host.is_permitted_auth_method(token_id(args.token_id), kind, args.user_id), b""


CAPABILITY = Capability("isPermittedAuthMethod", IsPermittedAuthMethod, "contract_calls", "The action read the chain too often", _handle)
