"""One request: signed once, for itself alone, and put to all nodes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from votive.client.ask import Answer, Node, Question, ask_all
from votive.client.auth_sig import Origin, sign_request
from votive.client.wallet import Wallet
from votive.terms.binding import binding_resource

if TYPE_CHECKING:
    import aiohttp


class Clock:
    """Measures the steps of a request in milliseconds."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End the step ``name``, which began when the last one ended."""
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now

    @property
    def total(self) -> float:
        """Milliseconds since the request began."""
        return round((time.perf_counter() - self._start) * 1000, 3)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what the nodes answered."""

    request_id: str
    answers: tuple[Answer, ...]
    clock: Clock

    def timings(self) -> dict[str, float]:
        """Milliseconds: signing the request, all nodes' answers, each node's, verifying, and the total."""
        self.clock.lap("verify")
        nodes = {f"node_{answer.seat}": round(answer.seconds * 1000, 3) for answer in self.answers if not answer.silence}
        return {**self.clock.laps, **nodes, "total": self.clock.total}


class Requests:
    """Puts requests to the nodes of one epoch."""

    def __init__(self, session: aiohttp.ClientSession, nodes: Sequence[Node], *, epoch: int, chain_id: int, origin: Origin) -> None:
        self._session = session
        self._nodes = tuple(nodes)
        self._epoch = epoch
        self._chain_id = chain_id
        self._origin = origin

    async def ask(
        self, path: str, body: Mapping[str, Any], *, wallet: Wallet, patience: float, enough: Callable[[Sequence[Answer]], bool]
    ) -> Asked:
        """Sign ``body`` for this one request and post it to all nodes; each has ``patience`` seconds."""
        clock, request_id = Clock(), secrets.token_hex(16)
        resource = binding_resource(path, request_id, body)
        auth_sig = sign_request(wallet, resource=resource, chain_id=self._chain_id, origin=self._origin)
        raw = msgspec.json.encode({**body, "authSig": auth_sig, "epoch": self._epoch})
        clock.lap("authorise")
        question = Question(path=path, body=raw, request_id=request_id, patience=patience)
        answers = await ask_all(self._session, self._nodes, question, enough)
        clock.lap("nodes")
        return Asked(request_id=request_id, answers=answers, clock=clock)
