"""What a node remembers, as plain data. Secrets are not here: shares and identity keys stay opaque handles of the core."""

from __future__ import annotations

import msgspec

from votive.terms.key import KeyId, Purpose, Scheme
from votive.terms.participant import Seat


class StagedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch of key generation whose shares this node holds, and which the chain has not yet decided."""

    epoch: int
    purpose: Purpose
    batch: int
    """Number within the epoch and purpose, never used twice."""
    scheme: Scheme
    deadline_block: int
    """After this block the chain takes no more votes."""
    transcript_hash: bytes
    """32 bytes."""
    confirms: dict[Seat, bytes] = {}
    """Signed confirms of other nodes, as far as they were noted."""


class SetupFailures(msgspec.Struct, frozen=True, kw_only=True):
    """How often a pair's set-up, or a check on it, failed by evidence; decides how long to wait before the next one."""

    count: int = 0
    last_at: float | None = None
    """Unix seconds of the last failure."""


class ShareRow(msgspec.Struct, frozen=True, array_like=True):
    """A stored share with the columns that name it, in the order of the tables."""

    purpose: str
    public_key: bytes
    epoch: int
    scheme: int
    batch: int
    position: int
    """Number of the key within its batch, from 0."""
    sealed: bytes

    @property
    def key(self) -> KeyId:
        """The key; ValueError if the stored purpose is none."""
        return KeyId(purpose=Purpose(self.purpose), public_key=self.public_key)
