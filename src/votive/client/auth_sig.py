"""What wallets sign (EIP-4361): one request, so that no node can use the signature for another; or a session key's rights."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from votive.terms.auth_sig import AuthSig
from votive.terms.capability import Capabilities
from votive.terms.recap import Recap

LIFETIME = timedelta(minutes=4)
"""Below the five minutes that a bound signature may live, with room for clocks that differ."""
STATEMENT = "Let the nodes of this Votive network carry out one request."
DELEGATION = "Let a session key act for me in this Votive network."
SESSION_URI = "lit:session:"


class SignMessages(Protocol):
    """A wallet of a person or of a contract, as far as signing in goes."""

    @property
    def address(self) -> str:
        """Who is signed in, EIP-55 checksummed."""
        ...

    @property
    def derived_via(self) -> str:
        """How nodes are to check the signature."""
        ...

    def sign_message(self, text: str) -> str:
        """Sign ``text`` as a personal message (EIP-191); 0x hex."""
        ...


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for the signature, as EIP-4361 shows it to the wallet's owner; nodes may restrict the domain."""

    domain: str = "votive.client"
    uri: str = "votive://client"


ANONYMOUS = Origin()
"""A client that names no application."""


class Period(msgspec.Struct, frozen=True):
    """From when until when something holds."""

    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, lifetime: timedelta, now: datetime | None = None) -> Period:
        """Begin now."""
        begin = now or datetime.now(UTC)
        return cls(begin, begin + lifetime)


def sign_request(wallet: SignMessages, *, resource: str, chain_id: int, origin: Origin, now: datetime | None = None) -> AuthSig:
    """Sign in to carry out exactly the request named by ``resource`` (``votive://request/…``)."""
    text = message(
        wallet.address,
        statement=STATEMENT,
        uri=origin.uri,
        resources=(resource,),
        chain_id=chain_id,
        domain=origin.domain,
        period=Period.of(LIFETIME, now),
    )
    return _signed(wallet, text)


def sign_delegation(
    wallet: SignMessages, *, session_key: str, capabilities: Capabilities, chain_id: int, origin: Origin, period: Period
) -> AuthSig:
    """Delegate ``capabilities`` to a session key (Ed25519, hex), as a ReCap (EIP-5573)."""
    recap = Recap.of(capabilities)
    text = message(
        wallet.address,
        statement=recap.statement(DELEGATION),
        uri=SESSION_URI + session_key,
        resources=(recap.encode(),),
        chain_id=chain_id,
        domain=origin.domain,
        period=period,
    )
    return _signed(wallet, text)


def message(address: str, *, statement: str, uri: str, resources: Sequence[str], chain_id: int, domain: str, period: Period) -> str:
    """Return the text to sign, by the grammar of EIP-4361."""
    return "\n".join(
        (
            f"{domain} wants you to sign in with your Ethereum account:",
            address,
            "",
            statement,
            "",
            f"URI: {uri}",
            "Version: 1",
            f"Chain ID: {chain_id}",
            f"Nonce: {secrets.token_hex(16)}",
            f"Issued At: {timestamp(period.issued_at)}",
            f"Expiration Time: {timestamp(period.expires_at)}",
            "Resources:",
            *(f"- {resource}" for resource in resources),
        )
    )


def timestamp(moment: datetime) -> str:
    """RFC 3339, to the millisecond, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _signed(wallet: SignMessages, text: str) -> AuthSig:
    return AuthSig(sig=wallet.sign_message(text), derived_via=wallet.derived_via, signed_message=text, address=wallet.address)
