"""``Lit.Actions.claimKey({keyId, minter})`` → ``"success"``; without ``minter`` whoever has the signatures may mint the key."""

from __future__ import annotations

from typing import Annotated

import msgspec

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text

KeyName = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class ClaimKey(Arguments, frozen=True, kw_only=True):
    """``key_id`` is the action's own name for the key; the network's is the hash of the action's CID and it."""

    key_id: KeyName
    minter: Text | None


async def _handle(run: Run, args: ClaimKey, _: bytes) -> Reply:
    await run.host.claim_key(args.key_id, args.minter)
    return "success", b""


CAPABILITY = Capability("claimKey", ClaimKey, "claims", "The action claimed too many keys", _handle)
