"""``Lit.Actions.signEcdsa({toSign, publicKey, sigName})`` → ``"success"``."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, SigName, Text, public_key, refused


class SignEcdsa(Arguments, frozen=True, kw_only=True):
    """``toSign`` is a digest, 32 bytes."""

    to_sign: bytes
    public_key: Text
    sig_name: SigName


async def _handle(run: Run, args: SignEcdsa, _: bytes) -> Reply:
    if len(args.to_sign) != 32:
        raise refused(f"toSign must be a digest of 32 bytes, not {len(args.to_sign)}; hash the message first")
    await run.host.sign_ecdsa(args.to_sign, public_key(args.public_key), args.sig_name)
    return "success", b""


CAPABILITY = Capability("signEcdsa", SignEcdsa, "signatures", "The action signed too often", _handle)
