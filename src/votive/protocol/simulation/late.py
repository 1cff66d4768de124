"""What a node does after it signed: answer those that come late, and leave."""

from __future__ import annotations

import asyncio

from votive.protocol.board import SignRequest
from votive.protocol.channel import Channel, Clock
from votive.protocol.memory import Signed
from votive.protocol.sign import LateAnswers


async def answer_late(channel: Channel, request: SignRequest, signed: Signed, *, clock: Clock, seconds: float = 10.0) -> None:
    """Keep ``LateAnswers`` for so many seconds."""
    async with asyncio.TaskGroup() as tasks:
        LateAnswers(channel, request, signed, work=tasks.create_task)
        await clock.sleep(seconds)
        channel.listen(None)
