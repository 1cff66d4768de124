"""What happens to a request: authorise, run, respond. The endpoints that use keys, each told in one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from votive.action import Pool
from votive.auth import ActionRef, Grant, Toll
from votive.chain.permissions import Permissions
from votive.ipfs import multihash_of
from votive.node.answer import (
    EncryptionSignAnswer,
    ExecuteAnswer,
    PkpSignAnswer,
    encryption_sign_answer,
    pkp_sign_answer,
    signed_entry,
)
from votive.node.approval import Approver, Call, parse_public_key
from votive.node.auth_context import auth_context
from votive.node.authorise import Asked, Authoriser
from votive.node.claim import Notary
from votive.node.confidential import Confidential, data_hash_of
from votive.node.decryption import Decryption, Sealed
from votive.node.gate import Gate
from votive.node.host import RunHost
from votive.node.permission import SharedBlocks
from votive.node.source import Program, Programs
from votive.terms.action import ActionLimits, AuthContext, RunResult
from votive.terms.capability import CONDITIONS, PKP, Ability, Capabilities, Resource
from votive.terms.conditions import from_request
from votive.terms.encoding import bytes_of
from votive.terms.errors import CallerError
from votive.terms.ethereum import personal_digest
from votive.terms.key import Purpose
from votive.terms.participant import Seat

PKP_SIGN_CALL = "pkpSign"
"""The call name of the endpoint; see ``terms.session.signing_session``."""
TO_SIGN = Capabilities.of((Ability.PKP_SIGNING, Resource.every(PKP)))
TO_DECRYPT = Capabilities.of((Ability.DECRYPTION, Resource.every(CONDITIONS)))
"""What an endpoint hands on of a grant: no more than it does itself. Only a run may need all of it."""


class ExecuteBody(msgspec.Struct, frozen=True, kw_only=True, rename={"ipfs_id": "ipfsId", "js_params": "jsParams"}):
    """The fields of ``/web/execute`` that are used; authentication stays with ``authorise``."""

    code: str | None = None
    ipfs_id: str | None = None
    js_params: dict[str, Any] | None = None


class PkpSignBody(msgspec.Struct, frozen=True, kw_only=True, rename={"to_sign": "toSign"}):
    """The fields of ``/web/pkp/sign`` that are used: a digest, or a message that this node hashes by EIP-191 itself."""

    pubkey: str
    to_sign: list[int] | None = None
    message: str | None = None
    """0x and hex."""


class EncryptionSignBody(msgspec.Struct, frozen=True, kw_only=True, rename={"data_to_encrypt_hash": "dataToEncryptHash"}):
    """The fields of ``/web/encryption/sign`` that are used; the conditions are read apart, as there are four fields for them."""

    data_to_encrypt_hash: str


@dataclass(frozen=True)
class Service:
    """Everything a request needs."""

    me: Seat
    authorise: Authoriser
    programs: Programs
    pool: Pool
    limits: ActionLimits
    approver: Approver
    decryption: Decryption
    permissions: Permissions
    blocks: SharedBlocks
    gate: Gate
    notary: Notary

    async def execute(self, asked: Asked, body: ExecuteBody) -> ExecuteAnswer:
        """Run an action for a caller, and answer with what it produced and had signed."""
        with self.gate.place():
            authorised = await self.authorise.authorise(asked)
            program = await self.programs.find(body.code, body.ipfs_id)
            grant = authorised.grant.through(action_of(program.cid))
            result, host = await self.run(
                program, body.js_params or {}, auth_context(grant), grant, authorised.request, toll=authorised.toll
            )
            signed = {name: signed_entry(name, made, self.me) for name, made in host.made.items()}
            claimed = {key_id: claim.entry() for key_id, claim in host.claimed.items()}
            return ExecuteAnswer(signed_data=signed, claim_data=claimed, response=result.response, logs=result.logs)

    async def run(
        self, program: Program, params: dict[str, Any], context: AuthContext, grant: Grant, request: bytes, *, toll: Toll
    ) -> tuple[RunResult, RunHost]:
        """Run ``program`` under ``grant``; return its result, and the host with what it had signed."""
        confidential = Confidential(self.decryption, grant=grant, granting=self.authorise.granting, request=request, toll=toll)
        host = RunHost(
            approver=self.approver,
            confidential=confidential,
            notary=self.notary,
            permissions=self.permissions,
            blocks=self.blocks,
            grant=grant,
            request=request,
        )
        return await self.pool.run(program.code, params, context, host, self.limits), host

    def encryption_key(self) -> bytes | None:
        """Return the key that clients encrypt under, 48 bytes; None while the nodes are still making it."""
        return self.decryption.public_key()

    def session_key(self) -> bytes | None:
        """Return the key that the network signs sessions of PKPs with, 48 bytes; None while the nodes are still making it."""
        return self.decryption.custody.network_public_key(Purpose.SESSION_BLS)

    def root_keys(self) -> tuple[bytes, ...]:
        """Return the keys that claimed keys are derived from, compressed, in the chain's order; none before there are ten."""
        return tuple(key.public_key for key in self.decryption.custody.network_keys(Purpose.ROOT_ECDSA))

    async def encryption_sign(self, asked: Asked, body: EncryptionSignBody) -> EncryptionSignAnswer:
        """Give our share of a decryption key to a caller for whom the conditions hold."""
        with self.gate.place():
            authorised = await self.authorise.authorise(asked)
            sealed = Sealed(from_request(asked.body), data_hash_of(body.data_to_encrypt_hash))
            return encryption_sign_answer(await self.decryption.share(sealed, authorised.grant.narrowed(TO_DECRYPT)), self.me)

    async def pkp_sign(self, asked: Asked, body: PkpSignBody) -> PkpSignAnswer:
        """Sign a digest for a caller who has the right himself."""
        with self.gate.place():
            public_key, digest = parse_public_key(body.pubkey, "pubkey"), asked_digest(body)
            authorised = await self.authorise.authorise(asked)
            call = Call(
                grant=authorised.grant.narrowed(TO_SIGN),
                request=authorised.request,
                public_key=public_key,
                digest=digest,
                name=PKP_SIGN_CALL,
                ordinal=0,
                personal_sign=body.message is not None,
            )
            return pkp_sign_answer(await self.approver.sign(call), self.me)


def action_of(cid: str) -> ActionRef:
    """Return the action that ``cid`` names, as contracts know it; CallerError if it names none."""
    return ActionRef(cid=cid, multihash=multihash_of(cid))


def asked_digest(body: PkpSignBody) -> bytes:
    """Return what is to be signed, 32 bytes: ``toSign``, or the EIP-191 hash of ``message``."""
    if (body.to_sign is None) == (body.message is None):
        raise CallerError("give either 'toSign' (a digest of 32 bytes) or 'message' (0x hex).", details=[{"field": "toSign"}])
    return digest_of(body.to_sign) if body.to_sign is not None else personal_digest(message_of(body.message or ""))


def message_of(text: str) -> bytes:
    """Read ``message``, bytes in 0x hex."""
    try:
        if text.startswith("0x"):
            return bytes_of(text)
    except ValueError:
        pass
    raise CallerError("the field 'message' must be the message's bytes in hex, with 0x.", details=[{"field": "message"}])


def digest_of(to_sign: list[int]) -> bytes:
    """Read ``toSign``, a list of 32 bytes."""
    if len(to_sign) != 32:
        raise CallerError(f"the field 'toSign' must be a digest of 32 bytes, this one has {len(to_sign)}.", details=[{"field": "toSign"}])
    try:
        return bytes(to_sign)
    except ValueError as error:
        raise CallerError("the field 'toSign' must be a list of 32 numbers from 0 to 255.", details=[{"field": "toSign"}]) from error
