"""Derived keys through the core's handles: the vectors, whole signatures, and everything that is no root."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.core.ceremony import DIGEST, SESSION, SIGN_ID, Committee, others
from tests.core.conftest import Town
from tests.core.independent_derivation import decoded, derive, encoded

from votive.core import InvalidInput, KeyShare, PeerFault, SigningParty, Vault, derive_public_key, recover_wallet
from votive.terms.claim import action_key_id, user_key_id
from votive.terms.participant import Seat

VECTORS = Path(__file__).parent.parent / "vectors" / "hd"
ID = user_key_id("ann", "app-1")

Roots = dict[Seat, list[KeyShare]]


def vectors(name: str) -> Iterator[tuple[list[bytes], dict[str, str]]]:
    for network in json.loads((VECTORS / name).read_text())["networks"]:
        for key in network["keys"]:
            yield [bytes.fromhex(root) for root in network["roots"]], key


@pytest.fixture(scope="module")
def roots(town: Town) -> Roots:
    """The committee's shares of ten root keys."""
    return town.committee.generate(10, purpose="root-ecdsa")


def public(roots: list[KeyShare], derived_key_id: bytes = ID) -> bytes:
    return derive_public_key([root.public_key for root in roots], derived_key_id)


def children(roots: Roots, derived_key_id: bytes = ID) -> dict[Seat, KeyShare]:
    return {seat: KeyShare.derived(own, derived_key_id, public(own, derived_key_id)) for seat, own in roots.items()}


@pytest.mark.parametrize("name", ["lit-sdk.json", "independent.json"])
def test_public_keys_are_those_of_lits_sdk_and_of_plain_arithmetic(name: str) -> None:
    checked = 0
    for given, key in vectors(name):
        identity = bytes.fromhex(key["derivedKeyId"])
        compressed = [bytes([2 + root[64] % 2]) + root[1:33] for root in given]
        assert derive_public_key(given, identity).hex() == derive_public_key(compressed, identity).hex() == key["publicKey"]
        checked += 1
    assert checked == 48


def test_what_the_nodes_generated_derives_as_plain_arithmetic_says(roots: Roots) -> None:
    own = roots[Seat(3)]
    points = [decoded(root.public_key_uncompressed.hex()) for root in own]
    for identity in (ID, action_key_id("Qm" + "a" * 44, "treasury"), bytes(32)):
        assert encoded(derive(points, identity)) == public(own, identity).hex()


def test_every_t_nodes_sign_with_a_derived_key_and_anybody_recovers_it(town: Town, roots: Roots) -> None:
    shares = children(roots)
    for signers in itertools.combinations(town.committee.seats, 3):
        r, s, recovery_id = town.committee.sign(shares, signers, sign_id=bytes([sum(signers) % 256]) * 32)
        assert recover_wallet(DIGEST, r + s + bytes([27 + recovery_id])) == public(roots[Seat(3)])


def test_all_nodes_hold_the_same_public_parts_of_a_derived_key(roots: Roots) -> None:
    shares = children(roots)
    assert {share.public_key_uncompressed for share in shares.values()} == {public(roots[Seat(3)])}
    assert len({tuple(sorted(share.verification_shares.items())) for share in shares.values()}) == 1
    for seat, share in shares.items():
        assert (share.seat, share.purpose, share.threshold, share.seats) == (seat, "pkp-ecdsa", 3, roots[seat][0].seats)
        assert share.matches()


def test_no_root_signs(town: Town, roots: Roots) -> None:
    for root in roots[Seat(3)]:
        with pytest.raises(InvalidInput, match="root-ecdsa is never used as pkp-ecdsa"):
            SigningParty(
                table=town.committee.tables[Seat(3)],
                share=root,
                signers=[3, 37, 200],
                session=SESSION,
                sign_id=SIGN_ID,
                digest=DIGEST,
            )
        with pytest.raises(InvalidInput):
            root.decryption_share(b"lit-accesscontrolcondition://" + b"a" * 64 + b"/" + b"b" * 64)
        with pytest.raises(InvalidInput):
            root.session_share(DIGEST)


def test_a_derived_share_is_never_stored_nor_copied_and_shows_nothing(roots: Roots, tmp_path: Path) -> None:
    share = children(roots)[Seat(37)]
    Vault.create_key_file(str(tmp_path / "kek"))
    with pytest.raises(InvalidInput, match="derive it again"):
        share.sealed(Vault.from_key_file(str(tmp_path / "kek")), b"")
    leaks: list[Any] = [copy.copy, copy.deepcopy, pickle.dumps]
    for leak in leaks:
        with pytest.raises(TypeError):
            leak(share)
    assert repr(share) == f"<KeyShare: pkp-ecdsa, seat 37, 3 of 4, key {share.public_key[:5].hex()}…>"


def test_a_derived_key_is_no_root(roots: Roots) -> None:
    share = children(roots)[Seat(3)]
    with pytest.raises(InvalidInput, match="never used as root-ecdsa"):
        KeyShare.derived([*roots[Seat(3)][:9], share], ID, public(roots[Seat(3)]))


@pytest.mark.parametrize("count", [0, 1, 9, 11])
def test_nine_roots_or_eleven_derive_nothing(town: Town, roots: Roots, count: int) -> None:
    own = roots[Seat(3)]
    some = (own + town.committee.generate(1, purpose="root-ecdsa")[Seat(3)])[:count]
    with pytest.raises(InvalidInput, match="exactly 10"):
        KeyShare.derived(some, ID, public(own))
    with pytest.raises(InvalidInput, match="exactly 10"):
        public(some)


def test_roots_in_another_order_or_of_another_network_give_another_key(town: Town, roots: Roots) -> None:
    own, theirs = roots[Seat(3)], town.committee.generate(10, context=bytes(32), purpose="root-ecdsa")[Seat(3)]
    for mixed in ([*own[:9], theirs[9]], theirs, [own[1], own[0], *own[2:]]):
        assert public(mixed) != public(own)
        with pytest.raises(InvalidInput, match="another public key"):
            KeyShare.derived(mixed, ID, public(own))


def test_roots_of_another_seat_or_committee_are_refused(roots: Roots) -> None:
    own = roots[Seat(3)]
    stranger = Committee([3, 37, 200, 254]).generate(1, purpose="root-ecdsa")[Seat(3)]
    for other in (roots[Seat(37)][9], stranger[0]):
        with pytest.raises(InvalidInput, match="different seats"):
            KeyShare.derived([*own[:9], other], ID, public(own))


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33)])
def test_an_id_has_32_bytes_and_a_key_is_a_point(roots: Roots, wrong: bytes) -> None:
    own = roots[Seat(3)]
    with pytest.raises(InvalidInput, match="32 bytes"):
        public(own, wrong)
    with pytest.raises(InvalidInput, match="32 bytes"):
        KeyShare.derived(own, wrong, public(own))
    with pytest.raises(InvalidInput):
        KeyShare.derived(own, ID, wrong)
    with pytest.raises(InvalidInput):
        derive_public_key([wrong] * 10, ID)


@pytest.mark.parametrize(("meant", "made"), [("root-ecdsa", "pkp-ecdsa"), ("pkp-ecdsa", "root-ecdsa")])
def test_keys_proven_for_one_purpose_are_refused_in_a_batch_of_another_on_the_same_curve(town: Town, meant: str, made: str) -> None:
    committee, odd = town.committee, Seat(200)
    parties = committee.dkg_parties(10, purpose=meant) | {odd: committee.dkg_parties(10, purpose=made)[odd]}
    commits = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    for seat in committee.seats:
        if seat != odd:
            with pytest.raises(PeerFault) as caught:
                parties[seat].deal(others(seat, commits), others(seat, reveals))
            assert caught.value.culprits == (odd,)
