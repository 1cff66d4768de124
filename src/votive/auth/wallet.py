"""A wallet's signature over an EIP-4361 message: what it says, for how long, for which request, and whether it holds.

Checks in order: message, URI, domain, times, binding to this request, and last the signature itself (EIP-191, secp256k1 by
libsecp256k1, about 30 µs; of a contract wallet, by asking it). None depends on another, so the order only decides which fault
is named, and that the dear check comes last.
"""

from __future__ import annotations

import re

import msgspec

from votive.auth.errors import InvalidAuthSig, UnboundAuthSig
from votive.auth.grant import CLOCK_SKEW
from votive.auth.rfc import is_address, unix_time
from votive.auth.siwe import SiweMessage, Times
from votive.core import recover_wallet
from votive.terms.auth_sig import AuthSig
from votive.terms.binding import REQUEST_PREFIX, RequestBinding
from votive.terms.ethereum import eth_address_of, personal_digest
from votive.terms.key import SECP256K1_HALF_ORDER

LONGEST_VALIDITY = 30 * 86_400.0
LONGEST_BOUND_VALIDITY = 300.0
"""A message that names one request needs no longer life than the request."""

_V = {0: 27, 1: 28, 27: 27, 28: 28}
"""What wallets write at the end of a signature, and what it means."""
_RESERVED_URIS = ("lit:session", "lit:capability:delegation")
_OUR_SCHEME = REQUEST_PREFIX.partition("/")[0]
_is_signature = re.compile(r"0x[0-9A-Fa-f]{130}").fullmatch


class AuthPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator demands of wallet signatures."""

    accept_bearer: bool = False
    """Accept messages that name no request. One dishonest node could replay such a message to the others."""
    domains: tuple[str, ...] | None = None
    """Domains that may ask wallets to sign; None: any."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a wallet's message says, once every check that needs no signature held; see ``Grant`` for the fields."""

    address: str
    chain_id: int
    bound: bool
    issued_at: float
    expires_at: float
    domain: str
    resources: tuple[str, ...]

    @classmethod
    def of(cls, message: SiweMessage, *, bound: bool = False) -> SignedIn:
        """Say what a message says; it must have an Expiration Time."""
        issued_at, expires_at = message.times
        return cls(
            address=message.address,
            chain_id=message.chain_id,
            bound=bound,
            issued_at=issued_at,
            expires_at=expires_at,
            domain=message.domain,
            resources=tuple(resource for resource in message.resources or () if not _is_ours(resource)),
        )


def verify_wallet(auth_sig: AuthSig, *, now: float, request: RequestBinding, policy: AuthPolicy) -> SignedIn:
    """Return what a person's wallet signed for ``request``, verified at the time ``now`` (Unix seconds).

    Raises what ``read_message`` does, and InvalidAuthSig if the signature is not the wallet's.
    """
    signed_in = read_message(auth_sig, now=now, request=request, policy=policy)
    check_signature(auth_sig, signed_in.address)
    return signed_in


def read_message(auth_sig: AuthSig, *, now: float, request: RequestBinding, policy: AuthPolicy) -> SignedIn:
    """Return what the message of ``auth_sig`` says, its signature not yet checked.

    Raises InvalidSiweMessage for a malformed message, UnboundAuthSig for one that names no request where ``policy`` wants one,
    and InvalidAuthSig for everything else that is wrong.
    """
    message = SiweMessage.parse(auth_sig.signed_message)
    _check_uri(message)
    check_domain(message, policy)
    issued_at, expires_at = check_times(message, now)
    bound = _check_binding(message, request, policy, expires_at - issued_at)
    check_address(auth_sig, message)
    return SignedIn.of(message, bound=bound)


def _check_uri(message: SiweMessage) -> None:
    if message.uri.lower().startswith(_RESERVED_URIS):
        raise InvalidAuthSig(f"the message's URI {message.uri!r} delegates to a session; it does not sign in by itself")


def check_domain(message: SiweMessage, policy: AuthPolicy) -> None:
    """Refuse a message for a domain that the operator does not know."""
    if policy.domains is not None and message.domain.lower() not in {domain.lower() for domain in policy.domains}:
        raise InvalidAuthSig(f"the domain {message.domain!r} may not sign in here; allowed: {', '.join(policy.domains) or 'none'}")


def check_times(message: SiweMessage, now: float) -> Times:
    """Return when a message was issued and when it expires; InvalidAuthSig unless it is valid at ``now`` and for 30 days at most."""
    if message.expiration_time is None:
        raise InvalidAuthSig("the message has no Expiration Time; one is required")
    times = check_moments("message", message.issued_at, message.expiration_time, now)
    if message.not_before is not None and unix_time(message.not_before) > now + CLOCK_SKEW:
        raise InvalidAuthSig(f"the message is not valid before {message.not_before}")
    return times


def check_moments(what: str, issued: str, expires: str, now: float) -> Times:
    """Return the moments of two RFC 3339 texts; InvalidAuthSig unless ``now`` is between, give or take ``CLOCK_SKEW``, within 30 days.

    ValueError: a text is not a date-time.
    """
    issued_at, expires_at = unix_time(issued), unix_time(expires)
    if issued_at > now + CLOCK_SKEW:
        raise InvalidAuthSig(f"the {what} was issued in the future ({issued}); check the clocks")
    if expires_at <= now - CLOCK_SKEW:
        raise InvalidAuthSig(f"the {what} expired at {expires}; sign a new one")
    if expires_at < issued_at:
        raise InvalidAuthSig(f"the {what} expires before it was issued")
    if expires_at > issued_at + LONGEST_VALIDITY:
        raise InvalidAuthSig(f"the {what} is valid for more than 30 days; sign one with a nearer expiry")
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


def check_address(auth_sig: AuthSig, message: SiweMessage) -> None:
    """Refuse an AuthSig that names another address than its message."""
    claimed = auth_sig.address
    if not is_address(claimed) or claimed.lower() != message.address.lower():
        raise InvalidAuthSig(f"authSig.address {claimed[:64]!r} is not the address that the message names ({message.address})")


def check_signature(auth_sig: AuthSig, address: str) -> None:
    """Refuse a signature that the wallet of ``address`` (EIP-55) did not make over the message."""
    if recover_signer(auth_sig.signed_message, auth_sig.sig) != address:
        raise InvalidAuthSig(f"the signature is not one of {address} over this message")


def recover_signer(message: str, signature: str) -> str:
    """Return the checksummed address that signed ``message`` by EIP-191 (personal_sign); InvalidAuthSig if nobody did.

    The signature is 0x and r ‖ s ‖ v in hex, 65 bytes, with low s (EIP-2) and v one of 0, 1, 27, 28.
    """
    if _is_signature(signature) is None:
        raise InvalidAuthSig("authSig.sig must be 0x and 130 hex digits (r, s, v)")
    raw = bytes.fromhex(signature[2:])
    v = _V.get(raw[64])
    if v is None:
        raise InvalidAuthSig(f"authSig.sig ends in v = {raw[64]}; it must be 0, 1, 27 or 28")
    if int.from_bytes(raw[32:64], "big") > SECP256K1_HALF_ORDER:
        raise InvalidAuthSig("authSig.sig has a high s, a malleable form that wallets do not produce")
    key = recover_wallet(personal_digest(message), raw[:64] + bytes([v]))
    if key is None:
        raise InvalidAuthSig("authSig.sig is not a signature: no public key could have made it")
    return eth_address_of(key)
