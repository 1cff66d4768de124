"""The certificate and the key that belongs to it."""

from __future__ import annotations

import hashlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.net.town import an_identity

from votive.net import certificate_hash, make_certificate

ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_a_certificate_names_its_node_and_has_no_end() -> None:
    pem, _ = make_certificate(ADDRESS, b"a password")
    certificate = x509.load_pem_x509_certificate(pem)
    assert certificate.subject.rfc4514_string() == f"CN={ADDRESS}"
    assert certificate.issuer == certificate.subject
    assert certificate.not_valid_after_utc.year == 9999


def test_the_hash_is_that_of_the_der_form() -> None:
    pem, _ = make_certificate(ADDRESS, b"a password")
    assert certificate_hash(pem) == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).digest()


def test_the_key_opens_with_its_password_only() -> None:
    pem, key = make_certificate(ADDRESS, b"a password")
    opened = load_pem_private_key(key, b"a password")
    assert opened.public_key() == x509.load_pem_x509_certificate(pem).public_key()
    with pytest.raises(ValueError, match=r"[Ii]ncorrect password|decrypt"):
        load_pem_private_key(key, b"another password")


def test_two_certificates_of_one_node_differ() -> None:
    assert make_certificate(ADDRESS, b"p")[0] != make_certificate(ADDRESS, b"p")[0]


def test_an_identity_shows_no_secret_when_printed() -> None:
    identity = an_identity(3)
    shown = repr(identity)
    assert "PRIVATE KEY" not in shown
    assert repr(identity.key_password) not in shown
