"""What an action may ask about encrypted data: whether conditions hold, a ciphertext, a plaintext. One object per run.

The plaintext goes to the run and nowhere else: no log, no error and no evidence carries it, nor the decryption key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import msgspec

from votive.auth import Credentials, Grant, Granting, Toll, UnboundAuthSig
from votive.core import InvalidCiphertext, ibe_check, ibe_decrypt, ibe_encrypt
from votive.node.custody import not_generated
from votive.node.decryption import Decryption, Sealed
from votive.terms.binding import RequestBinding
from votive.terms.conditions import parse
from votive.terms.encoding import base64_of
from votive.terms.errors import CallerError
from votive.terms.key import Purpose

CALL = "decryptAndCombine"
"""The host call's name, by which nodes meet."""
REFUSED = "the ciphertext is refused: it is damaged, not in canonical form, or not encrypted to this identity under this key"
"""One sentence for all that may be wrong with a ciphertext, the core's: more would help whoever tries others."""


@dataclass
class Confidential:
    """The encryption calls of one run."""

    decryption: Decryption
    grant: Grant
    """Of the run: the caller, and the action that runs."""
    granting: Granting
    """Verifies an AuthSig that the action was given."""
    request: bytes
    """Hash that names the request, 32 bytes."""
    toll: Toll = nullcontext
    """Paid by whoever caused the run: an action brings AuthSigs as strangers do."""
    _calls: int = field(default=0, init=False)

    async def check(self, conditions: Sequence[Any], auth_sig: Mapping[str, Any] | None, chain: str | None) -> bool:
        """Return whether unified ``conditions`` hold for whoever ``auth_sig`` proves, without one for the caller of this run."""
        outcome = await self.decryption.judge.judge(parse(conditions), await self._who(auth_sig, chain))
        return outcome.holds

    async def encrypt(self, conditions: Sequence[Any], plaintext: bytes) -> tuple[str, str]:
        """Encrypt to unified ``conditions``; return the ciphertext in base64 and SHA-256 of the plaintext in hex."""
        public_key = self.decryption.public_key()
        if public_key is None:
            raise not_generated(Purpose.ENCRYPTION_BLS)
        sealed = Sealed(parse(conditions), hashlib.sha256(plaintext).digest())
        ciphertext = await self.decryption.engine(lambda: ibe_encrypt(public_key, sealed.identity, plaintext))
        return base64.b64encode(ciphertext).decode(), sealed.data_hash.hex()

    async def decrypt(
        self, conditions: Sequence[Any], ciphertext: str, data_hash: str, auth_sig: Mapping[str, Any] | None, chain: str | None
    ) -> bytes:
        """Decrypt together with the other nodes that run this action.

        Raises:
            CallerError: malformed arguments, conditions that do not hold, or a ciphertext that is none of these conditions and data.
            PeerError, WorldError: as ``Decryption.key`` says.
        """
        ordinal, self._calls = self._calls, self._calls + 1
        sealed, data = Sealed(parse(conditions), data_hash_of(data_hash)), ciphertext_of(ciphertext)
        who = await self._who(auth_sig, chain)
        key = await self.decryption.key(sealed, who, request=self.request, call=CALL, ordinal=ordinal)
        plaintext = await self.decryption.engine(lambda: ibe_decrypt(data, key))
        if not hmac.compare_digest(hashlib.sha256(plaintext).digest(), sealed.data_hash):
            raise InvalidCiphertext(REFUSED)
        return plaintext

    async def _who(self, auth_sig: Mapping[str, Any] | None, chain: str | None) -> Grant:
        """Return on whose behalf it is asked; whoever it is, the action is the one that runs."""
        if auth_sig is None:
            return self.grant
        # The request's name covers the AuthSig that came within it, so no AuthSig can be bound to it.
        binding = RequestBinding.of(CALL, self.request.hex(), {})
        try:
            proven = await self.granting.grant(Credentials.of({"authSig": signature_for(auth_sig, chain)}), binding, self.toll)
        except UnboundAuthSig as error:
            raise UnboundAuthSig(
                "an AuthSig that an action is given cannot name the request it came with, and this network accepts no others. Leave authSig"
                " out: then the caller of the run is meant.",
            ) from error
        return msgspec.structs.replace(proven, actions=self.grant.actions)


def signature_for(auth_sig: Mapping[str, Any], chain: str | None) -> Mapping[str, Any]:
    """Return the AuthSig for ``chain``: clients give one, or one by the name of each chain."""
    chosen = auth_sig if "sig" in auth_sig else auth_sig.get(chain or "")
    if not isinstance(chosen, Mapping):
        raise CallerError(f"authSig has no signature for the chain {chain!r}.", details=[{"field": "authSig"}])
    return chosen


def ciphertext_of(text: str) -> bytes:
    """Read a ciphertext in base64, in its one encoding; InvalidCiphertext, as for everything else that is wrong with one."""
    try:
        data = base64_of(text)
    except ValueError as error:
        raise InvalidCiphertext(REFUSED) from error
    ibe_check(data)
    return data


def data_hash_of(text: str) -> bytes:
    """Read ``dataToEncryptHash``: SHA-256 in 64 hex digits."""
    if len(text) != 64 or any(digit not in "0123456789abcdefABCDEF" for digit in text):
        raise CallerError(
            "the field 'dataToEncryptHash' must be a SHA-256 hash in 64 hex digits.", details=[{"field": "dataToEncryptHash"}]
        )
    return bytes.fromhex(text)
