"""A software passkey: what a browser and its authenticator answer to ``navigator.credentials.get``, in JSON as clients send it."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS = 0x01, 0x04, 0x08, 0x10


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authenticator:
    """One credential; its key is of P-256, Ed25519 or RSA."""

    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey = field(default_factory=_p256)
    rp_id: str = "app.example"
    origin: str = "https://app.example"
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    counter: int = 0
    flags: int = UP | UV

    @property
    def raw_id(self) -> str:
        return base64url(self.credential)

    @property
    def public_key(self) -> bytes:
        """COSE_Key (RFC 9053), as it is granted on chain."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()})
        if isinstance(self.key, rsa.RSAPrivateKey):
            public = self.key.public_key().public_numbers()
            return cbor2.dumps({1: 3, 3: -257, -1: public.n.to_bytes(256), -2: public.e.to_bytes(3)})
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def answer(self, challenge: bytes, **changes: Any) -> dict[str, Any]:
        """Return an assertion; ``changes`` replace fields of clientDataJSON."""
        client = {"type": "webauthn.get", "challenge": base64url(challenge), "origin": self.origin, "crossOrigin": False} | changes
        client_data = json.dumps(client).encode()
        data = hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags]) + self.counter.to_bytes(4)
        return {
            "id": self.raw_id,
            "rawId": self.raw_id,
            "type": "public-key",
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": base64url(client_data),
                "authenticatorData": base64url(data),
                "signature": base64url(self._sign(data + hashlib.sha256(client_data).digest())),
                "userHandle": base64url(b"user-1"),
            },
        }

    def token(self, challenge: bytes, **changes: Any) -> str:
        """Return the assertion as an access token."""
        return json.dumps(self.answer(challenge, **changes))

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
