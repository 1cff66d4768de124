"""Small values a node keeps: failures of peers, and the place reached in the chain's events."""

from __future__ import annotations

from votive.store.database import Database
from votive.store.records import SetupFailures
from votive.store.sealing import Sealer
from votive.terms.participant import Seat


class Notes:
    """The part of a store that keeps sealed values by name."""

    _database: Database
    _sealer: Sealer

    def setup_failures(self, peer: Seat) -> SetupFailures:
        """Return the failures noted of a peer; StoreDamaged if the note does not open."""
        sealed = self._sealed("failures", str(peer))
        return SetupFailures() if sealed is None else self._sealer.open(sealed, SetupFailures, "failures", str(peer))

    def note_setup_failure(self, peer: Seat, at: float) -> SetupFailures:
        """Count one more failure of a peer at ``at`` (Unix seconds); durable on return."""
        with self._database.transaction():
            failures = SetupFailures(count=self.setup_failures(peer).count + 1, last_at=at)
            self._put("failures", str(peer), self._sealer.seal(failures, "failures", str(peer)))
        return failures

    def cursor(self, name: str = "chain") -> Cursor:
        """Return the place of a reader of events, which it loads and saves."""
        return Cursor(self, name)

    def load_cursor(self, name: str) -> bytes | None:
        """Return what ``save_cursor`` kept; StoreDamaged if it does not open."""
        sealed = self._sealed("cursor", name)
        return None if sealed is None else self._sealer.open(sealed, bytes, "cursor", name)

    def save_cursor(self, name: str, cursor: bytes) -> None:
        """Keep a cursor in place of a former one of this name."""
        self._put("cursor", name, self._sealer.seal(cursor, "cursor", name))

    def _put(self, kind: str, name: str, sealed: bytes) -> None:
        with self._database.transaction() as database:
            database.rows("INSERT OR REPLACE INTO sealed_values VALUES (?, ?, ?)", (kind, name, sealed))

    def _sealed(self, kind: str, name: str) -> bytes | None:
        found = self._database.rows("SELECT sealed FROM sealed_values WHERE kind = ? AND name = ?", (kind, name))
        return found[0][0] if found else None


class Cursor:
    """Loads and saves one cursor, as ``chain.events`` asks for it."""

    def __init__(self, notes: Notes, name: str) -> None:
        """Use ``Notes.cursor``."""
        self._notes = notes
        self._name = name

    def load(self) -> bytes | None:
        """Return the saved place, or None before the first save."""
        return self._notes.load_cursor(self._name)

    def save(self, cursor: bytes) -> None:
        """Keep the place reached; durable on return."""
        self._notes.save_cursor(self._name, cursor)
