"""The peer certificate: self-signed Ed25519, trusted for its hash in the registry and for nothing that it says."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import NameOID

_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""RFC 5280, 4.1.2.5: no well-defined end. The registry ends a certificate, not the clock."""


def make_certificate(address: str, password: bytes) -> tuple[bytes, bytes]:
    """Make a certificate for the node at wallet ``address`` and its key.

    The subject is unique to the node, for OpenSSL looks for issuers by subject. Returns (certificate PEM, PKCS #8 key
    PEM encrypted under ``password``); the password should be random and kept sealed.
    """
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, None)
    )
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    return certificate.public_bytes(Encoding.PEM), key_pem


def certificate_der(certificate_pem: bytes) -> bytes:
    """Return the DER form of one PEM certificate."""
    return ssl.PEM_cert_to_DER_cert(certificate_pem.decode())


def hash_of_der(der: bytes) -> bytes:
    """Return SHA-256 of a DER certificate, 32 bytes: what the registry holds as certHash."""
    return hashlib.sha256(der).digest()


def certificate_hash(certificate_pem: bytes) -> bytes:
    """Return SHA-256 of the certificate's DER form, 32 bytes: what the registry holds as certHash."""
    return hash_of_der(certificate_der(certificate_pem))
