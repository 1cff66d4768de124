"""One node's memory of one network, in one file.

Every value is sealed by the core's vault under a name of its own. What a method wrote is durable when it returns. One-time
secrets (nonces, pair set-ups) are never here, so that a restored copy of the file can reuse none.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from votive.core import Vault
from votive.store.database import Database
from votive.store.errors import StoreDamaged, WrongStore
from votive.store.notes import Notes
from votive.store.sealing import Sealer
from votive.store.shares import Shares


class Store(Shares, Notes):
    """Open it with ``Store.open``; close it, or use it as a context manager. Methods block: call them in threads."""

    @classmethod
    def open(cls, path: Path | str, *, network: bytes, node: str, vault: Vault) -> Self:
        """Open or create the store of ``node`` (its address) in ``network`` (its id, 32 bytes).

        StoreInUse: another process has it. WrongStore: it belongs to another network, node, vault or a newer version.
        StoreDamaged: it is not readable.
        """
        database = Database(Path(path))
        try:
            store = cls(database, Sealer(vault, network, node))
            store._claim(Path(path))
        except BaseException:
            database.close()
            raise
        return store

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the file; the store cannot be used any more."""
        self._database.close()

    def _claim(self, path: Path) -> None:
        owner = {"network": self._sealer.network, "node": self._sealer.node.encode()}
        known: dict[str, bytes] = dict(self._database.rows("SELECT name, value FROM meta"))
        if not known:
            self._found(owner)
        for name, value in known.items():
            if value != owner.get(name):
                raise WrongStore(f"{path} belongs to the {name} {_shown(value)}, not {_shown(owner.get(name))}; use another file")
        self._check_vault(path)

    def _found(self, owner: dict[str, bytes]) -> None:
        with self._database.transaction() as database:
            for row in owner.items():
                database.rows("INSERT INTO meta VALUES (?, ?)", row)
            self._put_probe()

    def _put_probe(self) -> None:
        self._put("probe", "", self._sealer.seal(b"", "probe"))

    def _check_vault(self, path: Path) -> None:
        """Tell a wrong vault, which opens nothing, from a damaged probe, beside which a share opens."""
        sealed = self._sealed("probe", "")
        try:
            self._sealer.open(sealed or b"", bytes, "probe")
        except StoreDamaged as error:
            if not set(self.live_keys()) - set(self.unavailable_keys()):
                raise WrongStore(f"the key-encryption key does not open {path}; use the one that the store was made with") from error
            self._put_probe()


def _shown(value: bytes | None) -> str:
    if value is None:
        return "none"
    return value.decode(errors="replace") if value.startswith(b"0x") else value.hex()
