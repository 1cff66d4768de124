"""Blocks in files, keyed by multihash, so that CIDv0 and CIDv1 of one block share it.

A block is written to a temporary file, synced, and renamed; a reader sees all of it or nothing. What is read is hashed
again: a rotten disk never passes for the content.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from threading import Lock

from votive.ipfs.cid import Cid
from votive.ipfs.errors import BadBlock, TooLarge

BLOCK_LIMIT = 2 * 1024 * 1024
"""Largest block that is accepted, in bytes, as in IPFS implementations."""

_SUFFIX = ".block"
_EVICT_TO = 0.9


def verify_block(cid: Cid, block: bytes) -> None:
    """Raise BadBlock or TooLarge unless ``block`` is what ``cid`` names and small enough."""
    if len(block) > BLOCK_LIMIT:
        raise TooLarge(f"the block {cid} has {len(block)} bytes, more than the {BLOCK_LIMIT} allowed")
    if not cid.names(block):
        raise BadBlock(f"the bytes received for {cid} hash to another CID")


class BlockStore:
    """A directory of blocks. With ``limit_bytes`` it is a cache: the blocks read or written longest ago leave first."""

    def __init__(self, directory: Path | str, limit_bytes: int | None = None) -> None:
        """Open or create ``directory``; OSError if that is impossible."""
        self._directory = Path(directory)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._limit = limit_bytes
        self._lock = Lock()
        self._used = sum(path.stat().st_size for path in self._directory.glob(f"*/*{_SUFFIX}"))

    def put(self, cid: Cid, block: bytes) -> None:
        """Store ``block``, durable on return; BadBlock if it is not what ``cid`` names."""
        verify_block(cid, block)
        path = self._path(cid)
        if self._holds(path, block):
            return
        path.parent.mkdir(exist_ok=True)
        with self._lock:
            replaced = path.stat().st_size if path.exists() else 0
            _write_atomically(path, block)
            self._used += len(block) - replaced
            if self._limit is not None and self._used > self._limit:
                self._evict(keep=path, target=int(self._limit * _EVICT_TO))

    def get(self, cid: Cid) -> bytes | None:
        """Return the block, or None if it is not here; BadBlock if its file no longer holds it."""
        path = self._path(cid)
        try:
            block = path.read_bytes()
        except FileNotFoundError:
            return None
        if not cid.names(block):
            raise BadBlock(f"the stored block {cid} is damaged; delete {path} and publish or fetch it again", retryable=False)
        if self._limit is not None:
            with contextlib.suppress(FileNotFoundError):
                os.utime(path)
        return block

    def __contains__(self, cid: Cid) -> bool:
        """Say whether a block is stored, without reading it."""
        return self._path(cid).exists()

    def _path(self, cid: Cid) -> Path:
        name = cid.digest.hex()
        return self._directory / name[:2] / (name + _SUFFIX)

    @staticmethod
    def _holds(path: Path, block: bytes) -> bool:
        try:
            return path.read_bytes() == block
        except FileNotFoundError:
            return False

    def _evict(self, keep: Path, target: int) -> None:
        files = [(path.stat(), path) for path in self._directory.glob(f"*/*{_SUFFIX}") if path != keep]
        for status, path in sorted(files, key=lambda entry: entry[0].st_mtime_ns):
            if self._used <= target:
                return
            path.unlink(missing_ok=True)
            self._used -= status.st_size


def _write_atomically(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
