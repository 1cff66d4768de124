"""POST /web/handshake/: what a client asks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from votive.node.api.body import BODY_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.authorise import Asked
from votive.node.execute import Service
from votive.terms.encoding import hex0x

NO_KEY = "ERR"
"""Said for a key that the network does not have yet, as Lit does before its first key generation."""
SDK_VERSION = "7.4.0"
"""The client that this API speaks to."""


class HandshakeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that are used; ``challenge`` is for attestation, which there is none of."""

    client_public_key: str


class HandshakeAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer; keys in hex without 0x, as Lit's clients want them.

    Lit has one key where we have two, and its SDK uses each name for one purpose: it encrypts under the subnet's, and verifies the
    sessions of PKPs under the network's. One that it cannot verify it asks for a second time.
    """

    server_public_key: str = ""
    subnet_public_key: str
    """The encryption key."""
    network_public_key: str
    """The session key."""
    network_public_key_set: str
    """The encryption key; used for nothing."""
    client_sdk_version: str = SDK_VERSION
    hd_root_pubkeys: tuple[str, ...] = ()
    attestation: dict[str, Any] | None = None
    latest_blockhash: str


def handshake(door: Door, service: Callable[[], Service]) -> Answer:
    """Build the endpoint; ``service`` raises while the node is starting."""

    async def shake(_asked: Asked, _body: HandshakeBody) -> HandshakeAnswer:
        office = service()
        block, key = await office.blocks.final_block(), shown(office.encryption_key())
        return HandshakeAnswer(
            subnet_public_key=key,
            network_public_key=shown(office.session_key()),
            network_public_key_set=key,
            hd_root_pubkeys=tuple(root.hex() for root in office.root_keys()),
            latest_blockhash=hex0x(block.hash),
        )

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, BODY_LIMIT, HandshakeBody, shake)

    return answer


def shown(public_key: bytes | None) -> str:
    """Write one of the network's own keys, which it may not have yet."""
    return NO_KEY if public_key is None else public_key.hex()
