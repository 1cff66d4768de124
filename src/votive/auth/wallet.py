"""From an AuthSig to a Grant: an Ethereum wallet's signature over an EIP-4361 message.

Checks in order: kind, message, URI, domain, times, binding to this request, and last the signature itself (EIP-191,
secp256k1 by libsecp256k1, about 30 µs). None of them depends on another, so the order only decides which fault is named.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from coincurve import PublicKey

from votive.auth.errors import InvalidAuthSig, UnboundAuthSig, UnsupportedAuthSig
from votive.auth.grant import Grant
from votive.auth.rfc import is_address, unix_time
from votive.auth.siwe import SiweMessage
from votive.terms.auth_sig import AuthSig
from votive.terms.binding import REQUEST_PREFIX, RequestBinding
from votive.terms.errors import CallerError
from votive.terms.ethereum import eth_address_of, personal_digest
from votive.terms.key import SECP256K1_HALF_ORDER

CLOCK_SKEW = 60.0
"""Seconds that a caller's clock may differ from ours."""
LONGEST_VALIDITY = 30 * 86_400.0
LONGEST_BOUND_VALIDITY = 300.0
"""A message that names one request needs no longer life than the request."""

_RECOVERY_IDS = {0: 0, 1: 1, 27: 0, 28: 1}
_RESERVED_URIS = ("lit:session", "lit:capability:delegation")
_OUR_SCHEME = REQUEST_PREFIX.partition("/")[0]
_OTHER_KINDS = re.compile(r"litSessionSignViaNacl|lit\.bls|EIP1271|EIP1271_SHA256|(?:solana|cosmos|kyve|cheqd|juno).*", re.IGNORECASE)
_is_signature = re.compile(r"0x[0-9A-Fa-f]{130}").fullmatch


class AuthPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator demands of wallet signatures."""

    accept_bearer: bool = False
    """Accept messages that name no request. One dishonest node could replay such a message to the others."""
    domains: tuple[str, ...] | None = None
    """Domains that may ask wallets to sign; None: any."""


def parse_auth_sig(value: Any) -> AuthSig:
    """Read an AuthSig from decoded JSON, or from JSON as text; CallerError names the field that is missing or ill-typed."""
    try:
        if isinstance(value, str | bytes):
            return msgspec.json.decode(value, type=AuthSig)
        return msgspec.convert(value, AuthSig)
    except msgspec.MsgspecError as error:
        raise CallerError(f"authSig: {error}") from error


def verify_wallet(auth_sig: AuthSig, *, now: float, request: RequestBinding, policy: AuthPolicy) -> Grant:
    """Return what ``auth_sig`` grants for ``request`` at the time ``now`` (Unix seconds).

    Raises UnsupportedAuthSig for other kinds of signature, InvalidSiweMessage for a malformed message, UnboundAuthSig for a
    message without a request where ``policy`` wants one, and InvalidAuthSig for everything else that is wrong.
    """
    _require_wallet(auth_sig)
    message = SiweMessage.parse(auth_sig.signed_message)
    _check_uri(message)
    _check_domain(message, policy)
    issued_at, expires_at = _check_times(message, now)
    bound = _check_binding(message, request, policy, expires_at - issued_at)
    _check_signature(auth_sig, message)
    return Grant(
        address=message.address,
        bound=bound,
        issued_at=issued_at,
        expires_at=expires_at,
        domain=message.domain,
        resources=tuple(resource for resource in message.resources or () if not _is_ours(resource)),
    )


def _require_wallet(auth_sig: AuthSig) -> None:
    if _OTHER_KINDS.fullmatch(auth_sig.derived_via) or auth_sig.algo in ("ed25519", "LIT_BLS"):
        raise UnsupportedAuthSig(
            f"authSig.derivedVia {auth_sig.derived_via[:64]!r} is not offered: sign an EIP-4361 message with an Ethereum wallet"
            " (personal_sign)"
        )


def _check_uri(message: SiweMessage) -> None:
    if message.uri.lower().startswith(_RESERVED_URIS):
        raise InvalidAuthSig(f"the message's URI {message.uri!r} delegates to a session; it does not sign in by itself")


def _check_domain(message: SiweMessage, policy: AuthPolicy) -> None:
    if policy.domains is not None and message.domain.lower() not in {domain.lower() for domain in policy.domains}:
        raise InvalidAuthSig(f"the domain {message.domain!r} may not sign in here; allowed: {', '.join(policy.domains) or 'none'}")


def _check_times(message: SiweMessage, now: float) -> tuple[float, float]:
    if message.expiration_time is None:
        raise InvalidAuthSig("the message has no Expiration Time; one is required")
    issued_at, expires_at = unix_time(message.issued_at), unix_time(message.expiration_time)
    if issued_at > now + CLOCK_SKEW:
        raise InvalidAuthSig(f"the message was issued in the future ({message.issued_at}); check the clocks")
    if expires_at <= now - CLOCK_SKEW:
        raise InvalidAuthSig(f"the message expired at {message.expiration_time}; sign a new one")
    if expires_at < issued_at:
        raise InvalidAuthSig("the message expires before it was issued")
    if expires_at > issued_at + LONGEST_VALIDITY:
        raise InvalidAuthSig("the message is valid for more than 30 days; sign one with a nearer Expiration Time")
    if message.not_before is not None and unix_time(message.not_before) > now + CLOCK_SKEW:
        raise InvalidAuthSig(f"the message is not valid before {message.not_before}")
    return issued_at, expires_at


def _is_ours(resource: str) -> bool:
    # Schemes have no case (RFC 3986, 6.2.2.1): VOTIVE:// must not pass for an unbound message.
    return resource.lower().startswith(_OUR_SCHEME)


def _check_binding(message: SiweMessage, request: RequestBinding, policy: AuthPolicy, validity: float) -> bool:
    named = [resource for resource in message.resources or () if _is_ours(resource)]
    if not named:
        if not policy.accept_bearer:
            raise UnboundAuthSig(
                f"the message names no request, so any node could replay it: sign one with the resource {REQUEST_PREFIX}<hash of the"
                " request>, valid for at most 5 minutes",
                details=({"expected": request.resource},),
            )
        return False
    if named != [request.resource]:
        raise InvalidAuthSig(
            "the message was signed for another request than this one", details=({"signed": named, "this": request.resource},)
        )
    if validity > LONGEST_BOUND_VALIDITY:
        raise InvalidAuthSig("a message that names a request may be valid for 5 minutes at most; sign one with a nearer Expiration Time")
    return True


def _check_signature(auth_sig: AuthSig, message: SiweMessage) -> None:
    claimed = auth_sig.address
    if not is_address(claimed) or claimed.lower() != message.address.lower():
        raise InvalidAuthSig(f"authSig.address {claimed[:64]!r} is not the address that the message names ({message.address})")
    signer = recover_signer(auth_sig.signed_message, auth_sig.sig)
    if signer != message.address:
        raise InvalidAuthSig(f"the signature is not one of {message.address} over this message")


def recover_signer(message: str, signature: str) -> str:
    """Return the checksummed address that signed ``message`` by EIP-191 (personal_sign); InvalidAuthSig if nobody did.

    The signature is 0x and r ‖ s ‖ v in hex, 65 bytes, with low s (EIP-2) and v one of 0, 1, 27, 28.
    """
    if _is_signature(signature) is None:
        raise InvalidAuthSig("authSig.sig must be 0x and 130 hex digits (r, s, v)")
    raw = bytes.fromhex(signature[2:])
    recovery_id = _RECOVERY_IDS.get(raw[64])
    if recovery_id is None:
        raise InvalidAuthSig(f"authSig.sig ends in v = {raw[64]}; it must be 0, 1, 27 or 28")
    if int.from_bytes(raw[32:64], "big") > SECP256K1_HALF_ORDER:
        raise InvalidAuthSig("authSig.sig has a high s, a malleable form that wallets do not produce")
    try:
        key = PublicKey.from_signature_and_message(raw[:64] + bytes([recovery_id]), personal_digest(message), hasher=None)
    except Exception as error:  # coincurve raises bare Exception where no point fits
        raise InvalidAuthSig("authSig.sig is not a signature: no public key could have made it") from error
    return eth_address_of(key.format(compressed=False))
