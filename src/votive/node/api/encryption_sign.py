"""POST /web/encryption/sign: this node's share of a decryption key, for a caller for whom the conditions hold."""

from __future__ import annotations

from collections.abc import Callable

from votive.node.api.body import ENCRYPTION_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.execute import EncryptionSignBody, Service


def encryption_sign(door: Door, service: Callable[[], Service]) -> Answer:
    """Build the endpoint; ``service`` raises while the node is starting."""

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, ENCRYPTION_LIMIT, EncryptionSignBody, lambda asked, body: service().encryption_sign(asked, body))

    return answer
