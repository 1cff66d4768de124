"""``Lit.Actions.ethPersonalSignMessageEcdsa({message, publicKey, sigName})`` → ``"success"``."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, SigName, Text, public_key


class PersonalSign(Arguments, frozen=True, kw_only=True):
    """``message`` is what EIP-191 prefixes and hashes: the UTF-8 bytes where JavaScript gave a string."""

    message: bytes
    public_key: Text
    sig_name: SigName


async def _handle(run: Run, args: PersonalSign, _: bytes) -> Reply:
    await run.host.personal_sign(args.message, public_key(args.public_key), args.sig_name)
    return "success", b""


CAPABILITY = Capability("ethPersonalSignMessageEcdsa", PersonalSign, "signatures", "The action signed too often", _handle)
