"""POST /web/pkp/sign: sign a digest for a caller who has the right himself."""

from __future__ import annotations

from collections.abc import Callable

from votive.node.api.body import BODY_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.execute import PkpSignBody, Service


def pkp_sign(door: Door, service: Callable[[], Service]) -> Answer:
    """Build the endpoint; ``service`` raises while the node is starting."""

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, BODY_LIMIT, PkpSignBody, lambda asked, body: service().pkp_sign(asked, body))

    return answer
