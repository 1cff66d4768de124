"""Whole ceremonies: key generation, pair set-ups, signatures; every party in one process, each with its own secrets only."""

from __future__ import annotations

import hashlib

import pytest
from coincurve import PublicKey
from tests.core.ceremony import DIGEST, Committee, key_shares
from tests.core.conftest import Town

from votive.core import KeyShare, verify


def checks(share: KeyShare, digest: bytes, signature: tuple[bytes, bytes, int]) -> None:
    """Verify by two libraries: ours, and libsecp256k1."""
    r, s, recovery_id = signature
    assert verify(share.public_key, digest, r, s, recovery_id)
    assert verify(share.public_key_uncompressed, digest, r, s, recovery_id)
    recovered = PublicKey.from_signature_and_message(r + s + bytes([recovery_id]), digest, hasher=None)
    assert recovered.format(compressed=False) == share.public_key_uncompressed


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4], [2, 3, 5, 7, 11, 13, 17], list(range(1, 11))], ids=["n=4", "n=7", "n=10"])
def test_any_t_of_n_sign_and_every_signer_holds_the_same_signature(numbers: list[int]) -> None:
    committee = Committee(numbers)
    shares = key_shares(committee.generate())
    signers = committee.seats[-committee.threshold :]
    committee.set_up_all(signers)
    checks(shares[signers[0]], DIGEST, committee.sign(shares, signers))


def test_each_set_of_t_seats_signs_whatever_their_numbers(town: Town) -> None:
    for absent in town.committee.seats:
        signers = [seat for seat in town.committee.seats if seat != absent]
        checks(town.shares[signers[0]], DIGEST, town.committee.sign(town.shares, signers))


def test_one_set_up_serves_every_key(town: Town) -> None:
    batch = town.committee.generate(3)
    keys = set()
    for number in range(3):
        shares = key_shares(batch, number)
        first = shares[town.committee.seats[0]]
        checks(first, DIGEST, town.committee.sign(shares))
        keys.add(first.public_key)
    assert len(keys) == 3


def test_all_nodes_hold_the_same_key_and_verification_shares(town: Town) -> None:
    first = town.shares[town.committee.seats[0]]
    for seat, share in town.shares.items():
        assert (share.seat, share.threshold, share.seats) == (seat, 3, tuple(town.committee.seats))
        assert share.matches()
        assert share.public_key == first.public_key
        assert share.verification_shares == first.verification_shares
        assert share.public_key_uncompressed[1:33] == share.public_key[1:]


def test_signatures_are_low_and_verify_elsewhere(town: Town) -> None:
    half = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
    seen = set()
    for number in range(25):
        digest = hashlib.sha256(b"message %d" % number).digest()
        signature = town.committee.sign(town.shares, digest=digest)
        checks(town.shares[town.committee.seats[0]], digest, signature)
        assert int.from_bytes(signature[1], "big") <= half
        seen.add(signature[0])
    assert len(seen) == 25, "a nonce came twice"


def test_the_same_request_twice_gives_two_nonces(town: Town) -> None:
    assert town.committee.sign(town.shares)[0] != town.committee.sign(town.shares)[0]


def test_verification_refuses_what_is_not_the_signature(town: Town) -> None:
    r, s, parity = town.committee.sign(town.shares)
    key = town.shares[town.committee.seats[0]].public_key
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(s, "big")).to_bytes(32, "big")
    zero, top = bytes(32), order.to_bytes(32, "big")
    assert verify(key, DIGEST, r, s, parity)
    for arguments in [
        (key, DIGEST, r, s, 1 - parity),
        (key, DIGEST, r, high, 1 - parity),
        (key, bytes(32), r, s, parity),
        (key, DIGEST, s, r, parity),
        (key, DIGEST, zero, s, parity),
        (key, DIGEST, r, zero, parity),
        (key, DIGEST, top, s, parity),
        (key, DIGEST, r, top, parity),
        (key, DIGEST, r, s, 2),
        (key, DIGEST, r, s, -1),
        (key, DIGEST, r, s + b"\0", parity),
        (key, DIGEST[:31], r, s, parity),
        (key[:32], DIGEST, r, s, parity),
        (b"\0" * 33, DIGEST, r, s, parity),
        (b"\x05" + key[1:], DIGEST, r, s, parity),
        (b"\x04" + key[1:] + bytes(32), DIGEST, r, s, parity),
    ]:
        assert not verify(*arguments), arguments
