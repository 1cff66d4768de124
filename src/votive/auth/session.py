"""Session signatures: a key of Ed25519 that acts for a caller at one node, for some time, within what was delegated to it.

The signed text is JSON. It names the session's key, what it asks for (``resourceAbilityRequests``), what that rests on
(``capabilities``), its times, and the one node that it is for. What is granted is what it asks for and what its capabilities give:
a session can only have less than its caller.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from votive.auth.delegation import Delegated, Remembered, verify_delegation
from votive.auth.ed25519 import verify_strictly
from votive.auth.errors import InvalidAuthSig
from votive.auth.grant import Grant
from votive.auth.siwe import Times
from votive.auth.wallet import check_moments
from votive.auth.world import Pinned, Toll, World
from votive.terms.auth_sig import AuthSig
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.errors import CallerError

MAX_REQUESTS = 64
MAX_CAPABILITIES = 8
MAX_CHARACTERS = 128 * 1024
MAX_URL = 1024
"""Characters of a node's URL; those that were read are remembered, whoever sent them."""
_DEFAULT_PORTS = {"http": 80, "https": 443}

_is_key = re.compile("[0-9a-fA-F]{64}").fullmatch
_is_signature = re.compile("[0-9a-fA-F]{128}").fullmatch


class _Named(msgspec.Struct, frozen=True, rename={"prefix": "resourcePrefix"}):
    resource: str
    prefix: str


class _Requested(msgspec.Struct, frozen=True):
    resource: _Named
    ability: str


class SessionMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a session key signs."""

    session_key: str
    resource_ability_requests: list[_Requested]
    capabilities: list[AuthSig]
    issued_at: str
    expiration: str
    node_address: str


async def verify_session(auth_sig: AuthSig, world: World, remembered: Remembered, pinned: Pinned, toll: Toll) -> Grant:
    """Return what a session signature grants at this node, now; contract wallets among the delegators are asked at the ``pinned`` block.

    Raises:
        InvalidAuthSig, InvalidSiweMessage, InvalidRecap, UnsupportedAuthSig: which part does not hold, and why.
        WorldError: the chain, or the network's key, cannot be asked.
    """
    message = _parse(auth_sig.signed_message)
    key = _check_key(auth_sig, message)
    times = _check_times(message, world.now())
    _check_node(message.node_address, world.node_address)
    requested = _requested(message.resource_ability_requests)
    if not verify_strictly(bytes.fromhex(key), bytes.fromhex(auth_sig.sig), auth_sig.signed_message.encode()):
        raise InvalidAuthSig("the signature is not one of the session key over this text")
    delegated = [await verify_delegation(capability, world, remembered, pinned, toll) for capability in message.capabilities]
    rights = _of_one_caller(delegated, key)
    first = rights[0]
    granted = requested.intersected(Capabilities.union(one.capabilities for one in rights))
    spans = [times, *(one.message.times for one in rights)]
    return Grant(
        address=first.message.address,
        capabilities=granted,
        issued_at=max(issued_at for issued_at, _ in spans),
        expires_at=min(expires_at for _, expires_at in spans),
        methods=first.methods,
        domain=first.message.domain,
        resources=tuple(dict.fromkeys(resource for one in rights for resource in one.resources)),
        session_key=key,
        delegations=tuple(dict.fromkeys(one.capacity for one in delegated if one.capacity is not None)),
        custom_resource=first.custom_resource,
    )


def _parse(text: str) -> SessionMessage:
    if len(text) > MAX_CHARACTERS:
        raise InvalidAuthSig(f"the session's signedMessage is longer than {MAX_CHARACTERS} characters")
    try:
        message = msgspec.json.decode(text, type=SessionMessage)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidAuthSig(f"the session's signedMessage is not its JSON form: {error}") from error
    if len(message.resource_ability_requests) > MAX_REQUESTS or len(message.capabilities) > MAX_CAPABILITIES:
        raise InvalidAuthSig(f"a session asks for {MAX_REQUESTS} abilities and rests on {MAX_CAPABILITIES} capabilities at most")
    return message


def _check_key(auth_sig: AuthSig, message: SessionMessage) -> str:
    key = auth_sig.address
    if _is_key(key) is None or key.lower() != message.session_key.lower():
        raise InvalidAuthSig("authSig.address must be the session key that the signed text names: 64 hex digits")
    if _is_signature(auth_sig.sig) is None:
        raise InvalidAuthSig("authSig.sig of a session has 128 hex digits, without 0x")
    return key.lower()


def _check_times(message: SessionMessage, now: float) -> Times:
    try:
        return check_moments("session", message.issued_at, message.expiration, now)
    except ValueError as error:
        raise InvalidAuthSig(f"the session's times: {error}") from error


def _check_node(named: str, own: str) -> None:
    try:
        address = node_address_of(named)
    except ValueError as error:
        raise InvalidAuthSig(f"the session's nodeAddress {named[:120]!r} is no URL of a node: {error}") from error
    if address != own:
        raise InvalidAuthSig(
            f"the session signature is for the node {address}, not for this one, {own}: sign one for each node",
            details=({"signed": address, "this": own},),
        )


@lru_cache(256)
def node_address_of(url: str) -> str:
    """Return ``host:port`` of a node's URL, the scheme left out, localhost as 127.0.0.1; ValueError if it is none."""
    if len(url) > MAX_URL:
        raise ValueError(f"it has more than {MAX_URL} characters")
    scheme, separator, rest = url.partition("://")
    parts = urlsplit(f"//{rest if separator else url}")
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment or not parts.hostname:
        raise ValueError("it must be scheme://host:port")
    port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(scheme.lower()) if separator else None
    if port is None:
        raise ValueError("it names no port")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _requested(requests: Sequence[_Requested]) -> Capabilities:
    return Capabilities(frozenset((_ability(request.ability), _resource(request.resource)) for request in requests))


def _ability(name: str) -> Ability:
    try:
        return Ability(name)
    except ValueError as error:
        known = ", ".join(Ability)
        raise InvalidAuthSig(f"the session asks for the ability {name[:80]!r}, which is not known here; known: {known}") from error


def _resource(named: _Named) -> Resource:
    try:
        return Resource.read(named.prefix, named.resource)
    except CallerError as error:
        raise InvalidAuthSig(error.message) from error


def _of_one_caller(delegated: Sequence[Delegated], key: str) -> list[Delegated]:
    rights = [one for one in delegated if one.session_key is not None]
    if not rights:
        raise InvalidAuthSig("no capability of the session delegates to its key: a wallet must sign one, with the URI lit:session:<key>")
    if any(one.session_key != key for one in rights):
        raise InvalidAuthSig("a capability of the session delegates to another key than the one that signed")
    if len({_caller_of(one) for one in rights}) > 1:
        raise InvalidAuthSig(
            "the session's capabilities are of several callers, or of one who asked in different ways (users, actions, domain): what one of"
            " them allows would be done as another; a session acts for one"
        )
    return rights


def _caller_of(one: Delegated) -> tuple[object, ...]:
    """As whom a delegation lets the session act."""
    return one.message.address, one.methods, one.custom_resource, one.message.domain
