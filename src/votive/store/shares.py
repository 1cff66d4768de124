"""Shares of keys: staged before anything is promised, then moved to the live ones or discarded; never edited.

A batch's shares are staged in one transaction, so that there is all of it or nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import msgspec

from votive.core import KeyShare
from votive.store.database import Database, Row
from votive.store.errors import KeyUnavailable, StoreDamaged, StoreError
from votive.store.records import ShareRow, StagedBatch
from votive.store.sealing import Sealer
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

_log = logging.getLogger("votive.store")


class Shares:
    """The part of a store that keeps batches and shares."""

    _database: Database
    _sealer: Sealer

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Use ``Store.open``."""
        self._database = database
        self._sealer = sealer
        self._opened_once: set[bytes] = set()

    # Batch numbers

    def use_batch(self, epoch: int, purpose: Purpose, batch: int) -> None:
        """Note that a batch number is being used; StoreError if it was used before, by this process or an earlier one."""
        with self._database.transaction() as database:
            if database.rows("SELECT 1 FROM used_batches WHERE epoch = ? AND purpose = ? AND batch = ?", (epoch, purpose.value, batch)):
                raise StoreError(f"batch {batch} of epoch {epoch} was used before; take a higher number")
            database.rows("INSERT INTO used_batches VALUES (?, ?, ?)", (epoch, purpose.value, batch))

    def batches_used(self, epoch: int, purpose: Purpose) -> list[int]:
        """Return the batch numbers used in an epoch, ascending."""
        query = "SELECT batch FROM used_batches WHERE epoch = ? AND purpose = ? ORDER BY batch"
        return [batch for (batch,) in self._database.rows(query, (epoch, purpose.value))]

    # Staged

    def stage(self, batch: StagedBatch, shares: Sequence[KeyShare]) -> None:
        """Keep the shares of a batch in order of key number; durable on return. StoreError if the batch was staged before."""
        record = self._sealer.seal_batch(batch, "batch", batch)
        rows = [self._sealer.seal_share(share, batch, position) for position, share in enumerate(shares)]
        name = _name(batch)
        with self._database.transaction() as database:
            if database.rows("SELECT 1 FROM staged_batches WHERE epoch = ? AND purpose = ? AND batch = ?", name):
                raise StoreError(f"batch {batch.batch} of epoch {batch.epoch} is staged already")
            database.rows("INSERT OR IGNORE INTO used_batches VALUES (?, ?, ?)", name)
            database.rows("INSERT INTO staged_batches VALUES (?, ?, ?, ?, NULL)", (*name, record))
            for row in rows:
                database.rows("INSERT INTO staged_shares VALUES (?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(row))

    def note_confirms(self, batch: StagedBatch, confirms: Mapping[Seat, bytes]) -> None:
        """Keep the signed confirms received for a staged batch, in place of those noted before."""
        sealed = self._sealer.seal_batch(dict(confirms), "confirms", batch)
        with self._database.transaction() as database:
            database.rows("UPDATE staged_batches SET confirms = ? WHERE epoch = ? AND purpose = ? AND batch = ?", (sealed, *_name(batch)))

    def staged(self) -> list[StagedBatch]:
        """Return the batches that wait for the chain's decision.

        One whose record is damaged is left out and logged; its shares stay, and are promoted if their keys are registered.
        """
        query = "SELECT epoch, purpose, batch, sealed, confirms FROM staged_batches ORDER BY epoch, purpose, batch"
        found = []
        for row in self._database.rows(query):
            try:
                found.append(self._staged_batch(row))
            except StoreDamaged as error:
                _log.error("a staged batch is left out: %s", error.message)
        return found

    def staged_keys(self, batch: StagedBatch) -> list[KeyId]:
        """Return the keys of a batch that are still staged, in order of key number."""
        return [key for row in self._staged_rows(batch) if (key := _key_of(row)) is not None]

    def staged_shares(self, batch: StagedBatch) -> list[KeyShare]:
        """Open the staged shares of a batch, in order of key number; KeyUnavailable if one does not open."""
        return [self._sealer.open_share(row) for row in self._staged_rows(batch)]

    def promote(self, key: KeyId, epoch: int | None = None) -> bool:
        """Move a staged share, of the newest epoch unless told, to the live ones; False if none is staged but one is live.

        To be called when a final block shows that the chain has registered the key. StoreError if there is no share at all.
        """
        with self._database.transaction() as database:
            found = database.rows(
                "SELECT epoch, batch FROM staged_shares WHERE purpose = ? AND public_key = ? AND epoch = ifnull(?, epoch)"
                " ORDER BY epoch DESC LIMIT 1",
                (key.purpose.value, key.public_key, epoch),
            )
            if not found and not self._live_row(key, epoch):
                raise StoreError(f"no share of {key.public_key.hex()} is staged or live")
            for staged_epoch, batch in found:
                _move(database, (key.purpose.value, key.public_key, staged_epoch), batch)
            return bool(found)

    def discard(self, epoch: int, purpose: Purpose, batch: int) -> None:
        """Delete what is still staged of a batch, after a final block showed that its keys are not and will not be registered."""
        name = (epoch, purpose.value, batch)
        with self._database.transaction() as database:
            database.rows("DELETE FROM staged_shares WHERE epoch = ? AND purpose = ? AND batch = ?", name)
            database.rows("DELETE FROM staged_batches WHERE epoch = ? AND purpose = ? AND batch = ?", name)

    # Live

    def live_keys(self) -> list[KeyId]:
        """Return the keys of which this node keeps a live share, in order of epoch, batch and key number."""
        return list(dict.fromkeys(key for row in self._live_rows() if (key := _key_of(row)) is not None))

    def share(self, key: KeyId, epoch: int | None = None) -> KeyShare:
        """Open the live share of a key, of the newest epoch unless told; KeyUnavailable if there is none or it is damaged."""
        row = self._live_row(key, epoch)
        if row is None:
            raise KeyUnavailable(f"this node has no live share of the key {key.public_key.hex()}")
        return self._sealer.open_share(row)

    def unavailable_keys(self) -> dict[KeyId, str]:
        """Name the keys whose newest live share does not open, and why.

        Opens each share once in the life of this object (a scalar multiplication each); ``share`` checks anew every time.
        """
        newest = {row.key: row for row in self._live_rows() if _key_of(row) is not None}
        reasons = {key: self._why_unavailable(row) for key, row in newest.items()}
        return {key: reason for key, reason in reasons.items() if reason is not None}

    def _why_unavailable(self, row: ShareRow) -> str | None:
        if row.sealed in self._opened_once:
            return None
        try:
            self._sealer.open_share(row)
        except KeyUnavailable as error:
            return error.message
        self._opened_once.add(row.sealed)
        return None

    def _staged_batch(self, row: Row) -> StagedBatch:
        epoch, purpose, batch, record, confirms = row
        staged = self._sealer.open_batch(record, StagedBatch, "batch", epoch=epoch, purpose=purpose, batch=batch)
        if confirms is None:
            return staged
        noted = self._sealer.open_batch(confirms, dict[Seat, bytes], "confirms", epoch=epoch, purpose=purpose, batch=batch)
        return msgspec.structs.replace(staged, confirms=noted)

    def _staged_rows(self, batch: StagedBatch) -> list[ShareRow]:
        query = "SELECT * FROM staged_shares WHERE epoch = ? AND purpose = ? AND batch = ? ORDER BY position"
        return [ShareRow(*row) for row in self._database.rows(query, _name(batch))]

    def _live_rows(self) -> list[ShareRow]:
        return [ShareRow(*row) for row in self._database.rows("SELECT * FROM live_shares ORDER BY epoch, batch, position")]

    def _live_row(self, key: KeyId, epoch: int | None) -> ShareRow | None:
        found = self._database.rows(
            "SELECT * FROM live_shares WHERE purpose = ? AND public_key = ? AND epoch = ifnull(?, epoch) ORDER BY epoch DESC LIMIT 1",
            (key.purpose.value, key.public_key, epoch),
        )
        return ShareRow(*found[0]) if found else None


def _name(batch: StagedBatch) -> Row:
    return (batch.epoch, batch.purpose.value, batch.batch)


def _key_of(row: ShareRow) -> KeyId | None:
    try:
        return row.key
    except ValueError as error:
        _log.error("a stored share is left out, its name is damaged (%s); restore this node's backup", error)
        return None


def _move(database: Database, share: Row, batch: int) -> None:
    """Move one share to the live ones, byte for byte, and forget its batch when it was the last."""
    database.rows("INSERT INTO live_shares SELECT * FROM staged_shares WHERE purpose = ? AND public_key = ? AND epoch = ?", share)
    database.rows("DELETE FROM staged_shares WHERE purpose = ? AND public_key = ? AND epoch = ?", share)
    purpose, _, epoch = share
    name = (epoch, purpose, batch)
    if not database.rows("SELECT 1 FROM staged_shares WHERE epoch = ? AND purpose = ? AND batch = ? LIMIT 1", name):
        database.rows("DELETE FROM staged_batches WHERE epoch = ? AND purpose = ? AND batch = ?", name)
