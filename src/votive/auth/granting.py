"""The one path from a request's credentials to its Grant. Whatever is asked of a node goes through here, once."""

from __future__ import annotations

from contextlib import nullcontext

import msgspec

from votive.auth.contract_wallet import check_contract_signature
from votive.auth.credentials import Credentials, Kind, kind_of
from votive.auth.delegation import Remembered
from votive.auth.errors import InvalidAuthSig, UnboundAuthSig
from votive.auth.grant import Grant, ProvenMethod
from votive.auth.permissions import require_standing
from votive.auth.session import verify_session
from votive.auth.wallet import SignedIn, check_signature, read_message
from votive.auth.world import Pinned, Toll, World
from votive.terms.auth_method import AuthMethod, MethodType
from votive.terms.auth_sig import AuthSig
from votive.terms.binding import RequestBinding
from votive.terms.block import Block
from votive.terms.capability import EVERYTHING

_BOUND_METHODS = frozenset({MethodType.ETH_WALLET, MethodType.WEBAUTHN})
"""Methods that sign something of their own, so that they can name the request; all others are tokens that anybody may show again."""


class Granting:
    """Grants, for as long as a node runs; remembers the delegations that it verified."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._remembered = Remembered()

    async def grant(self, credentials: Credentials, request: RequestBinding, toll: Toll = nullcontext) -> Grant:
        """Return what ``credentials`` allow for ``request``, now; the chain is asked where a signature alone does not say who asks.

        The checks that cost least come first; whatever asks chain, network key or identity providers comes last, and pays ``toll``.

        Raises:
            CallerError: which credential does not hold, and why.
            WorldError: something outside cannot be asked.
        """
        pinned = Pinned(self._world.final_block)
        grant = await self._by_signature(credentials, request, pinned, toll)
        if not credentials.methods:
            return grant
        return await self._with_methods(grant, credentials.methods, request, pinned, toll)

    async def _by_signature(self, credentials: Credentials, request: RequestBinding, pinned: Pinned, toll: Toll) -> Grant:
        if credentials.kind is Kind.SESSION:
            return await self._by_session(credentials.auth_sig, pinned, toll)
        signed_in = await signed_in_by(credentials.auth_sig, request, self._world, pinned, toll=toll)
        return Grant(
            address=signed_in.address,
            capabilities=EVERYTHING,
            issued_at=signed_in.issued_at,
            expires_at=signed_in.expires_at,
            bound=signed_in.bound,
            domain=signed_in.domain,
            resources=signed_in.resources,
        )

    async def _by_session(self, auth_sig: AuthSig, pinned: Pinned, toll: Toll) -> Grant:
        grant = await verify_session(auth_sig, self._world, self._remembered, pinned, toll)
        if any(method.for_session for method in grant.methods):
            await require_standing(self._world.keys, grant, await pinned())
        return grant

    async def _with_methods(
        self, grant: Grant, methods: tuple[AuthMethod, ...], request: RequestBinding, pinned: Pinned, toll: Toll
    ) -> Grant:
        for method in methods:
            if method.auth_method_type not in _BOUND_METHODS and not self._world.policy.accept_bearer:
                raise UnboundAuthSig(
                    f"a token of authMethodType {method.auth_method_type} names no request, so any node could show it to the others:"
                    " open a session with it (/web/sign_session_key) and send session signatures"
                )
        with toll():
            block = await pinned()
            proven = [await self._proven(method, request, block) for method in methods]
        return msgspec.structs.replace(grant, methods=tuple(dict.fromkeys((*grant.methods, *proven))))

    async def _proven(self, method: AuthMethod, request: RequestBinding, block: Block) -> ProvenMethod:
        return await self._world.methods.verify(method, token_id=None, request=request, block=block)


async def signed_in_by(auth_sig: AuthSig, request: RequestBinding, world: World, pinned: Pinned, *, toll: Toll = nullcontext) -> SignedIn:
    """Return what a wallet of a person or of a contract signed, verified; a contract is asked at the ``pinned`` block.

    Raises as ``Granting.grant`` does.
    """
    kind = kind_of(auth_sig)
    if kind not in (Kind.WALLET, Kind.CONTRACT_WALLET):
        raise InvalidAuthSig(f"authSig.derivedVia {auth_sig.derived_via!r} does not sign in by itself; a wallet must")
    signed_in = read_message(auth_sig, now=world.now(), request=request, policy=world.policy)
    if kind is Kind.WALLET:
        check_signature(auth_sig, signed_in.address)
        return signed_in
    block = await pinned()
    with toll():
        await check_contract_signature(auth_sig, signed_in, world.contract_wallets, chain_id=world.chain_id, block=block)
    return signed_in
