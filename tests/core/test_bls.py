"""Threshold BLS and encryption as Python sees them. The laws that need Rust's inside are in rust/core/src/bls/tests.rs."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.bls import SEATS, THRESHOLD, BlsKey, identity
from tests.core.ceremony import Committee, KeyShares, key_shares
from tests.core.conftest import Town

from votive.core import (
    CombinationFailed,
    InvalidCiphertext,
    InvalidInput,
    KeyShare,
    SealError,
    Vault,
    bls_combine,
    bls_verify,
    bls_verify_share,
    derive_public_key,
    ibe_check,
    ibe_decrypt,
    ibe_encrypt,
)
from votive.terms.errors import CallerError, PeerError
from votive.terms.key import NETWORK_PURPOSES, Purpose
from votive.terms.participant import Seat, threshold_of

NAME = identity()
DIGEST = hashlib.sha256(b"lit_session:").digest()


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4], [2, 3, 5, 7, 11, 13, 17], list(range(1, 11))], ids=["n=4", "n=7", "n=10"])
def test_any_t_of_n_make_the_same_decryption_key(numbers: list[int]) -> None:
    committee = Committee(numbers)
    shares = key_shares(committee.generate(purpose="encryption-bls"))
    first = shares[committee.seats[0]]
    whole = {seat: share.decryption_share(NAME) for seat, share in shares.items()}
    sets = random.Random(1).sample(list(itertools.combinations(committee.seats, committee.threshold)), k=4)
    keys = {bls_combine(first.public_key, threshold_of(len(numbers)), {seat: whole[seat] for seat in chosen}, NAME) for chosen in sets}
    assert len(keys) == 1
    assert bls_verify(first.public_key, NAME, keys.pop())


def test_a_share_says_its_seat_and_purpose(encryption: BlsKey, session: BlsKey) -> None:
    for key, purpose in ((encryption, "encryption-bls"), (session, "session-bls")):
        for seat, share in key.shares.items():
            assert (share.seat, share.purpose, share.threshold, share.seats) == (seat, purpose, THRESHOLD, tuple(SEATS))
            assert share.public_key == share.public_key_uncompressed == key.public_key
            assert len(share.public_key) == 48
            assert {len(point) for point in share.verification_shares.values()} == {48}
            assert share.matches()
    assert encryption.shares[SEATS[1]].decryption_share(NAME)[0] == SEATS[1]


def test_purposes_are_those_of_the_vocabulary() -> None:
    committee = Committee([1, 2, 3])
    for purpose in Purpose:
        assert f"{purpose}," in repr(committee.dkg_parties(purpose=purpose)[Seat(1)])
    with pytest.raises(InvalidInput, match="pkp-ecdsa, encryption-bls, session-bls"):
        committee.dkg_parties(purpose="encryption")


def test_a_batch_has_one_purpose_at_all_nodes() -> None:
    committee = Committee([1, 2, 3])
    mixed = {**committee.dkg_parties(purpose="encryption-bls"), Seat(3): committee.dkg_parties(purpose="session-bls")[Seat(3)]}
    commits = {seat: party.commit() for seat, party in mixed.items()}
    reveals = {seat: party.reveal() for seat, party in mixed.items()}
    with pytest.raises(PeerError) as caught:
        mixed[Seat(1)].deal({seat: commits[seat] for seat in (2, 3)}, {seat: reveals[seat] for seat in (2, 3)})  # type: ignore[index]
    assert caught.value.culprits == (3,)


# One key, one purpose (A25, A26)


@pytest.fixture(scope="module")
def roots(town: Town) -> list[KeyShare]:
    """One node's shares of ten root keys."""
    return town.committee.generate(10, purpose="root-ecdsa")[town.committee.seats[0]]


def uses(town: Town, roots: list[KeyShare], share: KeyShare) -> dict[str, Callable[[], object]]:
    """All that a share can be used for, by the purpose that it needs."""
    shares: KeyShares = {**town.shares, share.seat: share}
    derived = derive_public_key([root.public_key for root in roots], DIGEST)
    return {
        "root-ecdsa": lambda: KeyShare.derived([*roots[:-1], share], DIGEST, derived),
        "pkp-ecdsa": lambda: town.committee.signing_parties(shares),
        "encryption-bls": lambda: share.decryption_share(NAME),
        "session-bls": lambda: share.session_share(DIGEST),
    }


def test_every_key_is_refused_under_every_other_purpose(town: Town, roots: list[KeyShare], encryption: BlsKey, session: BlsKey) -> None:
    seat = town.committee.seats[0]
    bls = {"encryption-bls": encryption.shares[seat], "session-bls": session.shares[seat]}
    keys = {"pkp-ecdsa": town.shares[seat], "root-ecdsa": roots[-1], **bls}
    assert set(keys) == {str(purpose) for purpose in Purpose}
    for purpose, share in keys.items():
        for needed, use in uses(town, roots, share).items():
            if needed == purpose:
                use()
            else:
                with pytest.raises(InvalidInput, match=f"a key of purpose {purpose} is never used as {needed}"):
                    use()


def test_no_output_of_one_purpose_is_good_under_another(encryption: BlsKey, session: BlsKey) -> None:
    outputs = {"encryption-bls": (NAME, encryption.decryption_key(NAME)), "session-bls": (DIGEST, session.session_signature(DIGEST))}
    keys = {"encryption-bls": encryption.public_key, "session-bls": session.public_key}
    assert set(keys) == {str(purpose) for purpose in NETWORK_PURPOSES}
    for (made_by, (message, signature)), (checked_by, key) in itertools.product(outputs.items(), keys.items()):
        assert bls_verify(key, message, signature) == (made_by == checked_by)
        ciphertext = ibe_encrypt(key, NAME, b"a secret")
        if made_by == checked_by == "encryption-bls":
            assert ibe_decrypt(ciphertext, signature) == b"a secret"
        else:
            with pytest.raises(InvalidCiphertext):
                ibe_decrypt(ciphertext, signature)


def test_a_session_request_for_an_identity_gives_no_decryption_key(encryption: BlsKey, session: BlsKey) -> None:
    ciphertext = ibe_encrypt(encryption.public_key, NAME, b"a secret")
    for message in (NAME, hashlib.sha256(NAME).digest() + b"\0", NAME[:31]):
        with pytest.raises(InvalidInput, match="32 bytes"):
            session.shares[SEATS[0]].session_share(message)
    for digest in (NAME[:32], NAME[-32:], hashlib.sha256(NAME).digest()):
        with pytest.raises(InvalidCiphertext):
            ibe_decrypt(ciphertext, session.session_signature(digest))
        with pytest.raises(InvalidInput):
            encryption.shares[SEATS[0]].decryption_share(digest)


def test_only_identities_of_conditions_are_signed_or_encrypted_to(encryption: BlsKey) -> None:
    text = NAME.decode()
    wrong = [text.upper(), text[:-1], text + "0", text.replace("://", ":/"), "x" + text, text[:-1] + "g", text.replace("/1", "0", 1), ""]
    for name in wrong:
        with pytest.raises(InvalidInput, match="identity"):
            encryption.shares[SEATS[0]].decryption_share(name.encode())
        with pytest.raises(InvalidInput, match="identity"):
            ibe_encrypt(encryption.public_key, name.encode(), b"")


# Wrong shares (A28)


def test_up_to_f_bad_shares_never_stop_a_decryption_and_are_all_found(encryption: BlsKey) -> None:
    good = encryption.decryption_shares(NAME)
    other = encryption.decryption_shares(identity(conditions=b"others"))
    bad: list[bytes] = [other[SEATS[2]], good[SEATS[0]], b"", good[SEATS[2]][:-1], bytes([SEATS[2]]) + bytes(96), b"\xff" * 97]
    for share in bad:
        shares = {**good, SEATS[2]: share}
        found = [
            seat
            for seat in SEATS
            if not bls_verify_share(encryption.verification_shares[seat], NAME, shares[seat]) or shares[seat][0] != seat
        ]
        assert found == [SEATS[2]]
        with pytest.raises(CombinationFailed):
            bls_combine(encryption.public_key, THRESHOLD, shares, NAME)
        left = {seat: share for seat, share in shares.items() if seat not in found}
        assert bls_combine(encryption.public_key, THRESHOLD, left, NAME) == encryption.decryption_key(NAME)


def test_a_malformed_share_names_its_sender_and_a_wrong_one_nobody(encryption: BlsKey) -> None:
    good = encryption.decryption_shares(NAME, SEATS[:3])
    cases: list[tuple[bytes, tuple[int, ...]]] = [
        (good[SEATS[0]], (SEATS[1],)),
        (b"short", (SEATS[1],)),
        (encryption.decryption_shares(identity(conditions=b"others"))[SEATS[1]], ()),
    ]
    for share, culprits in cases:
        with pytest.raises(CombinationFailed) as caught:
            bls_combine(encryption.public_key, THRESHOLD, {**good, SEATS[1]: share}, NAME)
        assert caught.value.culprits == culprits


def test_shares_in_a_sequence_count_under_the_seat_that_they_name(encryption: BlsKey) -> None:
    good = list(encryption.decryption_shares(NAME, SEATS[:3]).values())
    expected = encryption.decryption_key(NAME)
    assert bls_combine(encryption.public_key, THRESHOLD, good, NAME) == expected
    assert bls_combine(encryption.public_key, THRESHOLD, [*good, good[0]], NAME) == expected
    with pytest.raises(InvalidInput, match="two different shares of seat 3"):
        bls_combine(encryption.public_key, THRESHOLD, [*good, good[0][:-1] + b"\0"], NAME)


def test_too_few_shares_and_a_bad_key_are_the_callers_mistake(encryption: BlsKey) -> None:
    two = encryption.decryption_shares(NAME, SEATS[:2])
    cases: list[tuple[Any, ...]] = [
        (encryption.public_key, THRESHOLD, two, NAME),
        (encryption.public_key, 0, two, NAME),
        (encryption.public_key, 256, two, NAME),
        (encryption.public_key[:-1], 2, two, NAME),
        (b"\xc0" + bytes(47), 2, two, NAME),
    ]
    for arguments in cases:
        with pytest.raises(InvalidInput):
            bls_combine(*arguments)


def test_verification_says_false_of_anything_malformed(encryption: BlsKey) -> None:
    signature = encryption.decryption_key(NAME)
    share = encryption.decryption_shares(NAME)[SEATS[0]]
    infinity = b"\xc0" + bytes(95)
    assert bls_verify(encryption.public_key, NAME, signature)
    for key, value in [
        (encryption.public_key, infinity),
        (infinity[:48], signature),
        (infinity[:48], infinity),
        (b"", b""),
        (signature, share),
    ]:
        assert not bls_verify(key, NAME, value)
    point = encryption.verification_shares[SEATS[0]]
    assert bls_verify_share(point, NAME, share)
    for changed in (signature, b"\0" + share[1:], share + b"\0", share[:1] + infinity, b""):
        assert not bls_verify_share(point, NAME, changed)


# Encryption (A27)


@settings(max_examples=60, deadline=None)
@given(plaintext=st.binary(max_size=400))
def test_what_is_encrypted_comes_back(encryption: BlsKey, plaintext: bytes) -> None:
    ciphertext = ibe_encrypt(encryption.public_key, NAME, plaintext)
    ibe_check(ciphertext)
    assert ibe_decrypt(ciphertext, encryption.decryption_key(NAME)) == plaintext


def test_nine_bytes_are_as_long_as_elsewhere(encryption: BlsKey) -> None:
    assert len(ibe_encrypt(encryption.public_key, NAME, b"nine byte")) == 114


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_ciphertext_is_refused_with_one_error(encryption: BlsKey, data: st.DataObject) -> None:
    key = encryption.decryption_key(NAME)
    ciphertext = bytearray(ibe_encrypt(encryption.public_key, NAME, b"a secret"))
    for at in data.draw(st.sets(st.integers(0, len(ciphertext) - 1), min_size=1, max_size=4)):
        ciphertext[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InvalidCiphertext) as caught:
        ibe_decrypt(bytes(ciphertext), key)
    with pytest.raises(InvalidCiphertext) as short:
        ibe_decrypt(b"", key)
    assert (caught.value.message, caught.value.code, caught.value.status) == (short.value.message, short.value.code, short.value.status)
    assert isinstance(caught.value, CallerError)


def test_a_ciphertext_is_checked_without_a_key(encryption: BlsKey) -> None:
    good = ibe_encrypt(encryption.public_key, NAME, b"a secret")
    for wrong in (good[:-1], good + b"\0", good[:-1] + b"\x01", b"\xc0" + bytes(47) + good[48:], good[:80] + b"\xa0\x00" + good[81:], b""):
        with pytest.raises(InvalidCiphertext):
            ibe_check(wrong)


# Handles


def test_a_bls_share_is_sealed_with_its_purpose(encryption: BlsKey, session: BlsKey, tmp_path: Any) -> None:
    Vault.create_key_file(str(tmp_path / "kek"))
    vault = Vault.from_key_file(str(tmp_path / "kek"))
    for key in (encryption, session):
        share = key.shares[SEATS[0]]
        again = KeyShare.unsealed(vault, b"ad", share.sealed(vault, b"ad"))
        assert (again.purpose, again.public_key, again.verification_shares) == (share.purpose, share.public_key, share.verification_shares)
        assert again.matches()
        with pytest.raises(SealError):
            KeyShare.unsealed(vault, b"other", share.sealed(vault, b"ad"))


def test_a_bls_batch_gives_as_many_keys_as_asked() -> None:
    committee = Committee([1, 2, 3])
    batch = committee.generate(3, purpose="session-bls")
    assert len({share.public_key for share in batch[Seat(1)]}) == 3


def test_many_threads_may_use_one_share(encryption: BlsKey) -> None:
    share = encryption.shares[SEATS[0]]
    expected = share.decryption_share(NAME)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(share.decryption_share, [NAME] * 40)) == {expected}
