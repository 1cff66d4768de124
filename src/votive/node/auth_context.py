"""What actions see as ``Lit.Auth``, and what a session's message says of who opened it: the same structure."""

from __future__ import annotations

from collections.abc import Sequence

from votive.auth import ActionRef, Grant
from votive.auth.grant import ProvenMethod
from votive.terms.action import AuthContext, AuthMethodContext
from votive.terms.auth_method import MethodType

_NOT_SHOWN = (MethodType.ACTION, MethodType.WEBAUTHN)
"""Methods that actions do not see: actions stand among the actions; a passkey was checked for one PKP, which may be its holder's own."""


def auth_context(grant: Grant) -> AuthContext:
    """Return what the innermost action of ``grant`` sees."""
    stack = tuple(action.cid for action in grant.actions)
    return AuthContext(
        action_ipfs_ids=stack[-1:],
        action_ipfs_id_stack=stack,
        auth_sig_address=grant.address,
        auth_method_contexts=tuple(
            _named(method, for_session=method.for_session) for method in grant.methods if method.type not in _NOT_SHOWN
        ),
        resources=grant.resources,
        custom_auth_resource=grant.custom_resource,
    )


def deciding(action: ActionRef, proven: Sequence[ProvenMethod]) -> AuthContext:
    """Return what ``action`` sees while it decides whether a session may be opened."""
    wallets = [method.user_id for method in proven if method.type == MethodType.ETH_WALLET]
    return AuthContext(
        action_ipfs_ids=(action.cid,),
        action_ipfs_id_stack=(action.cid,),
        auth_sig_address=wallets[0] if wallets else None,
        auth_method_contexts=_opening(proven),
    )


def resolved(proven: Sequence[ProvenMethod], action: ActionRef | None = None, custom: str = "") -> AuthContext:
    """Return what a session's message says; the same at every node."""
    return AuthContext(
        action_ipfs_ids=() if action is None else (action.cid,),
        action_ipfs_id_stack=(),
        auth_sig_address=None,
        auth_method_contexts=_opening(proven),
        custom_auth_resource=custom,
    )


def _opening(proven: Sequence[ProvenMethod]) -> tuple[AuthMethodContext, ...]:
    return tuple(_named(method, for_session=True) for method in proven)


def _named(method: ProvenMethod, *, for_session: bool) -> AuthMethodContext:
    return AuthMethodContext(
        user_id=method.user_id, app_id=method.app_id, auth_method_type=method.type, used_for_sign_session_key_request=for_session
    )
