"""An identity provider of the tests' own: real keys, real tokens, answers on command."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from votive.auth.methods import ProviderSilent

ISSUER = "https://accounts.example"
JWKS = "https://accounts.example/jwks"
AUDIENCE = "app-1"
NOW = 1_800_000_000.0

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def rsa_jwk(kid: str | None = "rsa", private: rsa.RSAPrivateKey = RSA, **more: Any) -> dict[str, Any]:
    return _jwk(RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), kid, more)


def ec_jwk(kid: str | None = "ec", **more: Any) -> dict[str, Any]:
    return _jwk(ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), kid, more)


def ed_jwk(kid: str | None = "ed", **more: Any) -> dict[str, Any]:
    return _jwk(OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True), kid, more)


def _jwk(key: Mapping[str, Any], kid: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
    named = {} if kid is None else {"kid": kid}
    return {name: value for name, value in key.items() if name != "key_ops"} | {"use": "sig"} | named | dict(more)


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; a change to None leaves the claim out."""
    whole = {"iss": ISSUER, "sub": "ann", "aud": AUDIENCE, "iat": NOW - 10, "exp": NOW + 3600} | changes
    return {name: value for name, value in whole.items() if value is not None}


def token(
    key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", headers: Mapping[str, Any] | None = None, **changes: Any
) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={**({} if kid is None else {"kid": kid}), **(headers or {})})


def forged(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes = b"x") -> str:
    """A token that no library would write."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class Provider:
    """Answers each URL with what was set, and remembers what was asked."""

    def __init__(self, **answers: tuple[int, Any]) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str | None, dict[str, str] | None]] = []
        self.down = False

    def serve(self, url: str, value: Any, status: int = 200) -> None:
        self.answers[url] = (status, value)

    async def fetch(self, url: str, *, bearer: str | None = None, form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        self.asked.append((url, bearer, None if form is None else dict(form)))
        if self.down or url not in self.answers:
            raise ProviderSilent(f"{url} does not answer")
        status, value = self.answers[url]
        return status, value if isinstance(value, bytes) else json.dumps(value).encode()


class Clock:
    """Seconds that grow when told to."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
