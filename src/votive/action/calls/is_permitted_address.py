"""``Lit.Actions.isPermittedAddress({tokenId, address})`` → boolean."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id


class IsPermittedAddress(Arguments, frozen=True, kw_only=True):
    """``address`` is an EVM address."""

    token_id: Text
    address: Text


async def _handle(run: Run, args: IsPermittedAddress, _: bytes) -> Reply:
    return await run.host.is_permitted_address(token_id(args.token_id), args.address), b""


CAPABILITY = Capability("isPermittedAddress", IsPermittedAddress, "contract_calls", "The action read the chain too often", _handle)
