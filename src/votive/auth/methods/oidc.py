"""OpenID Connect ID tokens (Core 1.0, section 3.1.3.7; RFC 7519, 8725): Google, Apple and any other configured issuer.

Order of checks: shape, algorithm, issuer, audience, times, binding, then the key and the signature. All before the key cost
microseconds and no fetch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from jwt import PyJWS
from jwt.exceptions import PyJWTError

from votive.auth.grant import ProvenMethod
from votive.auth.methods.claims import GRACE, check_application, is_name, part_bytes, read_part
from votive.auth.methods.errors import InvalidAuthMethod
from votive.auth.methods.fetch import Fetch
from votive.auth.methods.jwks import KeySet
from votive.auth.methods.occasion import Occasion
from votive.terms.auth_method import method_id
from votive.terms.binding import REQUEST_PREFIX

MAX_TOKEN = 16 * 1024

_is_token = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+").fullmatch


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer that an operator trusts to say who a user is."""

    issuer: str
    """``iss``, exactly."""
    jwks_url: str
    audiences: tuple[str, ...]
    """Applications whose users are accepted, ``("*",)`` for any."""
    method_type: int
    """The type under which its users stand on chain; no two issuers share one, or one could speak for the other's users."""
    algorithms: tuple[str, ...] = ("RS256",)
    require_binding: bool = False
    """Accept only tokens whose ``nonce`` names this request: those that a dishonest node cannot use elsewhere."""


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: Any = None
    b64: Any = None


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nbf: float | None = None
    nonce: str | None = None

    @property
    def audience(self) -> str:
        """The one audience; a token for several would have several ids."""
        if isinstance(self.aud, str):
            return self.aud
        if len(self.aud) != 1:
            raise InvalidAuthMethod(f"the token is for {len(self.aud)} audiences; it must be for one")
        return self.aud[0]


class OidcToken:
    """Proves a user of one issuer."""

    def __init__(self, issuer: Issuer, fetch: Fetch, now: Callable[[], float], keys: KeySet | None = None) -> None:
        """``now`` gives Unix seconds."""
        self._issuer, self._now = issuer, now
        self._keys = keys or KeySet(issuer.jwks_url, fetch)
        self._signatures = PyJWS(algorithms=list(issuer.algorithms), options={"enforce_minimum_key_length": True})

    async def verify(self, access_token: str, occasion: Occasion) -> ProvenMethod:
        """Return the user whom the token names.

        Raises:
            InvalidAuthMethod: says which claim is wrong.
            ProviderSilent: the issuer's keys cannot be had.
        """
        header, payload = _split(access_token)
        self._check_header(header)
        claims = read_part(payload, _Claims, "the token's claims")
        self._check_claims(claims, occasion)
        key = await self._keys.key(header.kid, header.alg)
        try:
            verified = self._signatures.decode_complete(access_token, key, algorithms=[header.alg])
        except (PyJWTError, ValueError) as error:
            raise InvalidAuthMethod(f"the token's signature is not one of {self._issuer.issuer}") from error
        if verified["payload"] != payload:
            raise InvalidAuthMethod("the token is ambiguous: two readers see two payloads")
        return ProvenMethod(
            type=self._issuer.method_type, id=method_id(claims.sub, claims.audience), user_id=claims.sub, app_id=claims.audience
        )

    def _check_header(self, header: _Header) -> None:
        if header.alg not in self._issuer.algorithms:
            raise InvalidAuthMethod(
                f"the token is signed with {header.alg[:32]!r}; {self._issuer.issuer} signs with {', '.join(self._issuer.algorithms)}"
            )
        if header.crit is not None or header.b64 is not None:
            raise InvalidAuthMethod("the token's header demands an extension (crit, b64) that is not known here")

    def _check_claims(self, claims: _Claims, occasion: Occasion) -> None:
        if claims.iss != self._issuer.issuer:
            raise InvalidAuthMethod(f"the token was issued by {claims.iss[:128]!r}; this method's issuer is {self._issuer.issuer}")
        self._check_names(claims)
        _check_times(claims, self._now())
        self._check_binding(claims, occasion)

    def _check_names(self, claims: _Claims) -> None:
        if not is_name(claims.sub) or not is_name(claims.audience):
            raise InvalidAuthMethod("sub and aud must be 1 to 255 printable ASCII characters without spaces")
        check_application(claims.sub, claims.audience, self._issuer.audiences)

    def _check_binding(self, claims: _Claims, occasion: Occasion) -> None:
        named = claims.nonce if claims.nonce is not None and claims.nonce.startswith(REQUEST_PREFIX) else None
        if named is None and self._issuer.require_binding:
            raise InvalidAuthMethod(
                "the token names no request, so any node could use it elsewhere: sign in with this request's resource as nonce",
                details=({"expected": occasion.request.resource},),
            )
        if named is not None and named != occasion.request.resource:
            raise InvalidAuthMethod("the token was issued for another request than this one")


def _check_times(claims: _Claims, now: float) -> None:
    if claims.exp <= now - GRACE:
        raise InvalidAuthMethod("the token has expired; sign in again")
    if claims.iat > now + GRACE:
        raise InvalidAuthMethod("the token was issued in the future; check the clocks")
    if claims.nbf is not None and claims.nbf > now + GRACE:
        raise InvalidAuthMethod("the token is not valid yet; check the clocks")


def _split(token: str) -> tuple[_Header, bytes]:
    if len(token) > MAX_TOKEN:
        raise InvalidAuthMethod(f"the token has {len(token)} characters; {MAX_TOKEN} at most are read")
    parts = _is_token(token)
    if parts is None:
        raise InvalidAuthMethod("the access token is not a JSON Web Token: three parts of base64url, with dots between")
    return read_part(part_bytes(parts[1], "the token"), _Header, "the token's header"), part_bytes(parts[2], "the token")
