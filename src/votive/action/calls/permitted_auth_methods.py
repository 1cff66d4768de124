"""``Lit.Actions.getPermittedAuthMethods({tokenId})`` → array of ``{auth_method_type, id, user_pubkey}``, all 0x hex."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id
from votive.terms.action import PermittedMethod
from votive.terms.encoding import hex0x


class GetPermittedAuthMethods(Arguments, frozen=True, kw_only=True):
    """``tokenId`` names the key."""

    token_id: Text


async def _handle(run: Run, args: GetPermittedAuthMethods, _: bytes) -> Reply:
    return [_shown(method) for method in await run.host.permitted_auth_methods(token_id(args.token_id))], b""


def _shown(method: PermittedMethod) -> dict[str, str]:
    """Write a method with the names that Lit's nodes give its parts."""
    return {"auth_method_type": hex(method.type), "id": hex0x(method.id), "user_pubkey": hex0x(method.user_pubkey)}


CAPABILITY = Capability(
    "getPermittedAuthMethods", GetPermittedAuthMethods, "contract_calls", "The action read the chain too often", _handle
)
