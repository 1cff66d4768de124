"""What a session signature rests on: messages that delegate, each with a ReCap, each signed by whoever may delegate.

A delegation to a session key names it as its URI; a delegation of capacity says so. The signer is a wallet, a contract wallet, or
the network itself, which alone may say as which users and actions it opened the session. Reading and verifying one costs up to
some milliseconds, so what was verified is remembered by its hash. What changes is asked again each time: the clock, and a
contract's opinion at another block.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from contextlib import nullcontext
from typing import Any

import msgspec

from votive.auth.capacity import DELEGATION_URI, read_delegation
from votive.auth.contract_wallet import check_contract_signature
from votive.auth.credentials import Kind, kind_of
from votive.auth.errors import InvalidAuthSig
from votive.auth.grant import CapacityDelegation, ProvenMethod
from votive.auth.siwe import SiweMessage
from votive.auth.wallet import SignedIn, check_address, check_domain, check_signature, check_times
from votive.auth.world import Pinned, Toll, World
from votive.terms.auth_method import MethodType, method_ids
from votive.terms.auth_sig import AuthSig
from votive.terms.block import Block
from votive.terms.bls_session import RESOLVED_ABILITY, RESOLVED_NOTE, RESOLVED_RESOURCE, SESSION_URI, session_digest
from votive.terms.capability import NOTHING, RESOLVED_CONTEXT, Capabilities
from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.recap import URN, Recap

REMEMBERED = 4096
"""Verified delegations that are kept; each has some kilobytes."""
REMEMBERED_CHARACTERS = 4 * 1024 * 1024
"""Of all their messages together. A message of nothing but short resources takes thirteen times its length once it is read, and
anybody's wallet signs as many as he likes."""

_session_key = re.compile(re.escape(SESSION_URI) + "([0-9a-fA-F]{64})").fullmatch
_network_signature = re.compile("[0-9a-fA-F]{192}").fullmatch


class Delegated(msgspec.Struct, frozen=True, kw_only=True):
    """One verified message: who signed it, and what for."""

    message: SiweMessage
    session_key: str | None
    """The key that it delegates to, 64 lower-case hex digits; None: it delegates capacity."""
    capabilities: Capabilities = NOTHING
    resources: tuple[str, ...] = ()
    """The message's resources beside its ReCap."""
    capacity: CapacityDelegation | None = None
    methods: tuple[ProvenMethod, ...] = ()
    custom_resource: str = ""


class _Name(HashInput, frozen=True, kw_only=True, tag="votive/delegation/v1"):
    auth_sig: AuthSig
    block: bytes


class Remembered:
    """Delegations that were verified, by the hash of every byte that was."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[Delegated, int]] = OrderedDict()
        self._characters = 0

    def get(self, name: bytes) -> Delegated | None:
        """Return what is known under ``name``."""
        if name not in self._known:
            return None
        self._known.move_to_end(name)
        return self._known[name][0]

    def keep(self, name: bytes, delegated: Delegated, characters: int) -> None:
        """Remember a message of so many ``characters``; the longest unused are forgotten."""
        self._forget(name)
        self._known[name] = delegated, characters
        self._characters += characters
        while len(self._known) > REMEMBERED or self._characters > REMEMBERED_CHARACTERS:
            self._forget(next(iter(self._known)))

    def _forget(self, name: bytes) -> None:
        _, characters = self._known.pop(name, (None, 0))
        self._characters -= characters

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._known)


async def verify_delegation(auth_sig: AuthSig, world: World, remembered: Remembered, pinned: Pinned, toll: Toll) -> Delegated:
    """Return what a capability of a session says, verified now.

    Raises:
        InvalidAuthSig, InvalidSiweMessage, InvalidRecap, UnsupportedAuthSig: why it does not hold.
        WorldError: the chain, or the network's key, cannot be asked.
    """
    kind = kind_of(auth_sig)
    block = await pinned() if kind is Kind.CONTRACT_WALLET else None
    name = tagged_hash(_Name(auth_sig=auth_sig, block=b"" if block is None else block.hash))
    delegated = remembered.get(name)
    if delegated is None:
        delegated = _read(auth_sig, kind, world)
        check_times(delegated.message, world.now())
        with nullcontext() if kind is Kind.WALLET else toll():
            await _check_signer(auth_sig, kind, delegated, world, block)
        remembered.keep(name, delegated, len(auth_sig.signed_message))
    else:
        check_times(delegated.message, world.now())
    return delegated


def _read(auth_sig: AuthSig, kind: Kind, world: World) -> Delegated:
    if kind is Kind.SESSION:
        raise InvalidAuthSig("a session key cannot delegate any further: only wallets and the network sign capabilities")
    message = SiweMessage.parse(auth_sig.signed_message)
    check_address(auth_sig, message)
    check_domain(message, world.policy)
    recap = _recap(message)
    if message.uri == DELEGATION_URI:
        return _of_capacity(auth_sig, kind, message, recap)
    named = _session_key(message.uri)
    if named is None:
        raise InvalidAuthSig(f"the capability's URI {message.uri[:120]!r} is neither {SESSION_URI}<public key> nor {DELEGATION_URI}")
    context = _resolved(recap, kind)
    return Delegated(
        message=message,
        session_key=named[1].lower(),
        capabilities=recap.capabilities(),
        resources=(message.resources or ())[:-1],
        methods=_proven(context, world),
        custom_resource=context.custom_auth_resource,
    )


def _recap(message: SiweMessage) -> Recap:
    resources = message.resources or ()
    named = [resource for resource in resources if resource.lower().startswith(URN)]
    if len(named) != 1 or resources[-1] != named[0]:
        raise InvalidAuthSig(f"a capability has one ReCap ({URN}…), as the last of its resources")
    recap = Recap.decode(named[0])
    if not recap.is_told_by(message.statement):
        raise InvalidAuthSig(
            "the statement does not end with what the ReCap grants, in the words of EIP-5573: the wallet showed something else",
            details=({"expected": recap.statement(), "signed": message.statement},),
        )
    return recap


def _of_capacity(auth_sig: AuthSig, kind: Kind, message: SiweMessage, recap: Recap) -> Delegated:
    if kind is Kind.NETWORK:
        raise InvalidAuthSig("the network delegates no capacity")
    _, expires_at = message.times
    capacity = read_delegation(recap, owner=message.address, message=auth_sig.signed_message, expires_at=expires_at)
    return Delegated(message=message, session_key=None, capacity=capacity)


async def _check_signer(auth_sig: AuthSig, kind: Kind, delegated: Delegated, world: World, block: Block | None) -> None:
    if kind is Kind.WALLET:
        check_signature(auth_sig, delegated.message.address)
    elif block is not None:
        signed_in = SignedIn.of(delegated.message)
        await check_contract_signature(auth_sig, signed_in, world.contract_wallets, chain_id=world.chain_id, block=block)
    elif not await world.network.verify(session_digest(auth_sig.signed_message), network_signature(auth_sig.sig)):
        raise InvalidAuthSig("the capability claims to be signed by the network's session key, and is not")


class _ProofOfPossession(msgspec.Struct, forbid_unknown_fields=True, rename={"signature": "ProofOfPossession"}):
    signature: str


def network_signature(text: str) -> bytes:
    """Read ``{"ProofOfPossession":"<192 hex>"}``, a compressed point of G2, 96 bytes; InvalidAuthSig if it is none."""
    try:
        found = msgspec.json.decode(text, type=_ProofOfPossession).signature
    except msgspec.MsgspecError as error:
        raise InvalidAuthSig(f"the sig of a capability by the network is not its JSON form: {error}") from error
    if _network_signature(found) is None:
        raise InvalidAuthSig("the sig of a capability by the network has 192 hex digits")
    return bytes.fromhex(found)


class _Method(msgspec.Struct, frozen=True, rename="camel"):
    auth_method_type: int
    user_id: str
    app_id: str


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    """The resolved context, as far as rights follow from it."""

    action_ipfs_ids: tuple[str, ...] = ()
    auth_method_contexts: tuple[_Method, ...] = ()
    custom_auth_resource: str = ""

    def proven(self, world: World) -> tuple[ProvenMethod, ...]:
        """Return who opened the session, users and actions that vouched for it; ValueError if a user cannot be of his type."""
        users = (
            ProvenMethod(
                type=method.auth_method_type,
                id=method_ids(method.auth_method_type, method.user_id, method.app_id)[0],
                user_id=method.user_id,
                app_id=method.app_id,
                for_session=True,
            )
            for method in self.auth_method_contexts
            if method.auth_method_type != MethodType.ACTION
        )
        actions = (
            ProvenMethod(type=MethodType.ACTION, id=world.name_action(cid).multihash, user_id=cid, app_id="", for_session=True)
            for cid in self.action_ipfs_ids
        )
        return (*users, *actions)


def _proven(context: _Context, world: World) -> tuple[ProvenMethod, ...]:
    try:
        return context.proven(world)
    except ValueError as error:
        raise InvalidAuthSig(f"the session's resolved context is malformed: {error}") from error


def _resolved(recap: Recap, kind: Kind) -> _Context:
    declared = [target for target in recap.att if target.partition("://")[0].lower() == RESOLVED_CONTEXT]
    if kind is not Kind.NETWORK:
        if declared:
            raise InvalidAuthSig(f"a capability may not declare {RESOLVED_CONTEXT}: only the network says who opened a session")
        return _Context()
    notes = recap.restrictions(RESOLVED_RESOURCE, RESOLVED_ABILITY)
    if declared != [RESOLVED_RESOURCE] or len(notes) != 1 or set(notes[0]) != {RESOLVED_NOTE}:
        raise InvalidAuthSig(f"a capability by the network says in {RESOLVED_RESOURCE} who opened the session, once")
    return _context(notes[0][RESOLVED_NOTE])


def _context(value: Any) -> _Context:
    try:
        return msgspec.convert(value, _Context)
    except msgspec.MsgspecError as error:
        raise InvalidAuthSig(f"the session's resolved context is malformed: {error}") from error
