from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from votive.core import KeyShare, Vault
from votive.store import KeyUnavailable, SetupFailures, StagedBatch, Store, StoreError
from votive.terms.errors import ErrorCode
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

Open = Callable[..., Store]
Batch = Callable[..., StagedBatch]
PKP = Purpose.PKP_ECDSA


def key_of(share: KeyShare) -> KeyId:
    return KeyId(purpose=PKP, public_key=share.public_key)


# Shares


def test_a_staged_share_is_not_live(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    assert store.staged() == [batch()]
    assert store.staged_keys(batch()) == [key_of(share) for share in shares]
    assert store.live_keys() == []
    with pytest.raises(KeyUnavailable) as refusal:
        store.share(key_of(shares[0]))
    assert (refusal.value.code, refusal.value.status) == (ErrorCode.KEY_UNAVAILABLE, 503)


def test_staged_shares_open_in_the_order_of_their_numbers(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    assert [share.public_key for share in store.staged_shares(batch())] == [share.public_key for share in shares]
    assert all(share.matches() for share in store.staged_shares(batch()))


def test_a_promoted_share_is_live_and_the_same(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    assert store.promote(key_of(shares[2]))
    opened = store.share(key_of(shares[2]))
    assert opened.matches()
    assert (opened.seat, opened.public_key, opened.verification_shares) == (1, shares[2].public_key, shares[2].verification_shares)
    assert store.live_keys() == [key_of(shares[2])]
    assert key_of(shares[2]) not in store.staged_keys(batch())


def test_promoting_twice_changes_nothing(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    assert [store.promote(key_of(shares[0])) for _ in range(3)] == [True, False, False]


def test_a_share_that_was_never_staged_cannot_be_promoted(open_store: Open, shares: list[KeyShare]) -> None:
    with pytest.raises(StoreError, match="staged or live"):
        open_store().promote(key_of(shares[0]))


def test_a_batch_is_forgotten_with_its_last_share(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    for share in shares:
        assert store.staged() == [batch()]
        store.promote(key_of(share))
    assert store.staged() == []


def test_discarding_leaves_live_shares_and_other_batches_alone(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(1), shares[:3])
    store.stage(batch(2), shares[3:])
    store.promote(key_of(shares[0]))
    store.discard(1, PKP, 1)
    assert store.staged() == [batch(2)]
    assert store.staged_keys(batch(1)) == []
    assert store.live_keys() == [key_of(shares[0])]
    assert len(store.staged_keys(batch(2))) == 3


def test_a_batch_is_staged_once(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares[:2])
    with pytest.raises(StoreError, match="staged already"):
        store.stage(batch(), shares[2:])
    assert len(store.staged_keys(batch())) == 2


def test_a_key_has_one_share_for_each_epoch_and_the_newest_is_used(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    for epoch in (1, 2):
        store.stage(batch(epoch, epoch=epoch), shares[:1])
        assert store.promote(key_of(shares[0]))
    assert store.live_keys() == [key_of(shares[0])]
    assert store.share(key_of(shares[0])).matches()
    assert store.share(key_of(shares[0]), epoch=1).matches()
    with pytest.raises(KeyUnavailable):
        store.share(key_of(shares[0]), epoch=3)


def test_confirms_noted_are_there_after_a_restart(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    store.note_confirms(batch(), {Seat(2): b"two"})
    store.note_confirms(batch(), {Seat(2): b"two", Seat(200): b"more"})
    store.close()
    assert open_store().staged()[0].confirms == {2: b"two", 200: b"more"}


def test_everything_is_there_after_a_restart(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(1), shares[:3])
    store.stage(batch(2), shares[3:])
    store.promote(key_of(shares[0]))
    store.close()
    store = open_store()
    assert store.live_keys() == [key_of(shares[0])]
    assert store.staged() == [batch(1), batch(2)]
    assert store.share(key_of(shares[0])).matches()
    assert store.unavailable_keys() == {}


# Batch numbers


def test_a_batch_number_is_never_used_twice(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.use_batch(1, PKP, 1)
    store.use_batch(1, PKP, 3)
    store.use_batch(2, PKP, 1)
    store.stage(batch(4), shares)
    store.close()
    store = open_store()
    assert store.batches_used(1, PKP) == [1, 3, 4]
    for number in (1, 3, 4):
        with pytest.raises(StoreError, match="used before"):
            store.use_batch(1, PKP, number)
    store.discard(1, PKP, 4)
    assert store.batches_used(1, PKP) == [1, 3, 4]


# Notes


def test_failures_of_a_peer_are_counted_across_restarts(open_store: Open) -> None:
    store = open_store()
    assert store.setup_failures(Seat(2)) == SetupFailures(count=0, last_at=None)
    assert store.note_setup_failure(Seat(2), 10.0) == SetupFailures(count=1, last_at=10.0)
    store.close()
    store = open_store()
    assert store.note_setup_failure(Seat(2), 20.5) == SetupFailures(count=2, last_at=20.5)
    assert store.setup_failures(Seat(2)).count == 2
    assert store.setup_failures(Seat(3)).count == 0


def test_a_cursor_is_where_it_was_left(open_store: Open) -> None:
    store = open_store()
    assert store.cursor().load() is None
    store.cursor().save(b"first")
    store.cursor().save(b"second")
    store.cursor("other").save(b"elsewhere")
    store.close()
    store = open_store()
    assert (store.cursor().load(), store.cursor("other").load()) == (b"second", b"elsewhere")


def test_nothing_secret_stands_in_the_file(open_store: Open, tmp_path: Path, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.cursor().save(b"a cursor worth looking for")
    store.stage(batch(), shares)
    store.close()
    content = (tmp_path / "store.db").read_bytes()
    assert shares[0].public_key in content  # the control: what is public is found
    assert b"worth looking for" not in content
    assert next(iter(shares[0].verification_shares.values())) not in content


# The file


def test_the_file_belongs_to_its_owner_alone(open_store: Open, tmp_path: Path, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()
    store.stage(batch(), shares)
    for path in tmp_path.glob("store.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    store.close()
    (tmp_path / "store.db").chmod(0o644)
    open_store().close()
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o600


def test_a_missing_directory_is_named(open_store: Open, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere of the store does not exist"):
        open_store(tmp_path / "nowhere" / "store.db")


def test_a_store_closes_with_its_context(tmp_path: Path, vault: Vault) -> None:
    for _ in range(2):
        with Store.open(tmp_path / "store.db", network=b"n" * 32, node="0xabc", vault=vault) as store:
            store.cursor().save(b"x")


def test_threads_may_share_a_store(open_store: Open, batch: Batch, shares: list[KeyShare]) -> None:
    store = open_store()

    def work(number: int) -> None:
        store.use_batch(1, PKP, number)
        for _ in range(20):
            store.note_setup_failure(Seat(1), float(number))
        store.stage(batch(number, epoch=number), shares)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 9)))
    assert store.setup_failures(Seat(1)).count == 160
    assert len(store.staged()) == 8
