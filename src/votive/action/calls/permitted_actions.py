"""``Lit.Actions.getPermittedActions({tokenId})`` → array of CIDs."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id


class GetPermittedActions(Arguments, frozen=True, kw_only=True):
    """``tokenId`` names the key."""

    token_id: Text


async def _handle(run: Run, args: GetPermittedActions, _: bytes) -> Reply:
    return list(await run.host.permitted_actions(token_id(args.token_id))), b""


CAPABILITY = Capability("getPermittedActions", GetPermittedActions, "contract_calls", "The action read the chain too often", _handle)
