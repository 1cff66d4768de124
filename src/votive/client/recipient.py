"""To whom something is encrypted: whoever meets conditions, by the network's key."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from votive.client.encrypted import Encrypted, Envelope
from votive.client.errors import BadArgument
from votive.terms.conditions import Conditions, identity, parse
from votive.terms.conditions.parse import MARKS

Written = str | Sequence[Mapping[str, Any]]
"""Conditions as callers write them: Lit's JSON, as a list or as text, or words."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions, and the key of the network that evaluates them."""

    public_key: bytes
    conditions: Conditions
    items: Sequence[Mapping[str, Any]]
    """The conditions as they are written down."""
    chain: str

    def identity(self, data_hash: bytes) -> bytes:
        """Return what content of this hash is encrypted to."""
        return identity(self.conditions.hash, data_hash)

    def encrypted(self, ciphertext: bytes, data_hash: bytes, envelope: Envelope | None = None) -> Encrypted:
        """Put together what is kept."""
        return Encrypted(
            ciphertext=base64.b64encode(ciphertext).decode(),
            data_to_encrypt_hash=data_hash.hex(),
            unified_access_control_conditions=list(self.items),
            chain=self.chain,
            envelope=envelope,
        )


def recipient_of(public_key: bytes, written: Written, chain: str) -> Recipient:
    """Understand ``written``; words that name no chain mean ``chain``.

    Raises:
        InvalidConditions: they cannot be understood.
    """
    items = _items(written, chain)
    return Recipient(public_key=public_key, conditions=parse(items), items=with_types(items), chain=chain)


def _items(written: Written, chain: str) -> list[Any]:
    if not isinstance(written, str):
        return list(written)
    if not written.lstrip().startswith("["):
        from votive.client.conditions import compile_text  # noqa: PLC0415  # loaded when words are first used

        return compile_text(written, chain=chain)
    try:
        value: list[Any] = msgspec.json.decode(written)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadArgument(f"the conditions begin like JSON and are none: {error}.") from error
    return value


def with_types(items: Sequence[Any]) -> list[Any]:
    """Name the kind of each condition that does not name it: Lit's SDK reads a unified list only so."""
    return [with_types(item) if isinstance(item, list) else _with_type(item) for item in items]


def _with_type(item: Any) -> Any:
    kind = next((kind for field, kind in MARKS.items() if field in item), None)
    return item if kind is None or "conditionType" in item else {"conditionType": str(kind), **item}
