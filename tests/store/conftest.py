from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import pytest

from votive.core import DkgParty, KeyShare, SealingKey, Vault
from votive.store import StagedBatch, Store
from votive.terms.key import Purpose, Scheme

NETWORK = bytes(range(32))
NODE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def generate(count: int) -> list[KeyShare]:
    """The shares of seat 1 after a real key generation among four parties in this process."""
    sealing = {seat: SealingKey.generate() for seat in range(1, 5)}

    def others(mapping: dict[int, Any], seat: int) -> dict[int, Any]:
        return {peer: value for peer, value in mapping.items() if peer != seat}

    keys = {seat: key.public_key for seat, key in sealing.items()}
    parties = {
        seat: DkgParty(
            context=b"c" * 32, seat=seat, seats=[1, 2, 3, 4], threshold=3, count=count, sealing=key, peer_keys=others(keys, seat)
        )
        for seat, key in sealing.items()
    }
    commitments = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    deals = {seat: party.deal(others(commitments, seat), others(reveals, seat)) for seat, party in parties.items()}
    return parties[1].finish({seat: deals[seat][1] for seat in (2, 3, 4)})


@pytest.fixture(scope="session")
def shares() -> list[KeyShare]:
    return generate(6)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    Vault.create_key_file(str(tmp_path / "kek"))
    return Vault.from_key_file(str(tmp_path / "kek"))


@pytest.fixture
def batch() -> Callable[..., StagedBatch]:
    def make(number: int = 1, epoch: int = 1) -> StagedBatch:
        return StagedBatch(
            epoch=epoch,
            purpose=Purpose.PKP_ECDSA,
            batch=number,
            scheme=Scheme.ECDSA_SECP256K1,
            deadline_block=100,
            transcript_hash=b"t" * 32,
        )

    return make


Open = Callable[..., Store]


@pytest.fixture
def open_store(tmp_path: Path, vault: Vault) -> Iterator[Open]:
    """Open stores that are closed with the test; by default the one in ``tmp_path``."""
    opened: list[Store] = []

    def run(path: Path | None = None, **changed: Any) -> Store:
        given: dict[str, Any] = {"network": NETWORK, "node": NODE, "vault": vault}
        store = Store.open(path or tmp_path / "store.db", **(given | changed))
        opened.append(store)
        return store

    yield run
    for store in opened:
        store.close()


# Crashes: what a kill or a loss of power leaves behind, recorded at each write of SQLite


@dataclass
class Recorder:
    """Follows each file as SQLite writes it, and keeps what would be found had the machine stopped there."""

    now: dict[str, bytearray] = field(default_factory=dict)
    synced: dict[str, bytes] = field(default_factory=dict)
    states: list[dict[str, bytes]] = field(default_factory=list)
    fail_writes: bool = False
    recording: bool = True

    def opened(self, path: str) -> None:
        self.now[path] = bytearray(Path(path).read_bytes())
        self.synced[path] = bytes(self.now[path])

    def write(self, path: str, data: bytes, offset: int) -> None:
        file = self.now[path]
        file.extend(bytes(max(0, offset - len(file))))
        half = bytearray(file)
        half[offset : offset + len(data) // 2] = data[: len(data) // 2]
        file[offset : offset + len(data)] = data
        self._keep(self.synced | {path: bytes(half)})
        self._keep({name: bytes(content) for name, content in self.now.items()})
        self._keep(self.synced)

    def truncate(self, path: str, size: int) -> None:
        del self.now[path][size:]
        self._keep({name: bytes(content) for name, content in self.now.items()})

    def sync(self, path: str) -> None:
        self.synced[path] = bytes(self.now[path])
        self._keep(self.synced)

    def delete(self, path: str) -> None:
        self.now.pop(path, None)
        self.synced.pop(path, None)
        self._keep(self.synced)

    def stop(self) -> list[dict[str, bytes]]:
        """Record no more; return the states."""
        self.recording = False
        return self.states

    def without_power(self) -> dict[str, bytes]:
        return dict(self.synced)

    def _keep(self, state: dict[str, bytes]) -> None:
        if not self.states or self.states[-1] != state:
            self.states.append(dict(state))


class RecordingVFS(apsw.VFS):
    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.base = apsw.vfs_names()[0]
        super().__init__("recording", self.base, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return RecordingFile(self, name, flags) if self.recorder.recording else apsw.VFSFile(self.base, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        if self.recorder.recording:
            self.recorder.delete(filename)


class RecordingFile(apsw.VFSFile):
    def __init__(self, vfs: RecordingVFS, name: Any, flags: list[int]) -> None:
        self.recorder = vfs.recorder
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__(vfs.base, name, flags)
        self.recorder.opened(self.path)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self.recorder.fail_writes:
            raise apsw.FullError("the disk is full")
        super().xWrite(data, offset)
        if self.recorder.recording:
            self.recorder.write(self.path, bytes(data), offset)

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        if self.recorder.recording:
            self.recorder.truncate(self.path, size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        if self.recorder.recording:
            self.recorder.sync(self.path)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """While this lives, every SQLite file that is opened is recorded, until ``stop_recording`` of it."""
    recorder = Recorder()
    vfs = RecordingVFS(recorder)
    yield recorder
    vfs.unregister()


@pytest.fixture
def restore(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Lay a recorded state out in a directory of its own; return the store's path."""
    made = iter(range(100_000))

    def run(state: dict[str, bytes]) -> Path:
        directory = tmp_path / f"restored-{next(made)}"
        directory.mkdir()
        for path, content in state.items():
            (directory / Path(path).name).write_bytes(content)
        return directory / "store.db"

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    """Copy the store's files as they are now; return the copy's path."""

    def run(name: str) -> Path:
        directory = tmp_path / name
        directory.mkdir()
        for path in tmp_path.glob("store.db*"):
            shutil.copy(path, directory / path.name)
        return directory / "store.db"

    return run
