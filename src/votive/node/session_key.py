"""Opening a session of a PKP: the nodes check who asks, complete his message, and sign it with the network's session key.

Whoever proves himself by a method that the chain permits for the PKP may open one. What costs little is checked first: the
message, the block it names, the rights of an action; then tokens, whose issuers may have to be asked; then the action runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from coincurve import PublicKey

from votive.auth import Grant, NotPermitted, ReadPermissions, Toll
from votive.auth.credentials import parse_auth_methods
from votive.auth.grant import ProvenMethod
from votive.auth.methods import Methods, verdict_of
from votive.auth.permissions import decide
from votive.auth.pkp_session import Opening, UnknownBlock
from votive.core import KeyShare
from votive.node.answer import SESSION_CURVE, SignSessionKeyAnswer, sign_session_key_answer
from votive.node.approval import parse_public_key
from votive.node.auth_context import deciding, resolved
from votive.node.authorise import Asked, check_request_id
from votive.node.capacity import Admission
from votive.node.execute import action_of
from votive.node.gate import Gate
from votive.node.permission import SharedBlocks
from votive.node.rates import Tolls
from votive.node.source import Program, Programs
from votive.terms.action import AuthContext
from votive.terms.auth_method import AuthMethod, MethodType
from votive.terms.binding import RequestBinding
from votive.terms.block import Block, BlockFacts
from votive.terms.bls_session import session_digest
from votive.terms.capability import EVERYTHING, NOTHING
from votive.terms.errors import CallerError
from votive.terms.ethereum import eth_address_of, token_id_of, token_text
from votive.terms.key import KeyId, Purpose
from votive.terms.session import request_hash


class SignSessionKeyBody(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={
        "session_key": "sessionKey",
        "siwe_message": "siweMessage",
        "pkp_public_key": "pkpPublicKey",
        "curve_type": "curveType",
        "ipfs_id": "litActionIpfsId",
        "js_params": "jsParams",
    },
):
    """The fields of ``/web/sign_session_key`` that are used; ``authMethods`` are read apart, as on every endpoint."""

    session_key: str
    siwe_message: str
    pkp_public_key: str
    curve_type: str = SESSION_CURVE
    code: str | None = None
    ipfs_id: str | None = None
    js_params: dict[str, Any] | None = None


class ReadNonces(Protocol):
    """Blocks by the hash that a nonce is."""

    async def by_hash(self, block_hash: bytes) -> BlockFacts | None:
        """Return the block if it is in the chain now."""
        ...


class NetworkKeys(Protocol):
    """This node's shares of the network's own keys."""

    async def network_key(self, purpose: Purpose) -> tuple[KeyId, KeyShare]:
        """Return the key of ``purpose``; WorldError while there is none."""
        ...


class RunAuthentication(Protocol):
    """Runs an action that is to say whether the caller may open a session."""

    async def __call__(
        self, program: Program, params: dict[str, Any], context: AuthContext, grant: Grant, request: bytes, *, toll: Toll
    ) -> str:
        """Return the response; raises what runs raise."""
        ...


@dataclass(frozen=True)
class Pkp:
    """The key whose session is opened."""

    token_id: int
    address: str

    @classmethod
    def of(cls, public_key: str) -> Pkp:
        """Read ``pkpPublicKey``; CallerError if it is none."""
        point = PublicKey(parse_public_key(public_key, "pkpPublicKey")).format(compressed=False)
        return cls(token_id_of(point), eth_address_of(point))


@dataclass(frozen=True)
class _Question:
    """One request, as far as it was read without asking anybody."""

    pkp: Pkp
    request_id: str
    request: RequestBinding
    methods: tuple[AuthMethod, ...]
    block: Block
    expires_at: float
    toll: Toll
    """Paid by whoever proves nothing: identity providers are asked, and the chain is."""

    def grant(self, proven: Sequence[ProvenMethod], now: float) -> Grant:
        """What the proven users may, for the moment of opening a session."""
        return Grant(
            address=None,
            capabilities=EVERYTHING,
            issued_at=now,
            expires_at=self.expires_at,
            methods=tuple(proven),
            bound=True,
        )

    def hash_for(self, grant: Grant) -> bytes:
        """Name the request, as sessions of the run are named."""
        return request_hash(self.request_id, grant.caller, self.request.path, self.request.body_hash)


@dataclass(frozen=True)
class SessionKeys:
    """Opens sessions."""

    gate: Gate
    methods: Methods
    reader: ReadPermissions
    blocks: SharedBlocks
    nonces: ReadNonces
    programs: Programs
    run: RunAuthentication
    keys: NetworkKeys
    admission: Admission
    tolls: Tolls
    now: Callable[[], float]
    """Unix seconds."""

    async def open(self, asked: Asked, body: SignSessionKeyBody) -> SignSessionKeyAnswer:
        """Check who asks, and return our share of the network's signature over his session's message.

        Raises:
            CallerError: a malformed request, a method that proves nothing, or nobody whom the chain permits, with the tree of why.
            RateLimited: too many requests of these users, or too many failures from this address.
            WorldError: chain, identity provider or session key cannot be had.
        """
        with self.gate.place():
            check_request_id(asked.request_id)
            check_curve(body)
            opening = Opening.read(body.session_key, body.siwe_message, self.now())
            pkp, methods = Pkp.of(body.pkp_public_key), parse_auth_methods(asked.body.get("authMethods"))
            self._check_kinds(methods, body)
            named = await self._named_block(opening.block_hash)
            opening.check(pkp_address=pkp.address, block=named)
            key, share = await self.keys.network_key(Purpose.SESSION_BLS)
            question = _Question(
                pkp=pkp,
                request_id=asked.request_id,
                request=await asked.binding(),
                methods=methods,
                block=await self.blocks.final_block(),
                expires_at=opening.end,
                toll=self.tolls.of(asked.client),
            )
            context = await (self._by_action(question, body) if is_action(body) else self._by_methods(question))
            return await signed(opening.completed(pkp_address=pkp.address, block=named, context=context), key, share)

    def _check_kinds(self, methods: Sequence[AuthMethod], body: SignSessionKeyBody) -> None:
        if not methods and not is_action(body):
            raise CallerError(
                "nobody asks: give 'authMethods', or an action in 'code' or 'litActionIpfsId'.", details=[{"field": "authMethods"}]
            )
        for method in methods:
            self.methods.kind(method)

    async def _named_block(self, block_hash: bytes) -> BlockFacts:
        block = await self.nonces.by_hash(block_hash)
        if block is None:
            raise UnknownBlock(
                f"the message's nonce 0x{block_hash.hex()} is no block of this network's chain: use the latestBlockhash of a handshake"
            )
        return block

    async def _by_methods(self, question: _Question) -> AuthContext:
        with question.toll():
            proven = await self._proven(question)
            await self._require(question, proven, question.block)
        await self._admit(question, proven)
        return resolved(proven)

    async def _by_action(self, question: _Question, body: SignSessionKeyBody) -> AuthContext:
        """Let an action decide that the chain permits; what methods prove beside it is for the action to see."""
        with question.toll():
            program = await self.programs.find(body.code, body.ipfs_id)
            action = action_of(program.cid)
            method = ProvenMethod(type=MethodType.ACTION, id=action.multihash, user_id=action.cid, app_id="")
            await self._require(question, [method], question.block)
            proven = await self._proven(question)
        await self._admit(question, [method, *proven])
        # It decides for itself, and does nothing in the name of those whom it is to judge.
        grant = msgspec.structs.replace(question.grant(proven, self.now()), actions=(action,), capabilities=NOTHING)
        response = await self.run(
            program, body.js_params or {}, deciding(action, proven), grant, question.hash_for(grant), toll=question.toll
        )
        verdict = verdict_of(action.cid, response)
        await self._require(question, [method], await self.blocks.final_block())  # the run may have taken long
        return resolved(proven, action, verdict.custom_auth_resource)

    async def _admit(self, question: _Question, proven: Sequence[ProvenMethod]) -> None:
        await self.admission.admit(question.grant(proven, self.now()), uses_capacity=False)

    async def _proven(self, question: _Question) -> tuple[ProvenMethod, ...]:
        proven = [
            await self.methods.verify(method, token_id=question.pkp.token_id, request=question.request, block=question.block)
            for method in question.methods
        ]
        return tuple(dict.fromkeys(proven))

    async def _require(self, question: _Question, proven: Sequence[ProvenMethod], block: Block) -> None:
        """Refuse unless the chain permits one of ``proven`` with any scope; which scope matters when something is signed."""
        decision = await decide(
            self.reader,
            question.grant(proven, self.now()),
            token_id=question.pkp.token_id,
            block=block,
            personal_sign=True,
            key_address=question.pkp.address,
        )
        if not decision.permitted:
            raise NotPermitted(
                f"nobody who asks may open a session of token {token_text(decision.token_id)} at block {block.number}: {decision.tried}",
                decision.explanation(),
            )


def check_curve(body: SignSessionKeyBody) -> None:
    """Refuse other curves than the one that the network signs sessions with."""
    if body.curve_type != SESSION_CURVE:
        raise CallerError(f"the field 'curveType' must be {SESSION_CURVE!r}.", details=[{"field": "curveType"}])


def is_action(body: SignSessionKeyBody) -> bool:
    """Return whether an action is to decide."""
    return body.code is not None or body.ipfs_id is not None


async def signed(message: str, key: KeyId, share: KeyShare) -> SignSessionKeyAnswer:
    """Sign ``message`` with our share of the session key; some milliseconds, in a thread."""
    digest = session_digest(message)
    signature = await asyncio.to_thread(share.session_share, digest)
    return sign_session_key_answer(signature, share.seat, message=message, digest=digest, public_key=key.public_key)
