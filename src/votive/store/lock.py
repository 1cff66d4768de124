"""One process, one store: an advisory lock that the operating system releases with the process, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from votive.store.errors import StoreInUse


class FileLock:
    """Holds ``path`` locked until ``release`` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Take the lock; StoreInUse, naming the process, if another one has it."""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._handle, 32, 0).decode(errors="replace").strip()
            os.close(self._handle)
            raise StoreInUse(
                f"{path.with_suffix('')} is in use by process {holder or 'unknown'}; stop that one first, two may never share a store"
            ) from error
        os.truncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would let two processes lock two files of one name."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):
                os.truncate(handle, 0)
            os.close(handle)
