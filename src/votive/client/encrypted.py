"""What is encrypted to conditions, as files and programs keep it: Lit's names, and an envelope beside them if it is large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from votive.client.errors import BadArgument
from votive.terms.capability import Resource
from votive.terms.conditions import LISTS, Conditions, identity, parse
from votive.terms.encoding import base64_of

HASH_BYTES = 32


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Content sealed in pieces under a random key; that key is what ``ciphertext`` encrypts."""

    format: str
    content: str
    """Base64 of the sealed pieces."""


class Encrypted(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A ciphertext, what it is a ciphertext of, and who may decrypt it. Exactly one of the lists of conditions is there."""

    ciphertext: str
    """Base64; the wire format is in docs/encryption.md."""
    data_to_encrypt_hash: str
    """SHA-256 of the plaintext, of the content's key if there is an envelope; hex."""
    unified_access_control_conditions: list[Any] | None = None
    access_control_conditions: list[Any] | None = None
    evm_contract_conditions: list[Any] | None = None
    sol_rpc_conditions: list[Any] | None = None
    chain: str
    """Name of the chain whose wallet decrypts."""
    envelope: Envelope | None = None

    @property
    def conditions(self) -> tuple[str, Sequence[Any]]:
        """The name of the list of conditions, as requests have it, and the list.

        Raises:
            BadArgument: there is none, or there are several.
        """
        lists = [
            ("unifiedAccessControlConditions", self.unified_access_control_conditions),
            ("accessControlConditions", self.access_control_conditions),
            ("evmContractConditions", self.evm_contract_conditions),
            ("solRpcConditions", self.sol_rpc_conditions),
        ]
        given = [(name, items) for name, items in lists if items is not None]
        if len(given) != 1:
            raise BadArgument(f"exactly one list of conditions must be there, one of {', '.join(LISTS)}; here are {len(given)}.")
        return given[0]

    @property
    def parsed(self) -> Conditions:
        """The conditions, understood; InvalidConditions says what is wrong with them."""
        name, items = self.conditions
        return parse(items, LISTS[name], where=name)

    @property
    def identity(self) -> bytes:
        """What it is encrypted to."""
        return identity(self.parsed.hash, self.data_hash)

    @property
    def resource(self) -> Resource:
        """What a session must be for to decrypt it."""
        return Resource.conditions(self.parsed.hash.hex(), self.data_hash.hex())

    @property
    def data_hash(self) -> bytes:
        """``data_to_encrypt_hash`` in bytes; BadArgument if it is not one."""
        digits = self.data_to_encrypt_hash
        if len(digits) != 2 * HASH_BYTES or not set(digits) <= set("0123456789abcdef"):
            raise BadArgument("dataToEncryptHash must be 64 hex digits in lower case.")
        return bytes.fromhex(digits)

    @property
    def sealed(self) -> bytes:
        """``ciphertext`` in bytes; BadArgument if it is not canonical base64."""
        return base64_bytes(self.ciphertext, "ciphertext")

    def request(self) -> Mapping[str, Any]:
        """Return the body of a request to decrypt this."""
        name, items = self.conditions
        return {name: items, "dataToEncryptHash": self.data_to_encrypt_hash, "chain": self.chain}


def base64_bytes(text: str, field: str) -> bytes:
    """Read base64 in its one canonical form.

    Raises:
        BadArgument: it is none.
    """
    try:
        return base64_of(text)
    except ValueError as error:
        raise BadArgument(f"{field} is not canonical base64: it has other characters, stray bits or no padding.") from error
