"""What the network's session key signs: delegations to session keys that the nodes completed, and nothing else.

The form is Lit's: an EIP-4361 message of a PKP, whose recap says as which users and actions the session was opened.
"""

from __future__ import annotations

import hashlib

from votive.terms.capability import RESOLVED_CONTEXT
from votive.terms.ethereum import personal_digest

DERIVED_VIA = "lit.bls"
ALGORITHM = "LIT_BLS"
SESSION_URI = "lit:session:"
"""Before the 64 hex digits of an Ed25519 public key: the URI of a message that delegates to it."""
RESOLVED_RESOURCE = f"{RESOLVED_CONTEXT}://*"
RESOLVED_ABILITY = "Auth/Auth"
RESOLVED_NOTE = "auth_context"
"""The one key of the ability's nota bene; its value is a ``terms.action.AuthContext`` in JSON."""

_DOMAIN = "lit_session:"


def session_digest(message: str) -> bytes:
    """Return the 32 bytes that the session key signs for an EIP-4361 message.

    SHA-256 of ``lit_session:`` and the lower-case hex, without 0x, of the message's EIP-191 hash.
    """
    return hashlib.sha256(f"{_DOMAIN}{personal_digest(message).hex()}".encode()).digest()
