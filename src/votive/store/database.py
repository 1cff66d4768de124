"""The SQLite file under the store: opened safely, written durably, one writer.

WAL with synchronous=FULL syncs the log before a commit returns. apsw bundles its own SQLite, without the WAL-reset bug of
3.7.0 to 3.51.2. Never put the file on NFS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import apsw

from votive.store.errors import StoreDamaged, StoreError, StoreFailed, WrongStore
from votive.store.lock import FileLock
from votive.store.sealing import FORMAT_VERSION

Row = tuple[Any, ...]

_APPLICATION_ID = 0x564F5456  # "VOTV"

# Columns that are not sealed only find rows; every value is authenticated together with the columns that name it.
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE used_batches (
    epoch INTEGER NOT NULL, purpose TEXT NOT NULL, batch INTEGER NOT NULL,
    PRIMARY KEY (epoch, purpose, batch)) STRICT, WITHOUT ROWID;
CREATE TABLE staged_batches (
    epoch INTEGER NOT NULL, purpose TEXT NOT NULL, batch INTEGER NOT NULL, sealed BLOB NOT NULL, confirms BLOB,
    PRIMARY KEY (epoch, purpose, batch)) STRICT, WITHOUT ROWID;
CREATE TABLE staged_shares (
    purpose TEXT NOT NULL, public_key BLOB NOT NULL, epoch INTEGER NOT NULL,
    scheme INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (purpose, public_key, epoch)) STRICT;
CREATE TABLE live_shares (
    purpose TEXT NOT NULL, public_key BLOB NOT NULL, epoch INTEGER NOT NULL,
    scheme INTEGER NOT NULL, batch INTEGER NOT NULL, position INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (purpose, public_key, epoch)) STRICT;
CREATE TABLE sealed_values (kind TEXT NOT NULL, name TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
"""


class Database:
    """A locked, checked SQLite file. All methods may be called from any thread, one at a time runs."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, mode 0600; StoreInUse, WrongStore or StoreDamaged say why it cannot be used."""
        if not path.parent.is_dir():
            raise StoreError(f"the directory {path.parent} of the store does not exist; create it first")
        self._lock = RLock()
        self._failure: str | None = None
        self._file_lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._connection = _connect(path)
            self._prepare(path)
        except BaseException:
            self._file_lock.release()
            raise

    def close(self) -> None:
        """Close the file and let others open it."""
        with self._lock:
            self._connection.close()
            self._file_lock.release()

    def rows(self, statement: str, values: Row = ()) -> list[Row]:
        """Run a query; StoreDamaged if the file is not readable."""
        with self._lock, _explained():
            return list(self._connection.execute(statement, values))

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """Group statements: all of them are durable when the outermost block ends well, none of them if it raises."""
        with self._lock:
            if self._connection.in_transaction:
                yield self
                return
            if self._failure is not None:
                raise StoreFailed(f"nothing more is written since the disk refused a write ({self._failure}): repair it, then restart")
            try:
                with _explained():
                    self._connection.execute("BEGIN IMMEDIATE")
                    yield self
                    self._connection.execute("COMMIT")
            except BaseException as error:
                self._roll_back()
                if isinstance(error, StoreFailed):
                    self._failure = error.message
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _prepare(self, path: Path) -> None:
        with _explained(path):
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF"):
                self._connection.execute(f"PRAGMA {pragma}")
            application, version = (self._pragma(name) for name in ("application_id", "user_version"))
            if (application, version) == (0, 0) and not self._pragma("schema_version"):
                self._create()
            elif application != _APPLICATION_ID:
                raise WrongStore(f"{path} is an SQLite file of another program, not a Votive store")
            elif version > FORMAT_VERSION:
                raise WrongStore(f"{path} has format {version}; this Votive reads up to {FORMAT_VERSION}: install a newer one")
            verdict = self._pragma("quick_check")
            if verdict != "ok":
                raise StoreDamaged(f"{path} is damaged ({verdict}); restore it from a backup")

    def _create(self) -> None:
        with self.transaction():
            self._connection.execute(_SCHEMA)
            self._connection.execute(f"PRAGMA application_id={_APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version={FORMAT_VERSION}")

    def _pragma(self, name: str) -> Any:
        return self._connection.pragma(name)


def _connect(path: Path) -> apsw.Connection:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.fchmod(handle, 0o600)
        os.close(handle)
        _sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"cannot open the store {path}: {error.strerror}") from error
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(path: Path | None = None) -> Iterator[None]:
    """Turn SQLite's errors into those of this room."""
    where = path or "the store"
    try:
        yield
    except (apsw.IOError, apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError) as error:
        raise StoreFailed(f"the disk under {where} failed: {error}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreError(f"{where} is open in another program ({error}); close it there") from error
    except apsw.Error as error:
        raise StoreDamaged(f"{where} is damaged or not a Votive store ({error}); restore it from a backup") from error
