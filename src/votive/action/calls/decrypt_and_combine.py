"""``Lit.Actions.decryptAndCombine({accessControlConditions, ciphertext, dataToEncryptHash, authSig, chain})`` → text."""

from __future__ import annotations

from typing import Annotated

import msgspec

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text, refused
from votive.action.calls.conditions import ConditionsText, ProofText, conditions_of, proof_of

DataHash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class DecryptAndCombine(Arguments, frozen=True, kw_only=True):
    """``ciphertext`` is base64 and ``dataToEncryptHash`` 64 hex digits, both as ``encrypt`` gives them."""

    access_control_conditions: ConditionsText
    ciphertext: str
    data_to_encrypt_hash: DataHash
    auth_sig: ProofText | None
    chain: Text | None


async def _handle(run: Run, args: DecryptAndCombine, _: bytes) -> Reply:
    conditions = conditions_of(args.access_control_conditions, "accessControlConditions")
    proof = proof_of(args.auth_sig)
    plaintext = await run.host.decrypt_and_combine(conditions, args.ciphertext, args.data_to_encrypt_hash, proof, args.chain)
    return _text_of(plaintext), b""


def _text_of(plaintext: bytes) -> str:
    try:
        return plaintext.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refused("what was decrypted is no UTF-8 text, and decryptAndCombine gives text. Encrypt bytes as base64.") from error


CAPABILITY = Capability("decryptAndCombine", DecryptAndCombine, "decryptions", "The action decrypted too often", _handle)
