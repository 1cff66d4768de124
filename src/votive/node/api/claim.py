"""POST /web/pkp/claim: the node's word that a key's name is that of whoever asks, from which the contract mints it."""

from __future__ import annotations

from collections.abc import Callable

from votive.node.api.body import BODY_LIMIT
from votive.node.api.request import Answer, Arrived, Door, Reply
from votive.node.claim import ClaimBody, Claims

ACCEPTED = 202
"""As Lit's nodes answer: the key is the caller's only once it is minted."""


def claim(door: Door, claims: Callable[[], Claims]) -> Answer:
    """Build the endpoint; ``claims`` raises while the node is starting."""

    async def answer(arrived: Arrived) -> Reply:
        return await door.answer(arrived, BODY_LIMIT, ClaimBody, lambda asked, body: claims().claim(asked, body), ACCEPTED)

    return answer
