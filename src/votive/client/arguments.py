"""What callers may write for tokens, digests, addresses, actions and grantees; everything after this trusts the type."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from votive.client.errors import BadArgument
from votive.ipfs import Cid, cid_of, cid_of_multihash, multihash_of
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import address_of_text, personal_digest

Token = int | str
"""A token id: an integer, or its decimal or 0x-hex text."""


def token_of(token: Token) -> int:
    """Read a token id."""
    try:
        number = token if isinstance(token, int) else int(token, 16 if token.lower().startswith("0x") else 10)
    except ValueError as error:
        raise BadArgument(f"{token!r} is no token id: give it in decimal, or in hex with 0x.") from error
    if not 0 <= number < 2**256:
        raise BadArgument(f"{token!r} is no token id: it does not fit into 256 bits. Is it a public key? See `votive key list`.")
    return number


def digest_of(digest: bytes | str) -> bytes:
    """Read a digest of 32 bytes."""
    try:
        data = bytes_of(digest) if isinstance(digest, str) else digest
    except ValueError as error:
        raise BadArgument(f"the digest {digest!r} is not hex. A digest is 32 bytes: 0x and 64 hex digits.") from error
    if len(data) != 32:
        raise BadArgument(f"the digest has {len(data)} bytes. A digest is 32 bytes: 0x and 64 hex digits.")
    return data


def to_sign(digest: bytes | str | None, message: bytes | str | None) -> tuple[dict[str, Any], bytes]:
    """Return what nodes are asked to sign, in the fields of their request, and its digest: exactly one of both must be given.

    A message is text (UTF-8) or bytes; nodes hash it by EIP-191 themselves, so that the scope for personal messages suffices.
    """
    if (digest is None) == (message is None):
        raise BadArgument("name what to sign: either a digest, or a message, which the nodes hash themselves (EIP-191), and not both.")
    if message is None:
        data = digest_of(digest or b"")
        return {"toSign": list(data)}, data
    content = message.encode() if isinstance(message, str) else message
    return {"message": hex0x(content)}, personal_digest(content)


def signature_parts(signature: str) -> tuple[str, str, int]:
    """Split r ‖ s ‖ v, 65 bytes of hex, into r, s (0x hex) and v (27 or 28; 0 and 1 are read as these)."""
    try:
        data = bytes_of(signature)
    except ValueError as error:
        raise BadArgument("the signature is not hex. It is r, s and v: 0x and 130 hex digits.") from error
    if len(data) != 65:
        raise BadArgument(f"the signature has {len(data)} bytes. It is r, s and v: 65 bytes, 0x and 130 hex digits.")
    return hex0x(data[:32]), hex0x(data[32:64]), data[64] + (27 if data[64] < 2 else 0)


def address_of(text: str) -> str:
    """Read an address and return it checksummed; in mixed case, its checksum (EIP-55) must be right, as it tells a slip of the pen."""
    try:
        address = address_of_text(text)
    except ValueError as error:
        raise BadArgument(f"{text!r} is no address: 0x and 40 hex digits.") from error
    digits = text.removeprefix("0x")
    if digits not in (digits.lower(), digits.upper(), address[2:]):
        raise BadArgument(
            f"{text} is mistyped: its checksum is wrong (EIP-55). Copy it again, or write it in lower case to leave that out."
        )
    return address


def cid_named(text: str) -> str:
    """Read a CID of either version and return it as the chain names the action: in version 0."""
    return cid_of_multihash(multihash_of(text))


_cid_of_source = lru_cache(maxsize=8)(cid_of)
"""An application runs the same few actions again and again."""


def cid_of_action(action: str | bytes) -> str:
    """Return the CID, in version 0, of an action that is named by its CID or given as source."""
    return cid_named(action) if isinstance(action, str) else _cid_of_source(bytes(action))


def action_fields(action: str | bytes, cid_field: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Name an action as nodes read it: its CID under ``cid_field``, or its source as ``code``, and its parameters."""
    named = {cid_field: str(Cid.parse(action))} if isinstance(action, str) else {"code": base64.b64encode(action).decode()}
    return {**named, "jsParams": dict(params or {})}


def grantee_of(action: str | None, address: str | None) -> bytes | str:
    """Return what is permitted: an action's multihash (bytes) or a checksummed address (str), exactly one of them."""
    if action is not None and address is None:
        return multihash_of(action)
    if address is not None and action is None:
        return address_of(address)
    raise BadArgument("name what is meant: either an action, by its CID, or an address, and not both.")
