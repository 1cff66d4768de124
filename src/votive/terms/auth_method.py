"""Authentication methods: how a user proves who he is, and the id under which a key permits him on chain.

The numbers and ids are Lit's, so that what its clients grant is what nodes look up.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.ethereum import address_of_text, keccak

LIT_APP = "lit"
"""The application of users that belong to none: wallets, actions, passkeys."""


class MethodType(IntEnum):
    """Types that the contracts' ``authMethodType`` names. An operator may add others for identity providers of his own."""

    ETH_WALLET = 1
    """An AuthSig; the user is an address."""
    ACTION = 2
    """An action that answers "true"; the user is its CID."""
    WEBAUTHN = 3
    """A passkey; the user is the credential's raw id in base64url."""
    DISCORD = 4
    """An OAuth token, introspected; the user and the client by Discord's ids."""
    GOOGLE_OAUTH = 5
    """An OAuth token, introspected; ``sub`` and ``aud``."""
    GOOGLE_JWT = 6
    """An OpenID Connect ID token; ``sub`` and ``aud``."""
    APPLE_JWT = 8
    """An OpenID Connect ID token; ``sub`` and ``aud``."""


class AuthMethod(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A method as clients send it (``authMethods``), not yet verified. Its token is a secret: whoever holds it is the user."""

    auth_method_type: int
    access_token: str

    def __repr__(self) -> str:
        """Say what it is without the token."""
        return f"AuthMethod(auth_method_type={self.auth_method_type}, access_token=<{len(self.access_token)} characters>)"


def method_id(user_id: str, app_id: str) -> bytes:
    """Return keccak256 of ``<userId>:<appId>``, 32 bytes: the id of a user at an application."""
    return keccak(f"{user_id}:{app_id}".encode())


def wallet_ids(address: str) -> tuple[bytes, ...]:
    """Return every id under which an address may be permitted: its 20 bytes, or the hash of its name in either case.

    ``addPermittedAddress`` stores the first; clients that grant a wallet as a method store one of the others.
    """
    checksummed = address_of_text(address)
    forms = (checksummed, checksummed.lower())
    return (bytes.fromhex(checksummed[2:]), *(method_id(form, LIT_APP) for form in forms))


def method_ids(method_type: int, user_id: str, app_id: str) -> tuple[bytes, ...]:
    """Return the ids under which a proven user may be permitted on chain; an action's is the multihash of its CID, not told here."""
    return wallet_ids(user_id) if method_type == MethodType.ETH_WALLET else (method_id(user_id, app_id),)


class _PasskeyChallenge(HashInput, frozen=True, kw_only=True, tag="votive/webauthn/challenge/v1"):
    block: bytes
    request: str


def passkey_challenge(block_hash: bytes, request: str) -> bytes:
    """Return the WebAuthn challenge, 32 bytes, of one request at a recent block; ``request`` is ``RequestBinding.resource``.

    Lit's clients sign the block's hash alone: good for any request until the block is old.
    """
    return tagged_hash(_PasskeyChallenge(block=block_hash, request=request))
