"""POST /web/sign_session_key: open a session of a PKP for whoever an authentication method proves."""

from __future__ import annotations

from collections.abc import Callable

from votive.node.api.body import EXECUTE_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.session_key import SessionKeys, SignSessionKeyBody


def sign_session_key(door: Door, keys: Callable[[], SessionKeys]) -> Answer:
    """Build the endpoint; ``keys`` raises while the node is starting."""

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, EXECUTE_LIMIT, SignSessionKeyBody, lambda asked, body: keys().open(asked, body))

    return answer
