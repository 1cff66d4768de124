from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from votive.core import Vault
from votive.store import SetupFailures, Store
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

FIXTURE = Path(__file__).parent / "store-v1"
EXPECTED: dict[str, Any] = json.loads((FIXTURE / "expected.json").read_text())
NETWORK = bytes(range(32))
NODE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
PKP = Purpose.PKP_ECDSA


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    for name in ("kek", "store.db"):
        shutil.copyfile(FIXTURE / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
    with Store.open(tmp_path / "store.db", network=NETWORK, node=NODE, vault=Vault.from_key_file(str(tmp_path / "kek"))) as store:
        yield store


def key(public_key: str) -> KeyId:
    return KeyId(purpose=PKP, public_key=bytes.fromhex(public_key))


def test_live_shares_of_version_1_open(store: Store) -> None:
    assert store.live_keys() == [key(text) for text in EXPECTED["live"]]
    assert store.unavailable_keys() == {}
    for text, points in zip(EXPECTED["live"], EXPECTED["verification_shares"], strict=False):
        share = store.share(key(text))
        assert share.matches()
        assert (share.seat, share.threshold, list(share.seats)) == (37, 3, [3, 37, 200, 255])
        assert {str(seat): point.hex() for seat, point in share.verification_shares.items()} == points


def test_staged_batches_of_version_1_can_still_be_promoted(store: Store) -> None:
    [batch] = store.staged()
    assert (batch.epoch, batch.batch, batch.deadline_block, batch.transcript_hash) == (1, 9, 1009, b"\x09" * 32)
    assert batch.confirms == {3: b"confirm of 3", 255: b"confirm of 255"}
    assert store.staged_keys(batch) == [key(text) for text in EXPECTED["staged"]]
    for text in EXPECTED["staged"]:
        assert store.promote(key(text))
        assert store.share(key(text)).matches()
    assert store.staged() == []


def test_notes_of_version_1_open(store: Store) -> None:
    assert store.batches_used(1, PKP) == [7, 8, 9]
    assert store.setup_failures(Seat(200)) == SetupFailures(count=2, last_at=1_800_000_060.5)
    assert store.cursor().load() == b"\x00a cursor\xff"


def test_fixtures_are_made_once(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_store", Path(__file__).parent / "make_store.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.raises(FileExistsError):
        module.make(FIXTURE)
    module.make(tmp_path / "store-vN")
    assert json.loads((tmp_path / "store-vN" / "expected.json").read_text()).keys() == EXPECTED.keys()
