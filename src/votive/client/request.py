"""One request: proven, by a wallet for itself alone or by a session for each node alone, and put to all nodes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from votive.client.ask import GRACE_SECONDS, Answer, Enough, Node, Question, ask_all
from votive.client.auth_sig import Origin, SignMessages, sign_request
from votive.client.errors import BadArgument
from votive.client.session import Session
from votive.client.wallet import ContractWallet, Wallet, asker_of
from votive.terms.auth_sig import AuthSig
from votive.terms.binding import binding_resource

if TYPE_CHECKING:
    import aiohttp
    from eth_account.signers.local import LocalAccount


ShowMethods = Callable[[str], Mapping[str, Any]]
"""Takes the resource that names a request, and returns the fields of its body that say who asks."""
Asker = SignMessages | Session | ShowMethods
"""Who asks: a wallet, which signs each request, a session, or whoever shows authentication methods."""


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

    def timings(self, last: str = "verify") -> dict[str, float]:
        """Milliseconds: signing the request, all nodes' answers, each node's, the ``last`` step, and the total."""
        self.clock.lap(last)
        nodes = {f"node_{answer.seat}": round(answer.seconds * 1000, 3) for answer in self.answers if not answer.silence}
        return {**self.clock.laps, **nodes, "total": self.clock.total}


class Requests:
    """Puts requests to the nodes of one epoch."""

    def __init__(self, session: aiohttp.ClientSession, nodes: Sequence[Node], *, epoch: int, chain_id: int, origin: Origin) -> None:
        self._session = session
        self._nodes = tuple(nodes)
        self._epoch = epoch
        self._chain_id = chain_id
        self.origin = origin

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        asker: Asker,
        patience: float,
        enough: Enough,
        grace: float = GRACE_SECONDS,
    ) -> Asked:
        """Prove ``body`` for this one request and post it to all nodes; they have ``patience`` seconds to answer."""
        clock, request_id = Clock(), secrets.token_hex(16)
        bodies = self._bodies(path, request_id, body, asker)
        clock.lap("authorise")
        question = Question(path=path, bodies=bodies, request_id=request_id, patience=patience, grace=grace)
        answers = await ask_all(self._session, self._nodes, question, enough)
        clock.lap("nodes")
        return Asked(request_id=request_id, answers=answers, clock=clock)

    def _bodies(self, path: str, request_id: str, body: Mapping[str, Any], asker: Asker) -> Mapping[int, bytes]:
        """Return what is posted to each seat."""
        if isinstance(asker, Session):
            return {seat: self._proven(body, proof) for seat, proof in asker.prove(self._nodes).items()}
        resource = binding_resource(path, request_id, body)
        if callable(asker):
            return self._to_all({**body, **asker(resource), "epoch": self._epoch})
        proof = sign_request(asker, resource=resource, chain_id=self._chain_id, origin=self.origin)
        return self._to_all({**body, "authSig": proof, "epoch": self._epoch})

    def _to_all(self, body: Mapping[str, Any]) -> Mapping[int, bytes]:
        return dict.fromkeys((node.seat for node in self._nodes), msgspec.json.encode(body))

    def _proven(self, body: Mapping[str, Any], proof: AuthSig) -> bytes:
        return msgspec.json.encode({**body, "authSig": proof, "epoch": self._epoch})


def asker(account: Wallet | ContractWallet | LocalAccount | str | None, session: Session | None) -> Asker:
    """Return who asks.

    Raises:
        BadArgument: nobody, or two.
    """
    if session is not None and account is None:
        return session
    if account is not None and session is None:
        return asker_of(account)
    raise BadArgument("who asks? Give either account or session.")
