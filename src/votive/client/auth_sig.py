"""The wallet signature of one request (EIP-4361), bound to it so that no node can use it for another."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import msgspec

from votive.client.wallet import Wallet
from votive.terms.auth_sig import AuthSig

LIFETIME = timedelta(minutes=4)
"""Below the five minutes that a bound signature may live, with room for clocks that differ."""
DERIVED_VIA = "web3.eth.personal.sign"
STATEMENT = "Let the nodes of this Votive network carry out one request."


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks for the signature, as EIP-4361 shows it to the wallet's owner; nodes may restrict the domain."""

    domain: str = "votive.client"
    uri: str = "votive://client"


ANONYMOUS = Origin()
"""A client that names no application."""


def sign_request(wallet: Wallet, *, resource: str, chain_id: int, origin: Origin, now: datetime | None = None) -> AuthSig:
    """Sign in to carry out exactly the request named by ``resource`` (``votive://request/…``)."""
    text = message(wallet.address, resource=resource, chain_id=chain_id, origin=origin, now=now or datetime.now(UTC))
    return AuthSig(sig=wallet.sign_message(text), derived_via=DERIVED_VIA, signed_message=text, address=wallet.address)


def message(address: str, *, resource: str, chain_id: int, origin: Origin, now: datetime) -> str:
    """Return the text to sign, by the grammar of EIP-4361."""
    return "\n".join(
        (
            f"{origin.domain} wants you to sign in with your Ethereum account:",
            address,
            "",
            STATEMENT,
            "",
            f"URI: {origin.uri}",
            "Version: 1",
            f"Chain ID: {chain_id}",
            f"Nonce: {secrets.token_hex(16)}",
            f"Issued At: {_timestamp(now)}",
            f"Expiration Time: {_timestamp(now + LIFETIME)}",
            "Resources:",
            f"- {resource}",
        )
    )


def _timestamp(moment: datetime) -> str:
    """RFC 3339, to the millisecond, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
