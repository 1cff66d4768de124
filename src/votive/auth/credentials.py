"""Credentials: what a request brings to prove who asks, read once from its body. Nothing here is verified yet.

The kind of a signature is told by its ``derivedVia`` and ``algo``, as Lit's clients write them. What is none of ours is a
wallet's; what belongs to wallets of other chains is named and refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import msgspec

from votive.auth.errors import UnsupportedAuthSig
from votive.terms.auth_method import AuthMethod
from votive.terms.auth_sig import AuthSig
from votive.terms.bls_session import ALGORITHM as NETWORK_ALGORITHM
from votive.terms.bls_session import DERIVED_VIA as NETWORK_DERIVED_VIA
from votive.terms.errors import CallerError

MAX_AUTH_METHODS = 8
SESSION_DERIVED_VIA = "litSessionSignViaNacl"
SESSION_ALGORITHM = "ed25519"
CONTRACT_DERIVED_VIA = "EIP1271"
CONTRACT_SHA256_DERIVED_VIA = "EIP1271_SHA256"
ETHEREUM = "ethereum"
"""The kind of chain whose wallets sign in here."""

_OTHER_CHAINS = re.compile(r"(?:solana|cosmos|kyve|cheqd|juno).*", re.IGNORECASE)


class Kind(Enum):
    """How a signature proves its signer."""

    WALLET = auto()
    """A person's Ethereum wallet, EIP-191."""
    CONTRACT_WALLET = auto()
    """A contract, EIP-1271."""
    SESSION = auto()
    """A session key that another signature delegates to."""
    NETWORK = auto()
    """The network's own session key; only within a session."""


_KINDS = {
    (SESSION_DERIVED_VIA, SESSION_ALGORITHM): Kind.SESSION,
    (NETWORK_DERIVED_VIA, NETWORK_ALGORITHM): Kind.NETWORK,
    (CONTRACT_DERIVED_VIA, None): Kind.CONTRACT_WALLET,
    (CONTRACT_SHA256_DERIVED_VIA, None): Kind.CONTRACT_WALLET,
}
_OURS = {derived_via.lower() for derived_via, _ in _KINDS}
_ALGORITHMS = {algorithm for _, algorithm in _KINDS if algorithm is not None}


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request says of its caller."""

    auth_sig: AuthSig
    kind: Kind
    methods: tuple[AuthMethod, ...] = ()

    @classmethod
    def of(cls, body: Mapping[str, Any], *, by_chain: bool = False) -> Credentials:
        """Read ``authSig`` and ``authMethods``; CallerError names the field that is missing or ill-typed.

        ``by_chain``: instead of an AuthSig there may be one for each kind of chain, ``{"ethereum": …}``, as conditions are asked with.
        """
        if "authSig" not in body:
            raise CallerError("the field 'authSig' is missing.", details=[{"field": "authSig"}])
        auth_sig = parse_auth_sig(_of_ethereum(body["authSig"]) if by_chain else body["authSig"])
        return cls(auth_sig=auth_sig, kind=kind_of(auth_sig), methods=parse_auth_methods(body.get("authMethods")))


def _of_ethereum(value: Any) -> Any:
    if not isinstance(value, dict) or "sig" in value:
        return value
    others = sorted(str(chain)[:64] for chain in value if chain != ETHEREUM)
    if others:
        raise UnsupportedAuthSig(f"an authSig for {', '.join(others)} is not offered: give one for {ETHEREUM!r}, or none by chain")
    return value.get(ETHEREUM)


def parse_auth_sig(value: Any) -> AuthSig:
    """Read an AuthSig from decoded JSON, or from JSON as text; CallerError names the field that is missing or ill-typed."""
    try:
        found = msgspec.json.decode(value, type=AuthSig) if isinstance(value, str | bytes) else msgspec.convert(value, AuthSig)
        f"{found.sig}{found.derived_via}{found.signed_message}{found.address}{found.algo}".encode()  # half a surrogate pair is no text
        return found
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise CallerError(f"authSig: {error}", details=[{"field": "authSig"}]) from error


def parse_auth_methods(value: Any) -> tuple[AuthMethod, ...]:
    """Read ``authMethods``, a list or nothing at all; CallerError as above, without the tokens."""
    try:
        methods = msgspec.convert(value or [], list[AuthMethod])
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise CallerError(f"authMethods: {error}", details=[{"field": "authMethods"}]) from error
    if len(methods) > MAX_AUTH_METHODS:
        raise CallerError(f"a request may bring {MAX_AUTH_METHODS} authMethods at most.", details=[{"field": "authMethods"}])
    return tuple(methods)


def kind_of(auth_sig: AuthSig) -> Kind:
    """Tell how a signature is to be verified; UnsupportedAuthSig if it is of a kind that is not offered."""
    kind = _KINDS.get((auth_sig.derived_via, auth_sig.algo or None))
    if kind is not None:
        return kind
    if _OTHER_CHAINS.fullmatch(auth_sig.derived_via) or auth_sig.derived_via.lower() in _OURS or auth_sig.algo in _ALGORITHMS:
        raise UnsupportedAuthSig(
            f"authSig.derivedVia {auth_sig.derived_via[:64]!r} with algo {str(auth_sig.algo)[:64]!r} is not offered: sign an EIP-4361"
            " message with an Ethereum wallet (personal_sign), with a contract wallet (EIP1271), or open a session"
        )
    return Kind.WALLET
