"""Claims: this node's word that a key's name is that of whoever asks, from which the contract mints it (docs/protocol/derive.md).

The word is a signature of the node's wallet over one derived key id and one minter; with those of t nodes the minter has the key.
A claim that names no minter is good in anybody's hands: the node gives one only where its operator says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from votive.auth import Grant
from votive.auth.credentials import parse_auth_methods
from votive.auth.grant import CLOCK_SKEW, ProvenMethod
from votive.auth.methods import InvalidAuthMethod, Methods
from votive.node.answer import ClaimAnswer, ClaimEntry
from votive.node.authorise import Asked, check_request_id
from votive.node.capacity import Admission
from votive.node.custody import Custody, not_generated
from votive.node.gate import Gate
from votive.node.permission import SharedBlocks
from votive.node.rates import Tolls
from votive.terms.auth_method import LIT_APP, AuthMethod, MethodType
from votive.terms.capability import NOTHING
from votive.terms.claim import ANYONE, action_key_id, claim_digest, user_key_id
from votive.terms.errors import CallerError
from votive.terms.ethereum import address_of_text
from votive.terms.key import Purpose

CLAIMABLE = (MethodType.ETH_WALLET, MethodType.DISCORD, MethodType.GOOGLE_OAUTH, MethodType.GOOGLE_JWT, MethodType.APPLE_JWT)
"""Methods whose users have keys: those that prove themselves before they have a key, by a name that their application's client knows."""


class ClaimBody(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of ``/web/pkp/claim`` that are used; ``authMethod`` is read apart, as its token is a secret."""

    minter: str | None = None
    """The account that is to mint the key; none: whoever has the signatures."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim with this node's signature."""

    derived_key_id: bytes
    """32 bytes."""
    minter: str
    """Checksummed, or ``ANYONE``."""
    signature: bytes
    """r ‖ s ‖ v, 65 bytes, by the wallet that the registry has for this node."""

    def entry(self) -> ClaimEntry:
        """Write it as an answer of a run has it."""
        return ClaimEntry(signature=self.signature.hex(), derived_key_id=self.derived_key_id.hex(), minter=self.minter)


@dataclass(frozen=True)
class Notary:
    """Signs claims with this node's wallet."""

    sign: Callable[[bytes], bytes]
    """Signs a digest of 32 bytes with the node's wallet: r ‖ s ‖ v."""
    chain_id: int
    router: str
    """Address of the network's PubkeyRouter."""
    accept_open: bool
    custody: Custody

    def minter(self, given: str | None) -> str:
        """Read the minter that a caller names; CallerError if it is no address, or none is named and this node wants one."""
        try:
            minter = ANYONE if given is None else address_of_text(given)
        except ValueError as error:
            raise CallerError("the field 'minter' must be an address: 0x and 40 hex digits.", details=[{"field": "minter"}]) from error
        if minter == ANYONE and not self.accept_open:
            raise CallerError(
                "the claim names no minter, so that whoever sees its signatures first could mint the key. Name the account that is to"
                " mint it in 'minter'.",
                details=[{"field": "minter"}],
            )
        return minter

    def claim(self, derived_key_id: bytes, minter: str) -> Claim:
        """Sign for a name that was proven to this node; WorldError while the network has no root keys."""
        if not self.custody.network_keys(Purpose.ROOT_ECDSA):
            raise not_generated(Purpose.ROOT_ECDSA)
        digest = claim_digest(derived_key_id, minter=minter, chain_id=self.chain_id, router=self.router)
        return Claim(derived_key_id=derived_key_id, minter=minter, signature=self.sign(digest))

    def claim_for_action(self, cid: str, key_id: str, minter: str | None) -> Claim:
        """Sign for the key that the action ``cid``, as this node computed it, calls ``key_id``; the errors as above."""
        return self.claim(action_key_id(cid, key_id), self.minter(minter))


@dataclass(frozen=True)
class Claims:
    """Signs claims of users whom an authentication method proves."""

    gate: Gate
    methods: Methods
    blocks: SharedBlocks
    admission: Admission
    tolls: Tolls
    notary: Notary
    now: Callable[[], float]
    """Unix seconds."""

    async def claim(self, asked: Asked, body: ClaimBody) -> ClaimAnswer:
        """Check who asks, and sign that the key of his name is his to mint.

        Raises:
            CallerError: a malformed request, a method that proves nothing or has no keys, no minter where one is wanted.
            RateLimited: too many requests of this user, or too many failures from this address.
            WorldError: chain, identity provider or root keys cannot be had.
        """
        with self.gate.place():
            check_request_id(asked.request_id)
            method, minter = self._method(asked.body.get("authMethod")), self.notary.minter(body.minter)
            request, block = await asked.binding(), await self.blocks.final_block()
            with self.tolls.of(asked.client)():
                proven = await self.methods.verify(method, token_id=None, request=request, block=block)
                derived_key_id = derived_key_id_of(proven)
            now = self.now()
            grant = Grant(address=None, capabilities=NOTHING, issued_at=now, expires_at=now + CLOCK_SKEW, methods=(proven,), bound=True)
            await self.admission.admit(grant, uses_capacity=False)
            claim = self.notary.claim(derived_key_id, minter)
            return ClaimAnswer(signature=claim.signature.hex(), derived_key_id=claim.derived_key_id.hex())

    def _method(self, given: Any) -> AuthMethod:
        if not isinstance(given, dict):
            raise CallerError("nobody asks: give 'authMethod' with its authMethodType and accessToken.", details=[{"field": "authMethod"}])
        (method,) = parse_auth_methods([given])
        offered = [int(kind) for kind in CLAIMABLE]
        if method.auth_method_type not in offered:
            raise InvalidAuthMethod(
                f"no key can be claimed with authMethodType {method.auth_method_type}; it can with {', '.join(map(str, offered))}. For a"
                " passkey a key is minted, and an action claims for itself: Lit.Actions.claimKey.",
                status=400,
                details=({"field": "authMethodType", "offered": offered},),
            )
        self.methods.kind(method)
        return method


def derived_key_id_of(proven: ProvenMethod) -> bytes:
    """Return the id of a proven user's key, 32 bytes; InvalidAuthMethod if the name could be taken for an action's or a wallet's."""
    if proven.app_id == LIT_APP and proven.type != MethodType.ETH_WALLET:
        raise InvalidAuthMethod(f"the application {LIT_APP!r} is that of wallets: an identity provider's users of it have no keys to claim")
    try:
        return user_key_id(proven.user_id, proven.app_id)
    except ValueError as error:
        raise InvalidAuthMethod(f"{error}: it would be the key of that action") from error
