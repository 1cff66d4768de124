"""How stored values are sealed: each under associated data that say what it is and where it belongs.

A value that was moved to another row, node, network, epoch or version does not open.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from votive.core import KeyShare, SealError, Vault
from votive.store.errors import KeyUnavailable, StoreDamaged
from votive.store.records import ShareRow, StagedBatch
from votive.terms.encoding import HashInput, encode

FORMAT_VERSION = 1
"""Version of the tables and of every sealed value; older ones are read forever, newer ones refused."""

Value = TypeVar("Value")


class SealedAs(HashInput, frozen=True, kw_only=True, tag="votive/store/sealed"):
    """Associated data of a sealed value."""

    network: bytes
    node: str
    kind: str
    """``share``, ``batch``, ``confirms``, ``failures``, ``cursor`` or ``probe``."""
    name: str
    purpose: str
    public_key: bytes
    scheme: int
    epoch: int
    batch: int
    version: int


class Sealer:
    """Seals and opens the values of one node in one network."""

    def __init__(self, vault: Vault, network: bytes, node: str) -> None:
        """``network`` is the network's id (32 bytes), ``node`` the node's address."""
        self._vault = vault
        self.network = network
        self.node = node.lower()

    def seal(self, value: object, kind: str, name: str = "") -> bytes:
        """Seal plain data under its kind and name."""
        return self._vault.seal(self._named(kind, name), msgspec.msgpack.encode(value))

    def open(self, sealed: bytes, value: type[Value], kind: str, name: str = "") -> Value:
        """Open what ``seal`` gave; StoreDamaged if anything differs."""
        return self._opened(sealed, self._named(kind, name), value, f"{kind} {name}")

    def seal_batch(self, value: object, kind: str, batch: StagedBatch) -> bytes:
        """Seal a record of a batch."""
        return self._vault.seal(self._of_batch(kind, batch.epoch, batch.purpose, batch.batch), msgspec.msgpack.encode(value))

    def open_batch(self, sealed: bytes, value: type[Value], kind: str, *, epoch: int, purpose: str, batch: int) -> Value:
        """Open a record of a batch; StoreDamaged if anything differs."""
        ad = self._of_batch(kind, epoch, purpose, batch)
        return self._opened(sealed, ad, value, f"{kind} {batch} of epoch {epoch}")

    def seal_share(self, share: KeyShare, batch: StagedBatch, position: int) -> ShareRow:
        """Seal a share into its row."""
        row = ShareRow(str(batch.purpose), share.public_key, batch.epoch, batch.scheme.value, batch.batch, position, b"")
        return msgspec.structs.replace(row, sealed=share.sealed(self._vault, self._of_share(row)))

    def open_share(self, row: ShareRow) -> KeyShare:
        """Open a share; KeyUnavailable if anything differs, or if it does not fit its key."""
        key = row.public_key.hex()
        try:
            share = KeyShare.unsealed(self._vault, self._of_share(row), row.sealed)
        except SealError as error:
            raise KeyUnavailable(f"the stored share of {key} does not open ({error}); restore this node's backup") from error
        if share.public_key != row.public_key:
            raise KeyUnavailable(f"the stored share of {key} is one of another key; restore this node's backup")
        return share

    def _opened(self, sealed: bytes, ad: bytes, value: type[Value], what: str) -> Value:
        try:
            plain = self._vault.open(ad, sealed)
        except SealError as error:
            raise StoreDamaged(f"the stored {what} does not open ({error}); restore this node's backup") from error
        return msgspec.msgpack.decode(plain, type=value)

    def _named(self, kind: str, name: str) -> bytes:
        return self._ad(kind, name=name)

    def _of_batch(self, kind: str, epoch: int, purpose: str, batch: int) -> bytes:
        return self._ad(kind, epoch=epoch, purpose=str(purpose), batch=batch)

    def _of_share(self, row: ShareRow) -> bytes:
        return self._ad("share", purpose=row.purpose, public_key=row.public_key, scheme=row.scheme, epoch=row.epoch, batch=row.batch)

    def _ad(
        self, kind: str, *, name: str = "", purpose: str = "", public_key: bytes = b"", scheme: int = 0, epoch: int = 0, batch: int = 0
    ) -> bytes:
        return encode(
            SealedAs(
                network=self.network,
                node=self.node,
                kind=kind,
                name=name,
                purpose=purpose,
                public_key=public_key,
                scheme=scheme,
                epoch=epoch,
                batch=batch,
                version=FORMAT_VERSION,
            )
        )
