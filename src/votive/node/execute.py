"""What happens to a request: authorise, run, respond. The two endpoints that use keys, each told in one function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from votive.action import Pool
from votive.auth.permissions import Principal
from votive.chain.permissions import Permissions
from votive.node.answer import ExecuteAnswer, PkpSignAnswer, pkp_sign_answer, signed_entry
from votive.node.approval import Approver, Call, parse_public_key
from votive.node.authorise import Asked, Authoriser
from votive.node.host import RunHost
from votive.node.permission import SharedBlocks
from votive.node.source import Programs
from votive.terms.action import ActionLimits, AuthContext
from votive.terms.errors import CallerError, ErrorCode
from votive.terms.participant import Seat

PKP_SIGN_CALL = "pkpSign"
"""The call name of the endpoint; see ``terms.session.signing_session``."""


class ExecuteBody(msgspec.Struct, frozen=True, kw_only=True, rename={"ipfs_id": "ipfsId", "js_params": "jsParams"}):
    """The fields of ``/web/execute`` that are used; authentication stays with ``authorise``."""

    code: str | None = None
    ipfs_id: str | None = None
    js_params: dict[str, Any] | None = None


class PkpSignBody(msgspec.Struct, frozen=True, kw_only=True, rename={"to_sign": "toSign"}):
    """The fields of ``/web/pkp/sign`` that are used."""

    to_sign: list[int]
    pubkey: str


class Gate:
    """Lets so many requests work at once and turns the others away at the door."""

    def __init__(self, places: int) -> None:
        self._places, self._taken = places, 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; CallerError 429 if there is none."""
        if self._taken >= self._places:
            raise CallerError(
                f"this node works on {self._places} requests already. Try again in a moment.",
                code=ErrorCode.CONCURRENCY_OVERLOAD,
                status=429,
                details=[{"limit": "concurrent_requests", "value": self._places}],
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


@dataclass(frozen=True)
class Service:
    """Everything a request needs."""

    me: Seat
    authorise: Authoriser
    programs: Programs
    pool: Pool
    limits: ActionLimits
    approver: Approver
    permissions: Permissions
    blocks: SharedBlocks
    gate: Gate

    async def execute(self, asked: Asked, body: ExecuteBody) -> ExecuteAnswer:
        """Run an action for a caller, and answer with what it produced and had signed."""
        with self.gate.place():
            authorised = await self.authorise.authorise(asked)
            program = await self.programs.find(body.code, body.ipfs_id)
            host = RunHost(
                approver=self.approver,
                permissions=self.permissions,
                blocks=self.blocks,
                caller=authorised.grant.address,
                action=program.cid,
                request=authorised.request,
            )
            context = AuthContext(
                action_ipfs_ids=(program.cid,), action_ipfs_id_stack=(program.cid,), auth_sig_address=authorised.grant.address
            )
            result = await self.pool.run(program.code, body.js_params or {}, context, host, self.limits)
            signed = {name: signed_entry(name, made, self.me) for name, made in host.made.items()}
            return ExecuteAnswer(signed_data=signed, response=result.response, logs=result.logs)

    async def pkp_sign(self, asked: Asked, body: PkpSignBody) -> PkpSignAnswer:
        """Sign a digest for a caller who has the right himself."""
        with self.gate.place():
            authorised = await self.authorise.authorise(asked)
            call = Call(
                who=Principal(address=authorised.grant.address, action=None),
                request=authorised.request,
                public_key=parse_public_key(body.pubkey, "pubkey"),
                digest=digest_of(body.to_sign),
                name=PKP_SIGN_CALL,
                ordinal=0,
                personal_sign=False,
            )
            return pkp_sign_answer(await self.approver.sign(call), self.me)


def digest_of(to_sign: list[int]) -> bytes:
    """Read ``toSign``, a list of 32 bytes."""
    if len(to_sign) != 32:
        raise CallerError(f"the field 'toSign' must be a digest of 32 bytes, this one has {len(to_sign)}.", details=[{"field": "toSign"}])
    if any(not 0 <= byte <= 255 for byte in to_sign):
        raise CallerError("the field 'toSign' must be a list of 32 numbers from 0 to 255.", details=[{"field": "toSign"}])
    return bytes(to_sign)
