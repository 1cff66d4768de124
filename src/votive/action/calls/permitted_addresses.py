"""``Lit.Actions.getPermittedAddresses({tokenId})`` → array of addresses."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id


class GetPermittedAddresses(Arguments, frozen=True, kw_only=True):
    """``tokenId`` names the key."""

    token_id: Text


async def _handle(run: Run, args: GetPermittedAddresses, _: bytes) -> Reply:
    return list(await run.host.permitted_addresses(token_id(args.token_id))), b""


CAPABILITY = Capability("getPermittedAddresses", GetPermittedAddresses, "contract_calls", "The action read the chain too often", _handle)
