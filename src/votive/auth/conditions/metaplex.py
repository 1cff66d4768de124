"""How many tokens of a verified Metaplex collection a wallet holds.

Each token of the wallet that is one of its kind (no decimals, at least one) has an account of metadata, which names its collection and
whether the collection's authority confirmed that (Metaplex Token Metadata, account ``Metadata``; Borsh encoding).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from votive.auth.conditions.solana_address import TOKEN_PROGRAM, metadata_of, public_key
from votive.auth.conditions.world import Absent, Inquiry
from votive.terms.conditions.comparing import is_integer

MAX_TOKENS = 100
"""Tokens of one wallet whose metadata are read."""
_METADATA_V1 = 4
"""First byte of such an account."""


async def held(asked: Inquiry, chain: str, wallet: str, collection: str) -> int:
    """Return how many tokens of ``collection`` the wallet holds."""
    wanted = public_key(collection)
    found = await asked.solana(chain, "getTokenAccountsByOwner", [wallet, {"programId": TOKEN_PROGRAM}, {"encoding": "jsonParsed"}])
    mints = [mint for account in _accounts(found) if (mint := _single(account)) is not None]
    if len(mints) > MAX_TOKENS:
        raise Absent(f"the wallet holds {len(mints)} tokens, more than the {MAX_TOKENS} that are looked at")
    count = 0
    for mint in mints:
        account = await asked.solana(chain, "getAccountInfo", [metadata_of(mint), {"encoding": "base64"}])
        count += collection_in(account_data(account)) == wanted
    return count


def _accounts(found: Any) -> list[Any]:
    value = inside(found, "value")
    if not isinstance(value, list):
        raise Absent("the chain answered no list of token accounts")
    return value


def _single(account: Any) -> str | None:
    """Return the mint of an account that holds a token without decimals; None if it holds none."""
    info = inside(account, "account", "data", "parsed", "info")
    amount, decimals, mint = inside(info, "tokenAmount", "amount"), inside(info, "tokenAmount", "decimals"), inside(info, "mint")
    owned = isinstance(amount, str) and is_integer(amount, signed=False) and int(amount) >= 1
    return mint if owned and decimals == 0 and not isinstance(decimals, bool) and isinstance(mint, str) else None


def inside(value: Any, *names: str) -> Any:
    """Return a field of objects within objects; None where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def account_data(found: Any) -> bytes:
    """Return the bytes of an account, empty if it does not exist; Absent if the chain answers something else."""
    value = inside(found, "value")
    if value is None:
        return b""
    data = inside(value, "data")
    try:
        if isinstance(data, list) and data and isinstance(data[0], str):
            return base64.b64decode(data[0], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Absent("the account's data are no base64") from error
    raise Absent("the chain answered no bytes of the account")


def collection_in(data: bytes) -> bytes | None:
    """Return the verified collection that an account of metadata names, 32 bytes; None if it names none."""
    reader = _Borsh(data)
    try:
        return reader.collection()
    except IndexError:
        return None


class _Borsh:
    """Reads on from field to field; IndexError at the end of the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def collection(self) -> bytes | None:
        if self._take(1)[0] != _METADATA_V1:
            return None
        self._take(64)  # update authority, mint
        for _ in ("name", "symbol", "uri"):
            self._take(self._length())
        self._take(2)  # fee
        if self._optional():
            self._take(34 * self._length())  # creators: address, verified, share
        self._take(2)  # sold before, may change
        for _ in ("edition nonce", "token standard"):
            if self._optional():
                self._take(1)
        if not self._optional():
            return None
        verified, key = self._take(1), self._take(32)
        return key if verified == b"\x01" else None

    def _take(self, size: int) -> bytes:
        end = self._place + size
        if end > len(self._data):
            raise IndexError
        self._place, taken = end, self._data[self._place : end]
        return taken

    def _length(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def _optional(self) -> bool:
        return self._take(1) == b"\x01"
