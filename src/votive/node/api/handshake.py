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
    """The answer. All three names of the network's key mean its encryption key, in hex without 0x, as Lit's clients want it."""

    server_public_key: str = ""
    subnet_public_key: str
    network_public_key: str
    network_public_key_set: str
    client_sdk_version: str = SDK_VERSION
    hd_root_pubkeys: tuple[str, ...] = ()
    attestation: dict[str, Any] | None = None
    latest_blockhash: str


def handshake(door: Door, service: Callable[[], Service]) -> Answer:
    """Build the endpoint; ``service`` raises while the node is starting."""

    async def shake(_asked: Asked, _body: HandshakeBody) -> HandshakeAnswer:
        office = service()
        block, public_key = await office.blocks.final_block(), office.encryption_key()
        key = NO_KEY if public_key is None else public_key.hex()
        return HandshakeAnswer(
            subnet_public_key=key, network_public_key=key, network_public_key_set=key, latest_blockhash=hex0x(block.hash)
        )

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, BODY_LIMIT, HandshakeBody, shake)

    return answer
