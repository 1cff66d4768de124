"""The development issuer's signing keys: one for each algorithm, made once and kept in its directory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from votive.devnet.errors import DevnetError
from votive.devnet.processes import write_whole

FILE = "keys.json"


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key under its name."""

    kid: str
    private: str
    """PEM (PKCS #8)."""

    def public(self, algorithm: str) -> dict[str, Any]:
        """Return the public half as a JSON Web Key (RFC 7517)."""
        private = serialization.load_pem_private_key(self.private.encode(), None)
        jwk = to_jwk(private)
        return {name: value for name, value in jwk.items() if name != "key_ops"} | {"kid": self.kid, "alg": algorithm, "use": "sig"}


class IssuerKeys(msgspec.Struct, frozen=True, kw_only=True):
    """All keys, by algorithm."""

    keys: dict[str, SigningKey]

    @classmethod
    def kept(cls, directory: Path) -> Self:
        """Read the keys in ``directory``; make and keep them if there are none."""
        file = directory / FILE
        if not file.exists():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(file, msgspec.json.encode(cls.generated()))
        return msgspec.json.decode(file.read_bytes(), type=cls)

    @classmethod
    def generated(cls) -> Self:
        """Draw new keys."""
        made: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
            "RS256": rsa.generate_private_key(65537, 2048),
            "ES256": ec.generate_private_key(ec.SECP256R1()),
        }
        return cls(keys={algorithm: _key(private) for algorithm, private in made.items()})

    def named(self, algorithm: str) -> SigningKey:
        """Return the key of an algorithm."""
        return self.keys[algorithm]

    def public(self) -> list[dict[str, Any]]:
        """Return the public keys as a JSON Web Key Set's ``keys``."""
        return [key.public(algorithm) for algorithm, key in self.keys.items()]


def to_jwk(private: PrivateKeyTypes) -> dict[str, Any]:
    """Return the public half of an RSA or elliptic-curve key."""
    if isinstance(private, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    raise DevnetError("the issuer's key is neither RSA nor of an elliptic curve. Remove its directory; it makes new ones.")


def _key(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> SigningKey:
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey(kid=hashlib.sha256(pem).hexdigest()[:16], private=pem.decode())
