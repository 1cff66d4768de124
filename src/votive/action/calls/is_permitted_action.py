"""``Lit.Actions.isPermittedAction({tokenId, ipfsId})`` → boolean."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, token_id


class IsPermittedAction(Arguments, frozen=True, kw_only=True):
    """``ipfsId`` is an action's CID."""

    token_id: Text
    ipfs_id: Text


async def _handle(run: Run, args: IsPermittedAction, _: bytes) -> Reply:
    return await run.host.is_permitted_action(token_id(args.token_id), args.ipfs_id), b""


CAPABILITY = Capability("isPermittedAction", IsPermittedAction, "contract_calls", "The action read the chain too often", _handle)
