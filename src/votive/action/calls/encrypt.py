"""``Lit.Actions.encrypt({accessControlConditions, to_encrypt})`` → ``{ciphertext, dataToEncryptHash}``."""

from __future__ import annotations

import msgspec

from votive.action.calls.capability import Arguments, Capability, Reply, Run
from votive.action.calls.conditions import ConditionsText, conditions_of


class Encrypt(Arguments, frozen=True, kw_only=True):
    """``to_encrypt`` is the plaintext: the UTF-8 bytes where JavaScript gave a string."""

    access_control_conditions: ConditionsText
    to_encrypt: bytes = msgspec.field(name="to_encrypt")


async def _handle(run: Run, args: Encrypt, _: bytes) -> Reply:
    conditions = conditions_of(args.access_control_conditions, "accessControlConditions")
    ciphertext, data_hash = await run.host.encrypt(conditions, args.to_encrypt)
    return {"ciphertext": ciphertext, "dataToEncryptHash": data_hash}, b""


CAPABILITY = Capability("encrypt", Encrypt, "encryptions", "The action encrypted too often", _handle)
