"""Authentication methods: wallets, passkeys, identity tokens and actions that say who a user is. One file for each."""

from __future__ import annotations

from votive.auth.methods.action import ActionVerdict, verdict_of
from votive.auth.methods.errors import InvalidAuthMethod, ProviderSilent
from votive.auth.methods.eth_wallet import EthWallet
from votive.auth.methods.fetch import ANSWER_LIMIT, Fetch
from votive.auth.methods.introspection import Introspection, OauthToken
from votive.auth.methods.methods import Methods, Verify
from votive.auth.methods.occasion import Occasion
from votive.auth.methods.oidc import Issuer, OidcToken
from votive.auth.methods.webauthn import WebAuthn, WebAuthnPolicy

__all__ = [
    "ANSWER_LIMIT",
    "ActionVerdict",
    "EthWallet",
    "Fetch",
    "Introspection",
    "InvalidAuthMethod",
    "Issuer",
    "Methods",
    "OauthToken",
    "Occasion",
    "OidcToken",
    "ProviderSilent",
    "Verify",
    "WebAuthn",
    "WebAuthnPolicy",
    "verdict_of",
]
