from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from votive.core import KeyShare, Vault
from votive.store import KeyUnavailable, StagedBatch, Store, StoreDamaged, StoreError, StoreInUse, WrongStore
from votive.terms.errors import OurError
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

Open = Callable[..., Store]
Batch = Callable[..., StagedBatch]


def key_of(share: KeyShare) -> KeyId:
    return KeyId(purpose=Purpose.PKP_ECDSA, public_key=share.public_key)


@pytest.fixture
def filled(open_store: Open, tmp_path: Path, batch: Batch, shares: list[KeyShare]) -> Path:
    """A closed store with three live shares, three staged ones, and one of each note."""
    store = open_store()
    store.stage(batch(1), shares[:3])
    store.stage(batch(2), shares[3:])
    store.note_confirms(batch(2), {Seat(2): b"confirm"})
    for share in shares[:3]:
        store.promote(key_of(share))
    store.note_setup_failure(Seat(2), 10.0)
    store.cursor().save(b"cursor")
    store.close()
    return tmp_path / "store.db"


def execute(path: Path, statement: str, *values: Any) -> list[Any]:
    connection = apsw.Connection(str(path))
    try:
        return list(connection.execute(statement, values))
    finally:
        connection.close()


# Whose store it is


@pytest.mark.parametrize(("changed", "said"), [({"network": b"other" * 6 + b"!!"}, "network"), ({"node": "0x" + "1" * 40}, "node")])
def test_a_store_of_another_network_or_node_is_refused(filled: Path, open_store: Open, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongStore, match=f"belongs to the {said}"):
        open_store(**changed)
    assert len(open_store().live_keys()) == 3


def test_the_case_of_an_address_does_not_make_another_node(filled: Path, open_store: Open) -> None:
    assert open_store(node="0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed").live_keys()


def test_another_vault_is_refused(filled: Path, open_store: Open, tmp_path: Path) -> None:
    Vault.create_key_file(str(tmp_path / "other"))
    with pytest.raises(WrongStore, match="key-encryption key"):
        open_store(vault=Vault.from_key_file(str(tmp_path / "other")))
    assert len(open_store().live_keys()) == 3


def test_a_newer_version_is_refused_and_left_as_it_is(filled: Path, open_store: Open) -> None:
    execute(filled, "PRAGMA user_version=2")
    before = filled.read_bytes()
    with pytest.raises(WrongStore, match=r"format 2.*newer"):
        open_store()
    assert filled.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0" + b"\xff" * 4096, os.urandom(8192)])
def test_another_kind_of_file_is_refused_and_left_as_it_is(open_store: Open, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged, match="not a Votive store"):
        open_store()
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused(open_store: Open, tmp_path: Path) -> None:
    execute(tmp_path / "store.db", "CREATE TABLE users (name)")
    with pytest.raises(WrongStore, match="another program"):
        open_store()


HOLDER = """
import sys, time
from votive.core import Vault
from votive.store import Store
store = Store.open(sys.argv[1], network=bytes(range(32)), node="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                   vault=Vault.from_key_file(sys.argv[2]))
print("open", flush=True)
time.sleep(60)
"""


def test_two_processes_never_share_a_store_and_a_killed_one_lets_go(filled: Path, open_store: Open, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLDER, str(filled), str(tmp_path / "kek")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            with pytest.raises(StoreInUse, match=f"in use by process {holder.pid}"):
                open_store()
        finally:
            holder.send_signal(signal.SIGKILL)
    assert len(open_store().live_keys()) == 3


def test_one_process_does_not_open_a_store_twice(open_store: Open) -> None:
    first = open_store()
    with pytest.raises(StoreInUse, match=str(os.getpid())):
        open_store()
    first.close()
    open_store()


# Damage


def test_each_flipped_byte_of_a_live_share_costs_that_key_and_no_other(
    filled: Path, open_store: Open, shares: list[KeyShare], copy: Callable[[str], Path]
) -> None:
    [(sealed,)] = execute(filled, "SELECT sealed FROM live_shares WHERE public_key = ?", shares[1].public_key)
    for at in range(len(sealed)):
        damaged = sealed[:at] + bytes([sealed[at] ^ (1 << at % 8)]) + sealed[at + 1 :]
        execute(filled, "UPDATE live_shares SET sealed = ? WHERE public_key = ?", damaged, shares[1].public_key)
        store = open_store()
        assert list(store.unavailable_keys()) == [key_of(shares[1])], at
        assert "restore this node's backup" in store.unavailable_keys()[key_of(shares[1])]
        with pytest.raises(KeyUnavailable, match=shares[1].public_key.hex()):
            store.share(key_of(shares[1]))
        assert store.share(key_of(shares[0])).matches()
        assert set(store.live_keys()) == {key_of(share) for share in shares[:3]}
        store.close()


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_a_truncated_share_costs_that_key(filled: Path, open_store: Open, shares: list[KeyShare], length: int) -> None:
    execute(filled, "UPDATE live_shares SET sealed = substr(sealed, 1, ?) WHERE public_key = ?", length, shares[0].public_key)
    assert list(open_store().unavailable_keys()) == [key_of(shares[0])]


@pytest.mark.parametrize("column", ["epoch", "scheme", "batch"])
def test_a_share_does_not_open_under_another_name(filled: Path, open_store: Open, shares: list[KeyShare], column: str) -> None:
    execute(filled, f"UPDATE live_shares SET {column} = {column} + 1 WHERE public_key = ?", shares[0].public_key)
    assert list(open_store().unavailable_keys()) == [key_of(shares[0])]


def test_a_share_does_not_open_as_that_of_another_key(filled: Path, open_store: Open, shares: list[KeyShare]) -> None:
    first, second = (execute(filled, "SELECT sealed FROM live_shares WHERE public_key = ?", s.public_key)[0][0] for s in shares[:2])
    execute(filled, "UPDATE live_shares SET sealed = ? WHERE public_key = ?", second, shares[0].public_key)
    execute(filled, "UPDATE live_shares SET sealed = ? WHERE public_key = ?", first, shares[1].public_key)
    assert set(open_store().unavailable_keys()) == {key_of(shares[0]), key_of(shares[1])}


def test_a_share_of_another_node_does_not_open_here(
    filled: Path, open_store: Open, tmp_path: Path, batch: Batch, shares: list[KeyShare]
) -> None:
    other = tmp_path / "other.db"
    stranger = open_store(other, node="0x" + "2" * 40)
    stranger.stage(batch(1), shares[:1])
    stranger.promote(key_of(shares[0]))
    stranger.close()
    [(sealed,)] = execute(other, "SELECT sealed FROM live_shares")
    execute(filled, "UPDATE live_shares SET sealed = ? WHERE public_key = ?", sealed, shares[0].public_key)
    assert list(open_store().unavailable_keys()) == [key_of(shares[0])]


def test_a_share_whose_purpose_is_unreadable_is_left_out_and_logged(
    filled: Path, open_store: Open, shares: list[KeyShare], caplog: pytest.LogCaptureFixture
) -> None:
    execute(filled, "UPDATE live_shares SET purpose = 'pkp-ecdsb' WHERE public_key = ?", shares[0].public_key)
    store = open_store()
    assert store.live_keys() == [key_of(share) for share in shares[1:3]]
    assert store.unavailable_keys() == {}
    assert "pkp-ecdsb" in caplog.text


def test_damage_found_while_running_is_reported_when_the_share_is_next_opened(
    filled: Path, open_store: Open, shares: list[KeyShare]
) -> None:
    store = open_store()
    assert store.unavailable_keys() == {}
    with store._database.transaction() as database:
        database.rows("UPDATE live_shares SET sealed = zeroblob(200)")
    with pytest.raises(KeyUnavailable):
        store.share(key_of(shares[0]))
    assert len(store.unavailable_keys()) == 3


def test_a_damaged_batch_record_is_left_out_and_its_shares_can_still_be_promoted(
    filled: Path, open_store: Open, shares: list[KeyShare], caplog: pytest.LogCaptureFixture
) -> None:
    execute(filled, "UPDATE staged_batches SET sealed = zeroblob(100)")
    store = open_store()
    assert store.staged() == []
    assert "left out" in caplog.text
    assert store.promote(key_of(shares[3]))
    assert store.share(key_of(shares[3])).matches()


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("failures", lambda store: store.setup_failures(2)),
        ("cursor", lambda store: store.cursor().load()),
    ],
)
def test_a_damaged_note_is_reported_by_name(filled: Path, open_store: Open, kind: str, read: Callable[[Store], object]) -> None:
    execute(filled, "UPDATE sealed_values SET sealed = zeroblob(length(sealed)) WHERE kind = ?", kind)
    with pytest.raises(StoreDamaged, match=kind):
        read(open_store())


def test_a_note_does_not_open_under_another_name_or_kind(filled: Path, open_store: Open) -> None:
    execute(filled, "UPDATE sealed_values SET name = 'renamed' WHERE kind = 'cursor'")
    execute(filled, "INSERT INTO sealed_values SELECT 'cursor', name, sealed FROM sealed_values WHERE kind = 'failures'")
    execute(filled, "UPDATE sealed_values SET name = '3' WHERE kind = 'failures'")
    store = open_store()
    for read in (lambda: store.setup_failures(Seat(3)), lambda: store.cursor("renamed").load(), lambda: store.cursor("2").load()):
        with pytest.raises(StoreDamaged):
            read()


def test_a_damaged_probe_does_not_pass_for_a_wrong_vault(filled: Path, open_store: Open) -> None:
    execute(filled, "UPDATE sealed_values SET sealed = zeroblob(40) WHERE kind = 'probe'")
    open_store().close()
    execute(filled, "DELETE FROM live_shares")
    assert open_store().live_keys() == []


def test_no_flipped_byte_of_the_file_ever_gives_a_wrong_share(
    filled: Path, open_store: Open, shares: list[KeyShare], tmp_path: Path
) -> None:
    content = filled.read_bytes()
    rightful = {share.public_key: share.verification_shares for share in shares}
    draw = random.Random(4361)
    ends = {"opened": 0, "refused": 0}
    for number, at in enumerate(sorted(draw.sample(range(len(content)), 400))):
        path = tmp_path / f"flipped-{number}.db"
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :])
        try:
            store = open_store(path)
            for key in set(store.live_keys()) - set(store.unavailable_keys()):
                share = store.share(key)
                assert share.matches()
                assert share.verification_shares == rightful[key.public_key]
            store.staged()
            store.close()
            ends["opened"] += 1
        except OurError as refusal:
            assert isinstance(refusal, StoreError)
            ends["refused"] += 1
    assert all(ends.values()), ends


def test_a_restored_older_copy_opens_and_goes_on_from_there(
    open_store: Open, batch: Batch, shares: list[KeyShare], copy: Callable[[str], Path]
) -> None:
    store = open_store()
    store.stage(batch(1), shares[:2])
    store.close()
    older = copy("older")
    store = open_store()
    for share in shares[:2]:
        store.promote(key_of(share))
    store.stage(batch(2), shares[2:])
    store.close()
    restored = open_store(older)
    assert restored.staged() == [batch(1)]
    assert restored.live_keys() == []
    assert restored.promote(key_of(shares[0]))
    assert restored.share(key_of(shares[0])).matches()
    with pytest.raises(KeyUnavailable):
        restored.share(key_of(shares[2]))
