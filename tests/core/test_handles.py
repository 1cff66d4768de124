"""Handles: used once, in their process, and silent about what they hold."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.core.bls import BlsKey, identity
from tests.core.ceremony import DIGEST, SESSION, SIGN_ID, Committee, others, round1, to_receiver
from tests.core.conftest import Town

from votive.core import (
    ContentKey,
    DkgParty,
    Forked,
    InvalidInput,
    KeyFileError,
    KeyShare,
    PairTable,
    SealError,
    SealingKey,
    SetupGone,
    SigningParty,
    Spent,
    Vault,
)
from votive.terms.errors import OurError, PeerError


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    path = str(tmp_path_factory.mktemp("vault") / "kek")
    Vault.create_key_file(path)
    return Vault.from_key_file(path)


def handles(town: Town, vault: Vault) -> dict[str, Any]:
    committee = town.committee
    first, second = committee.seats[:2]
    return {
        "Vault": vault,
        "SealingKey": committee.sealing[first],
        "KeyShare": town.shares[first],
        "DkgParty": committee.dkg_parties()[first],
        "PairTable": committee.tables[first],
        "PairSetup": committee.begin(first, second)[0],
        "SigningParty": committee.signing_parties(town.shares)[first],
        "ContentKey": ContentKey.generate(),
        "StreamSealer": ContentKey.generate().sealer(b""),
        "StreamOpener": ContentKey.generate().opener(b""),
    }


KINDS = [
    "Vault", "SealingKey", "KeyShare", "DkgParty", "PairTable", "PairSetup", "SigningParty", "ContentKey", "StreamSealer", "StreamOpener",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_handle_cannot_be_copied_pickled_changed_or_extended(town: Town, vault: Vault, kind: str) -> None:
    handle = handles(town, vault)[kind]
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            take(handle)
    with pytest.raises(AttributeError):
        handle.secret = 1
    with pytest.raises(TypeError):
        type("Leak", (type(handle),), {})
    assert not hasattr(handle, "__dict__")


@pytest.mark.parametrize("kind", KINDS)
def test_a_repr_is_short_and_public(town: Town, vault: Vault, kind: str) -> None:
    handle = handles(town, vault)[kind]
    text = repr(handle)
    assert text == str(handle)
    assert kind in text
    assert len(text) < 90
    assert "0x" not in text


def test_no_attribute_of_a_share_or_key_gives_the_secret(town: Town, vault: Vault) -> None:
    share = town.shares[town.committee.seats[0]]
    public = {name for name in dir(share) if not name.startswith("_")}
    assert public == {
        "purpose", "seat", "threshold", "seats", "public_key", "public_key_uncompressed", "verification_shares", "matches",
        "sealed", "unsealed", "derived", "decryption_share", "session_share",
    }  # fmt: skip
    key = town.committee.sealing[town.committee.seats[0]]
    assert {name for name in dir(key) if not name.startswith("_")} == {"generate", "public_key", "sealed", "unsealed"}


def test_key_generation_steps_run_once_and_in_order() -> None:
    committee = Committee([1, 2, 3, 4])
    parties = committee.dkg_parties()
    commits = {seat: party.commit() for seat, party in parties.items()}
    first, second = committee.seats[:2]
    with pytest.raises(Spent):
        parties[first].commit()
    with pytest.raises(Spent):
        parties[first].reveal()
    with pytest.raises(Spent):
        parties[second].deal(others(second, commits), others(second, commits))


def test_signing_steps_run_once_and_in_order(town: Town) -> None:
    parties = town.committee.signing_parties(town.shares)
    sent = round1(parties)
    first, second, third = parties
    parties[first].round2(to_receiver(first, sent))
    with pytest.raises(Spent):
        parties[first].round2(to_receiver(first, sent))
    with pytest.raises(Spent):
        parties[second].round1()
    with pytest.raises(Spent):
        parties[third].finish(to_receiver(third, sent))


def test_set_up_steps_run_once_and_in_order(town: Town) -> None:
    setup, _ = town.committee.begin(*town.committee.seats[:2])
    with pytest.raises(Spent):
        setup.transfer(bytes(32))
    with pytest.raises(Spent):
        setup.commit()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"seat": 9}, "own seat"),
        ({"seats": [1, 2, 3, 3]}, "ascending"),
        ({"seats": [4, 3, 2, 1]}, "ascending"),
        ({"seats": [0, 1, 2, 3]}, "1…255"),
        ({"seats": [1, 2, 3, 256]}, "1…255"),
        ({"threshold": 1}, "threshold"),
        ({"threshold": 5}, "threshold"),
        ({"count": 0}, "keys"),
        ({"count": 1001}, "keys"),
        ({"count": -1}, "key"),
        ({"context": bytes(31)}, "32 bytes"),
        ({"peer_keys": {2: bytes(32)}}, "exactly each other seat"),
        ({"peer_keys": {2: bytes(31), 3: bytes(32), 4: bytes(32)}}, "X25519"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(change: dict[str, Any], word: str) -> None:
    sealing = SealingKey.generate()
    keys = {seat: SealingKey.generate().public_key for seat in (2, 3, 4)}
    good: dict[str, Any] = {
        "context": bytes(32), "seat": 1, "seats": [1, 2, 3, 4], "threshold": 3, "count": 1, "sealing": sealing, "peer_keys": keys,
    }  # fmt: skip
    DkgParty(**good)
    with pytest.raises(InvalidInput, match=word):
        DkgParty(**(good | change))


def test_a_registered_x25519_key_of_low_order_is_refused_before_anything_is_sealed_to_it() -> None:
    committee = Committee([1, 2, 3, 4])
    first, second = committee.seats[:2]
    table = committee.tables[first]
    setup = table.begin(peer=second, peer_boot_nonce=bytes(16), peer_key=bytes(32), counter=1)
    with pytest.raises(InvalidInput, match="X25519"):
        setup.commit()


ORDER = bytes.fromhex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")


@pytest.mark.parametrize(
    "change", ["short", "long", "foreign", "unsorted", "doubled", "without us", "zero digest", "order digest", "length"]
)
def test_a_signing_set_is_exactly_t_holders_and_a_digest_not_zero(town: Town, change: str) -> None:
    seats = town.committee.seats
    first = seats[0]
    good: dict[str, Any] = {
        "table": town.committee.tables[first],
        "share": town.shares[first],
        "signers": seats[:3],
        "session": SESSION,
        "sign_id": SIGN_ID,
        "digest": DIGEST,
    }
    SigningParty(**good)
    changes: dict[str, dict[str, Any]] = {
        "short": {"signers": seats[:2]},
        "long": {"signers": seats},
        "foreign": {"signers": [first, 38, 200]},
        "unsorted": {"signers": seats[2::-1]},
        "doubled": {"signers": [first, first, seats[1]]},
        "without us": {"signers": seats[1:]},
        "zero digest": {"digest": bytes(32)},
        "order digest": {"digest": ORDER},
        "length": {"digest": DIGEST[:31]},
    }
    with pytest.raises(InvalidInput):
        SigningParty(**(good | changes[change]))


def test_a_share_signs_from_its_own_seats_table_only(town: Town) -> None:
    first, second, third = town.committee.seats[:3]
    with pytest.raises(InvalidInput, match="another seat"):
        SigningParty(
            table=town.committee.tables[second],
            share=town.shares[first],
            signers=[first, second, third],
            session=SESSION,
            sign_id=SIGN_ID,
            digest=DIGEST,
        )


def test_without_a_set_up_nothing_is_assembled_and_the_missing_peers_are_named(town: Town) -> None:
    first = town.committee.seats[0]
    empty = PairTable(network=bytes(32), epoch=1, seat=first, sealing=town.committee.sealing[first])
    with pytest.raises(SetupGone) as gone:
        SigningParty(
            table=empty,
            share=town.shares[first],
            signers=town.committee.seats[:3],
            session=SESSION,
            sign_id=SIGN_ID,
            digest=DIGEST,
        )
    assert gone.value.seats == (37, 200)
    assert isinstance(gone.value, PeerError)
    assert gone.value.culprits == ()


def test_two_tables_of_one_seat_have_two_boot_nonces(town: Town) -> None:
    first = town.committee.seats[0]
    nonces = {PairTable(network=bytes(32), epoch=1, seat=first, sealing=town.committee.sealing[first]).boot_nonce for _ in range(8)}
    assert len(nonces) == 8
    assert {len(nonce) for nonce in nonces} == {16}


def test_a_forgotten_set_up_ends_the_sessions_that_ran_on_it() -> None:
    town = Town()
    parties = town.committee.signing_parties(town.shares)
    sent = round1(parties)
    first, second, _ = parties
    generation = town.committee.tables[first].generation(second)
    town.committee.tables[first].forget(second)
    with pytest.raises(SetupGone) as gone:
        parties[first].round2(to_receiver(first, sent))
    assert gone.value.seats == (second,)
    town.committee.set_up(first, second)
    renewed = town.committee.tables[first].generation(second)
    assert generation is not None
    assert renewed is not None
    assert renewed > generation
    town.committee.sign(town.shares)


# ---- sealing ----


def test_a_share_comes_back_from_its_seal_and_signs(town: Town, vault: Vault) -> None:
    opened = {seat: KeyShare.unsealed(vault, b"here", share.sealed(vault, b"here")) for seat, share in town.shares.items()}
    assert all(share.matches() for share in opened.values())
    assert opened[town.committee.seats[0]].verification_shares == town.shares[town.committee.seats[0]].verification_shares
    town.committee.sign(opened)


def test_a_sealed_value_opens_only_as_what_and_where_it_was_sealed(town: Town, vault: Vault, tmp_path: Path) -> None:
    share = town.shares[town.committee.seats[0]]
    sealed = share.sealed(vault, b"here")
    other = str(tmp_path / "other")
    Vault.create_key_file(other)
    attempts: list[Callable[[], object]] = [
        lambda: KeyShare.unsealed(vault, b"there", sealed),
        lambda: KeyShare.unsealed(Vault.from_key_file(other), b"here", sealed),
        lambda: SealingKey.unsealed(vault, b"here", sealed),
        lambda: vault.open(b"here", sealed),
        lambda: KeyShare.unsealed(vault, b"here", sealed[:-1]),
        lambda: KeyShare.unsealed(vault, b"here", sealed + b"\0"),
        lambda: KeyShare.unsealed(vault, b"here", b""),
        lambda: KeyShare.unsealed(vault, b"here", vault.seal(b"here", b"a value of another kind")),
    ]
    for attempt in attempts:
        with pytest.raises(SealError):
            attempt()
    assert share.public_key not in sealed


def test_a_sealing_key_comes_back_from_its_seal(vault: Vault) -> None:
    key = SealingKey.generate()
    sealed = key.sealed(vault, b"identity")
    assert SealingKey.unsealed(vault, b"identity", sealed).public_key == key.public_key
    with pytest.raises(SealError):
        SealingKey.unsealed(vault, b"other", sealed)


def test_a_value_of_python_comes_back(vault: Vault) -> None:
    assert vault.open(b"ad", vault.seal(b"ad", b"password")) == b"password"
    assert b"password" not in vault.seal(b"ad", b"password")


def test_a_key_file_is_private_durable_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    Vault.create_key_file(str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeyFileError, match="never overwritten"):
        Vault.create_key_file(str(path))
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        Vault.from_key_file(str(path))
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(KeyFileError, match="5 bytes"):
        Vault.from_key_file(str(path))
    path.unlink()
    with pytest.raises(KeyFileError, match="restore the file"):
        Vault.from_key_file(str(path))
    assert issubclass(KeyFileError, OurError)


def test_a_passphrase_is_read_by_the_core_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTIVE_TEST_PASSPHRASE", "correct horse battery")
    one = Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"s" * 16)
    assert Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"s" * 16).open(b"", one.seal(b"", b"v")) == b"v"
    with pytest.raises(SealError):
        Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"t" * 16).open(b"", one.seal(b"", b"v"))
    with pytest.raises(InvalidInput, match="salt"):
        Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"short")
    monkeypatch.setenv("VOTIVE_TEST_PASSPHRASE", "short")
    with pytest.raises(KeyFileError, match="shorter"):
        Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"s" * 16)
    monkeypatch.delenv("VOTIVE_TEST_PASSPHRASE")
    with pytest.raises(KeyFileError, match="not set"):
        Vault.from_passphrase_env("VOTIVE_TEST_PASSPHRASE", b"s" * 16)


# ---- fork ----


def in_a_fork(work: Callable[[], str]) -> str:
    """Run ``work`` in a forked child and give what it returned; the child never comes back to pytest."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001  # the child has no other way to tell
            answer = f"{type(error).__name__}: {error}"
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(child, 0)
    return answer


def test_no_handle_works_after_a_fork(town: Town, vault: Vault, encryption: BlsKey, session: BlsKey) -> None:
    every, first = handles(town, vault), town.committee.seats[0]
    share, table = every["KeyShare"], every["PairTable"]
    uses: dict[str, Callable[[], object]] = {
        "Vault": lambda: vault.seal(b"", b""),
        "SealingKey": lambda: every["SealingKey"].sealed(vault, b""),
        "KeyShare": share.matches,
        "DkgParty": every["DkgParty"].commit,
        "PairTable": table.live,
        "PairSetup": every["PairSetup"].commit,
        "SigningParty": every["SigningParty"].round1,
        "ContentKey": lambda: every["ContentKey"].data_hash,
        "StreamSealer": lambda: every["StreamSealer"].update(b"", True),
        "StreamOpener": lambda: every["StreamOpener"].update(b"", True),
        "decryption share": lambda: encryption.shares[first].decryption_share(identity()),
        "session share": lambda: session.shares[first].session_share(bytes(32)),
        "assembling": lambda: town.committee.signing_parties(town.shares),
    }

    def child() -> str:
        refused = []
        for name, use in uses.items():
            try:
                use()
            except Forked:
                refused.append(name)
        return ",".join(refused)

    assert in_a_fork(child) == ",".join(uses)
    # The parent goes on.
    assert share.matches()
    every["SigningParty"].round1()


def test_parent_and_child_draw_different_randomness() -> None:
    def draw() -> str:
        return SealingKey.generate().public_key.hex()

    SealingKey.generate()
    children = {in_a_fork(draw) for _ in range(3)}
    assert len(children | {draw()}) == 4
