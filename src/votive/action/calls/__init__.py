"""The host-call table: everything an action can ask of its node, one file per capability.

To add one: write its file with a ``CAPABILITY``, name it here, and give it a line in ``js/runtime/70-lit.js``.
"""

from __future__ import annotations

from votive.action.calls import (
    check_conditions,
    claim_key,
    decrypt_and_combine,
    encrypt,
    fetch,
    is_permitted_action,
    is_permitted_address,
    is_permitted_auth_method,
    permitted_actions,
    permitted_addresses,
    permitted_auth_method_scopes,
    permitted_auth_methods,
    personal_sign,
    pubkey_to_token_id,
    sign_ecdsa,
)
from votive.action.calls.capability import Capability, Run

TABLE: dict[str, Capability] = {
    capability.name: capability
    for capability in (
        sign_ecdsa.CAPABILITY,
        personal_sign.CAPABILITY,
        pubkey_to_token_id.CAPABILITY,
        is_permitted_action.CAPABILITY,
        is_permitted_address.CAPABILITY,
        permitted_actions.CAPABILITY,
        permitted_addresses.CAPABILITY,
        is_permitted_auth_method.CAPABILITY,
        permitted_auth_methods.CAPABILITY,
        permitted_auth_method_scopes.CAPABILITY,
        check_conditions.CAPABILITY,
        claim_key.CAPABILITY,
        encrypt.CAPABILITY,
        decrypt_and_combine.CAPABILITY,
        fetch.CAPABILITY,
    )
}

__all__ = ["TABLE", "Capability", "Run"]
