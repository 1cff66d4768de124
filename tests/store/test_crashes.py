from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from votive.core import KeyShare
from votive.store import StagedBatch, Store, StoreFailed
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

Open = Callable[..., Store]
Batch = Callable[..., StagedBatch]
PKP = Purpose.PKP_ECDSA


def key_of(share: KeyShare) -> KeyId:
    return KeyId(purpose=PKP, public_key=share.public_key)


def memory(store: Store) -> tuple[Any, ...]:
    """All that a store remembers, every share opened."""
    staged = store.staged()
    return (
        staged,
        [[share.public_key for share in store.staged_shares(batch)] for batch in staged],
        [store.share(key).public_key for key in store.live_keys()],
        store.unavailable_keys(),
        store.batches_used(1, PKP),
        store.setup_failures(Seat(2)),
        store.cursor().load(),
    )


OPERATIONS: dict[str, Callable[[Store, list[KeyShare], StagedBatch], object]] = {
    "stage": lambda store, shares, new: store.stage(new, shares[3:]),
    "promote": lambda store, shares, new: store.promote(key_of(shares[1])),
    "promote the last": lambda store, shares, new: store.promote(key_of(shares[2])),
    "discard": lambda store, shares, new: store.discard(1, PKP, 1),
    "use batch": lambda store, shares, new: store.use_batch(1, PKP, 9),
    "note confirms": lambda store, shares, new: store.note_confirms(store.staged()[0], {Seat(3): b"c" * 3000}),
    "note failure": lambda store, shares, new: store.note_setup_failure(Seat(2), 99.0),
    "cursor": lambda store, shares, new: store.cursor().save(b"later"),
}


def prepare(store: Store, batch: StagedBatch, shares: list[KeyShare]) -> None:
    store.stage(batch, shares[:3])
    store.promote(key_of(shares[0]))
    store.note_setup_failure(Seat(2), 1.0)
    store.cursor().save(b"earlier")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_crash_at_any_write_leaves_the_state_before_or_after(
    name: str, recorder: Any, open_store: Open, restore: Callable[[dict[str, bytes]], Path], batch: Batch, shares: list[KeyShare]
) -> None:
    """At each write of SQLite: killed there, power lost there with all that was not synced, or the write torn in half."""
    store = open_store()
    prepare(store, batch(1), shares)
    if name == "promote the last":
        store.promote(key_of(shares[1]))
    steps = [memory(store)]
    recorder.states.clear()
    OPERATIONS[name](store, shares, batch(2))
    steps.append(memory(store))
    found, states = set(), recorder.stop()
    assert len(states) >= 3
    for state in states:
        restored = open_store(restore(state))
        found.add(steps.index(memory(restored)))
        restored.close()
    assert steps[0] != steps[1]
    assert found == {0, 1}


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_was_written_is_durable_when_the_method_returns(
    name: str, recorder: Any, open_store: Open, restore: Callable[[dict[str, bytes]], Path], batch: Batch, shares: list[KeyShare]
) -> None:
    store = open_store()
    prepare(store, batch(1), shares)
    OPERATIONS[name](store, shares, batch(2))
    recorder.stop()
    without_power = restore(recorder.without_power())
    assert memory(open_store(without_power)) == memory(store)


def test_a_crash_while_a_store_is_made_leaves_one_that_can_be_made_again(
    recorder: Any, open_store: Open, restore: Callable[[dict[str, bytes]], Path]
) -> None:
    open_store()
    states = recorder.stop()
    assert len(states) >= 3
    for state in states:
        store = open_store(restore(state))
        store.cursor().save(b"usable")
        store.close()


def test_after_a_refused_write_nothing_more_is_written_and_all_is_still_readable(
    recorder: Any, open_store: Open, batch: Batch, shares: list[KeyShare]
) -> None:
    store = open_store()
    prepare(store, batch(1), shares)
    before = memory(store)
    recorder.fail_writes = True
    with pytest.raises(StoreFailed, match="full"):
        store.stage(batch(2), shares[3:])
    recorder.fail_writes = False
    for name in ("stage", "promote", "cursor"):
        with pytest.raises(StoreFailed, match="restart"):
            OPERATIONS[name](store, shares, batch(2))
    assert memory(store) == before
    store.close()
    store = open_store()
    assert memory(store) == before
    store.stage(batch(2), shares[3:])


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[3])
import apsw
from conftest import NETWORK, NODE, generate
from votive.core import Vault
from votive.store import StagedBatch, Store
from votive.terms.key import KeyId, Purpose, Scheme

store = Store.open(sys.argv[1], network=NETWORK, node=NODE, vault=Vault.from_key_file(sys.argv[2]))
left = int(sys.argv[4])

def count(cursor, statement, bindings):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return True

store._database._connection.exec_trace = count
for number in (1, 2):
    batch = StagedBatch(epoch=1, purpose=Purpose.PKP_ECDSA, batch=number, scheme=Scheme.ECDSA_SECP256K1, deadline_block=9,
                        transcript_hash=bytes(32))
    shares = generate(2)
    store.stage(batch, shares)
    print(f"staged {number}", flush=True)
    for share in shares:
        store.promote(KeyId(purpose=Purpose.PKP_ECDSA, public_key=share.public_key))
        print(f"promoted {number}", flush=True)
"""


@pytest.mark.parametrize("statement", [2, 5, 8, 10, 13, 17, 20, 25, 29, 34])
def test_a_killed_process_finds_all_that_it_was_told_was_done(statement: int, open_store: Open, tmp_path: Path, vault: object) -> None:
    open_store().close()
    arguments = [str(tmp_path / "store.db"), str(tmp_path / "kek"), str(Path(__file__).parent), str(statement)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = killed.stdout.splitlines()
    store = open_store()
    live, staged = store.live_keys(), [key for batch in store.staged() for key in store.staged_keys(batch)]
    assert len(live) - done.count("promoted 1") - done.count("promoted 2") in (0, 1)
    assert len(live) + len(staged) in (2 * sum(line.startswith("staged") for line in done), 2 * (len(done) // 3 + 1))
    assert store.unavailable_keys() == {}
    assert all(share.matches() for batch in store.staged() for share in store.staged_shares(batch))
