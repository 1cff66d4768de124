"""POST /web/execute: run an action."""

from __future__ import annotations

from collections.abc import Callable

from votive.node.api.body import EXECUTE_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.execute import ExecuteBody, Service


def execute(door: Door, service: Callable[[], Service]) -> Answer:
    """Build the endpoint; ``service`` raises while the node is starting."""

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, EXECUTE_LIMIT, ExecuteBody, lambda asked, body: service().execute(asked, body))

    return answer
