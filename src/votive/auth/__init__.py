"""From a request to a Grant, and from a Grant to a decision: who asks, and may they use this key."""

from __future__ import annotations

from votive.auth.errors import InvalidAuthSig, InvalidSiweMessage, NotPermitted, UnboundAuthSig, UnsupportedAuthSig
from votive.auth.grant import Grant
from votive.auth.permissions import ActionRef, Alternative, Decision, Principal, ReadPermissions, Scope, decide
from votive.auth.siwe import SiweMessage
from votive.auth.wallet import AuthPolicy, parse_auth_sig, verify_wallet
from votive.terms.auth_sig import AuthSig

__all__ = [
    "ActionRef",
    "Alternative",
    "AuthPolicy",
    "AuthSig",
    "Decision",
    "Grant",
    "InvalidAuthSig",
    "InvalidSiweMessage",
    "NotPermitted",
    "Principal",
    "ReadPermissions",
    "Scope",
    "SiweMessage",
    "UnboundAuthSig",
    "UnsupportedAuthSig",
    "decide",
    "parse_auth_sig",
    "verify_wallet",
]
