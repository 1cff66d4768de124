"""Ours against two other implementations, both ways: blsful's vectors, and an independent implementation in Python."""

from __future__ import annotations

import hashlib
from itertools import combinations
from pathlib import Path

import pytest
from tests.core import independent_bls
from tests.core.bls import SEATS, BlsKey, identity

from votive.core import bls_combine, bls_verify, ibe_check, ibe_decrypt, ibe_encrypt

VECTORS = Path(__file__).parents[1] / "vectors" / "bls"


def lines(kind: str) -> list[list[bytes]]:
    """The fields of every line of a kind, of both files."""
    texts = [line.split(" ") for name in ("blsful.txt", "independent.txt") for line in (VECTORS / name).read_text().splitlines()]
    return [[b"" if field == "-" else bytes.fromhex(field) for field in fields] for this, *fields in texts if this == kind]


def test_we_open_the_ciphertexts_of_both() -> None:
    assert len(lines("ciphertext")) == 8
    for key, name, signature, plaintext, ciphertext in lines("ciphertext"):
        ibe_check(ciphertext)
        assert bls_verify(key, name, signature)
        assert ibe_decrypt(ciphertext, signature) == plaintext


def test_we_combine_any_three_shares_of_both() -> None:
    assert len(lines("shares")) == 2
    for key, message, signature, *shares in lines("shares"):
        for chosen in combinations(shares, 3):
            assert bls_combine(key, 3, chosen, message) == signature


def test_the_independent_implementation_opens_the_ciphertexts_of_the_other() -> None:
    key, name, signature, plaintext, ciphertext = next(fields for fields in lines("ciphertext") if len(fields[3]) == 9)
    assert independent_bls.verify(key, name, signature)
    assert independent_bls.decrypt(ciphertext, signature) == plaintext


@pytest.mark.parametrize("size", [0, 9, 300])
def test_the_independent_implementation_opens_ours(encryption: BlsKey, size: int) -> None:
    plaintext = bytes(range(256))[:size].ljust(size, b"x")
    name = identity(data_hash=hashlib.sha256(plaintext).digest())
    signature = encryption.decryption_key(name)
    assert independent_bls.decrypt(ibe_encrypt(encryption.public_key, name, plaintext), signature) == plaintext


def test_the_independent_implementation_verifies_and_combines_ours(encryption: BlsKey) -> None:
    name = identity()
    signature = encryption.decryption_key(name)
    shares = encryption.decryption_shares(name, SEATS[:3])
    assert independent_bls.combine({int(seat): share[1:] for seat, share in shares.items()}) == signature
    assert independent_bls.verify(encryption.public_key, name, signature)
    assert not independent_bls.verify(encryption.public_key, identity(conditions=b"others"), signature)


def test_ciphertexts_of_the_independent_implementation_open_here(encryption: BlsKey) -> None:
    name = identity()
    ciphertext = independent_bls.encrypt(encryption.public_key, name, b"made in Python")
    assert ibe_decrypt(ciphertext, encryption.decryption_key(name)) == b"made in Python"
