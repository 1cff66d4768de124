"""Lit Actions: limits, authority and results of one run."""

from __future__ import annotations

import msgspec


class ActionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may use. Defaults are those of Lit's Datil network."""

    time_seconds: float = 30.0
    cpu_seconds: float = 30.0
    memory_bytes: int = 256 * 1024 * 1024
    code_bytes: int = 16 * 1024 * 1024
    response_bytes: int = 100 * 1024
    log_bytes: int = 100 * 1024
    fetches: int = 50
    fetch_bytes: int = 10 * 1024 * 1024
    signatures: int = 10
    claims: int = 10
    contract_calls: int = 30
    condition_checks: int = 10
    """Each may read up to thirty values from chains."""
    encryptions: int = 30
    decryptions: int = 10
    host_calls: int = 1000
    """All calls to the node together, refused ones too."""
    call_bytes: int = 2 * 1024 * 1024
    """One call with its payload, such as the body of a fetch."""


class AuthMethodContext(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An authentication method that this node verified, as an action sees it."""

    user_id: str
    app_id: str
    auth_method_type: int
    used_for_sign_session_key_request: bool = False


class PermittedMethod(msgspec.Struct, frozen=True, kw_only=True):
    """An authentication method that a key's permissions name, as the chain holds it."""

    type: int
    id: bytes
    user_pubkey: bytes


class AuthContext(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an action sees as ``Lit.Auth``."""

    action_ipfs_ids: tuple[str, ...]
    action_ipfs_id_stack: tuple[str, ...]
    auth_sig_address: str | None
    auth_method_contexts: tuple[AuthMethodContext, ...] = ()
    resources: tuple[str, ...] = ()
    custom_auth_resource: str = ""


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended well. Signatures are not here: they went through the host calls."""

    response: str
    logs: str
