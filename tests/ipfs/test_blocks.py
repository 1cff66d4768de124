from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from votive.ipfs import BadBlock, BlockStore, Cid, Codec, TooLarge


def raw(block: bytes) -> Cid:
    return Cid.of_block(block, Codec.RAW, 1)


def the_file(directory: Path) -> Path:
    [path] = directory.glob("*/*.block")
    return path


def test_a_block_is_kept_across_restarts(tmp_path: Path) -> None:
    BlockStore(tmp_path / "deep" / "blocks").put(raw(b"hello"), b"hello")
    store = BlockStore(tmp_path / "deep" / "blocks")
    assert raw(b"hello") in store
    assert store.get(raw(b"hello")) == b"hello"
    assert store.get(raw(b"other")) is None


def test_all_names_of_one_hash_share_a_block(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    names = [Cid.of_block(b"x", codec, version) for codec, version in [(Codec.DAG_PB, 0), (Codec.DAG_PB, 1), (Codec.RAW, 1)]]
    store.put(names[0], b"x")
    assert [store.get(name) for name in names] == [b"x"] * 3
    assert the_file(tmp_path).read_bytes() == b"x"


def test_what_does_not_hash_to_its_name_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(BadBlock):
        BlockStore(tmp_path).put(raw(b"hello"), b"other")
    with pytest.raises(TooLarge):
        BlockStore(tmp_path).put(raw(bytes(2**21 + 1)), bytes(2**21 + 1))
    assert not list(tmp_path.rglob("*.block"))


@pytest.mark.parametrize("damage", [b"", b"hellp", b"hello!", b"hell"])
def test_a_damaged_file_never_passes_for_the_block(tmp_path: Path, damage: bytes) -> None:
    store = BlockStore(tmp_path)
    store.put(raw(b"hello"), b"hello")
    the_file(tmp_path).write_bytes(damage)
    with pytest.raises(BadBlock, match=the_file(tmp_path).name):
        store.get(raw(b"hello"))
    store.put(raw(b"hello"), b"hello")
    assert store.get(raw(b"hello")) == b"hello"


def test_no_half_written_file_is_left_or_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlockStore(tmp_path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        store.put(raw(b"hello"), b"hello")
    assert store.get(raw(b"hello")) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_cache_keeps_its_limit_and_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    blocks = [bytes([number]) * 1000 for number in range(5)]
    store = BlockStore(tmp_path, limit_bytes=3500)
    for block in blocks[:3]:
        store.put(raw(block), block)
        time.sleep(0.01)
    assert store.get(raw(blocks[0])) is not None
    store.put(raw(blocks[3]), blocks[3])
    kept = [number for number, block in enumerate(blocks) if raw(block) in store]
    assert kept == [0, 2, 3]
    reopened = BlockStore(tmp_path, limit_bytes=3500)
    reopened.put(raw(blocks[4]), blocks[4])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.block")) <= 3500


def test_threads_may_write_the_same_block_at_once(tmp_path: Path) -> None:
    store, block = BlockStore(tmp_path), os.urandom(100_000)
    threads = [threading.Thread(target=store.put, args=(raw(block), block)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(raw(block)) == block
