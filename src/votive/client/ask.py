"""Asking every node the same thing at the same time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from votive.terms.errors import reason_of
from votive.terms.nesting import is_too_deep

if TYPE_CHECKING:
    import aiohttp

Shape = TypeVar("Shape")

GRACE_SECONDS = 0.25
"""How long the other nodes may still answer once there is enough to return."""
ANSWER_LIMIT = 8 * 1024 * 1024
"""Largest answer that is read from a node, in bytes."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node as the registry on chain names it."""

    seat: int
    url: str
    address: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one node said, or why it said nothing."""

    seat: int
    seconds: float
    status: int = 0
    """HTTP status; 0 if there was no answer."""
    body: dict[str, Any] = {}
    silence: str = ""
    """Why there was no answer, or none that can be read."""

    @property
    def ok(self) -> bool:
        """Whether the node claims success."""
        return 200 <= self.status < 300 and not self.silence


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One request to all nodes, the same but for the proof of who asks."""

    path: str
    bodies: Mapping[int, bytes]
    """For each seat."""
    request_id: str
    patience: float
    """Seconds until a node counts as silent."""
    grace: float = GRACE_SECONDS


Enough = Callable[[Sequence[Answer]], Awaitable[bool]]
"""Says whether the answers so far suffice."""


async def ask_all(session: aiohttp.ClientSession, nodes: Sequence[Node], question: Question, enough: Enough) -> tuple[Answer, ...]:
    """Post ``question`` to all ``nodes`` in parallel; return their answers in the order of arrival.

    Once ``enough`` says that the answers so far suffice, the rest have the question's grace; who is silent then is left out.
    """
    loop, arrivals, satisfied = asyncio.get_running_loop(), _Arrivals(len(nodes)), False
    asking = [asyncio.create_task(arrivals.of(partial(ask, session, node, question))) for node in nodes]
    alarm = loop.call_later(question.patience, arrivals.end)
    try:
        while arrivals.awaited and not (satisfied := await enough(arrivals.answers)):
            await arrivals.more()
        if arrivals.awaited:
            alarm.cancel()
            alarm = loop.call_later(question.grace, arrivals.end)
        while arrivals.awaited:
            await arrivals.more()
    finally:
        alarm.cancel()
        if waiting := [task for task in asking if not task.done()]:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    return (*arrivals.answers, *(() if satisfied else _silent(nodes, arrivals.answers, question)))


def _silent(nodes: Sequence[Node], answers: Sequence[Answer], question: Question) -> list[Answer]:
    """Say of each node that is missing among ``answers`` that it did not answer in time."""
    heard, seconds = {answer.seat for answer in answers}, question.patience
    missing = [node for node in nodes if node.seat not in heard]
    return [Answer(seat=node.seat, seconds=seconds, silence=f"no answer from {node.url} within {seconds:g} s") for node in missing]


class _Arrivals:
    """Answers in the order of arrival, until all are here or their time is over."""

    def __init__(self, count: int) -> None:
        self.answers: list[Answer] = []
        self.awaited = count
        """So many may still come."""
        self._came: asyncio.Queue[Answer | Exception | None] = asyncio.Queue()

    async def of(self, asking: Callable[[], Awaitable[Answer]]) -> None:
        """Bring one in."""
        try:
            self._came.put_nowait(await asking())
        except Exception as defect:  # noqa: BLE001  # our own, for whatever a node does is an answer: raised by ``more``
            self._came.put_nowait(defect)

    def end(self) -> None:
        """Wait for no more than what is here by now."""
        self._came.put_nowait(None)

    async def more(self) -> None:
        """Wait for one, and take all that are here by then."""
        self._take(await self._came.get())
        while self.awaited and not self._came.empty():
            self._take(self._came.get_nowait())

    def _take(self, came: Answer | Exception | None) -> None:
        if isinstance(came, Exception):
            raise came
        if came is None:
            self.awaited = 0
        else:
            self.answers.append(came)
            self.awaited -= 1


async def ask(session: aiohttp.ClientSession, node: Node, question: Question) -> Answer:
    """Post ``question`` to one node, however long it takes. Never raises for what the node does."""
    import aiohttp  # noqa: PLC0415  # loaded when first needed: see the package's docstring

    started = time.monotonic()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "X-Request-Id": question.request_id}
    try:
        async with session.post(
            node.url + question.path, data=question.bodies[node.seat], headers=headers, allow_redirects=False
        ) as response:
            raw = await read(response, ANSWER_LIMIT)
            return _answer(node.seat, response.status, raw, time.monotonic() - started)
    except (aiohttp.ClientError, OSError) as error:
        silence = f"{node.url} cannot be reached: {reason_of(error)}"
    return Answer(seat=node.seat, seconds=time.monotonic() - started, silence=silence)


async def read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read an answer, but never more than ``limit`` bytes and one piece."""
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > limit:
            break
    return bytes(raw)


_objects = msgspec.json.Decoder(dict[str, Any])


def decoded(raw: bytes, decoder: msgspec.json.Decoder[Shape]) -> Shape:
    """Read JSON that a stranger wrote; ValueError says why it cannot be read, whatever it is."""
    if is_too_deep(raw):
        raise ValueError("it is nested too deep to be read")
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _answer(seat: int, status: int, raw: bytes, seconds: float) -> Answer:
    """Read the JSON object in ``raw``; what is none counts as silence with a reason."""
    if len(raw) > ANSWER_LIMIT:
        return Answer(seat=seat, seconds=seconds, status=status, silence=f"the answer is larger than {ANSWER_LIMIT} bytes")
    try:
        return Answer(seat=seat, seconds=seconds, status=status, body=decoded(raw, _objects))
    except ValueError as error:
        return Answer(seat=seat, seconds=seconds, status=status, silence=f"the answer (HTTP {status}) is not a JSON object: {error}")
