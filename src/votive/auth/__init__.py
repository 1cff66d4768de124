"""From a request to a Grant, and from a Grant to a decision: who asks, and may they use this key."""

from __future__ import annotations

from votive.auth.credentials import Credentials, Kind, parse_auth_sig
from votive.auth.errors import InvalidAuthSig, InvalidSiweMessage, NotPermitted, UnboundAuthSig, UnsupportedAuthSig
from votive.auth.grant import ActionRef, CapacityDelegation, Grant, ProvenMethod
from votive.auth.granting import Granting, signed_in_by
from votive.auth.permissions import Alternative, Decision, ReadPermissions, Scope, decide
from votive.auth.session import node_address_of
from votive.auth.siwe import SiweMessage
from votive.auth.wallet import AuthPolicy, SignedIn, verify_wallet
from votive.auth.world import Toll, VerifyMethods, VerifyNetwork, World
from votive.terms.auth_sig import AuthSig

__all__ = [
    "ActionRef",
    "Alternative",
    "AuthPolicy",
    "AuthSig",
    "CapacityDelegation",
    "Credentials",
    "Decision",
    "Grant",
    "Granting",
    "InvalidAuthSig",
    "InvalidSiweMessage",
    "Kind",
    "NotPermitted",
    "ProvenMethod",
    "ReadPermissions",
    "Scope",
    "SignedIn",
    "SiweMessage",
    "Toll",
    "UnboundAuthSig",
    "UnsupportedAuthSig",
    "VerifyMethods",
    "VerifyNetwork",
    "World",
    "decide",
    "node_address_of",
    "parse_auth_sig",
    "signed_in_by",
    "verify_wallet",
]
