"""``Lit.Actions.pubkeyToTokenId({publicKey})`` → 0x-prefixed hex, 32 bytes."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, public_key
from votive.terms.ethereum import token_text


class PubkeyToTokenId(Arguments, frozen=True, kw_only=True):
    """``publicKey`` is SEC1 hex."""

    public_key: Text


async def _handle(run: Run, args: PubkeyToTokenId, _: bytes) -> Reply:
    number = await run.host.pubkey_to_token_id(public_key(args.public_key))
    return token_text(number), b""


CAPABILITY = Capability("pubkeyToTokenId", PubkeyToTokenId, None, "", _handle)
