"""From an approved request to a signature: opens the session, assembles the engine's party, conducts the protocol.

Whoever calls ``sign`` has approved exactly this digest for exactly this key; nothing here decides on rights, except that
the approval's standing is asked again: at the proposal's block, before the last message leaves, and where others are silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from votive.core import KeyShare, PairTable, SigningParty, verify
from votive.net import Mesh, SessionChannel, verify_evidence
from votive.net.errors import EvidenceInvalid, SessionRefused
from votive.node.engine import Engine
from votive.node.metrics import Metrics
from votive.node.pairs import Pairs
from votive.node.permission import Standing
from votive.protocol import (
    Alarm,
    Blamed,
    Clock,
    Event,
    LateAnswers,
    Left,
    PairLost,
    Signed,
    SigningMemory,
    SignRequest,
    SignTools,
    Unsigned,
    sign,
)
from votive.terms.block import Block
from votive.terms.errors import CallerError
from votive.terms.frame import Envelope
from votive.terms.participant import Committee, Seat

log = structlog.get_logger()

LATE_SECONDS = 10.0
"""So long a finished session still answers nodes that come late."""


@dataclass(frozen=True)
class SignOrder:
    """An approved digest under one key, in one session."""

    session: bytes
    share: KeyShare
    digest: bytes
    block: Block
    """A final block at which this node found the right to exist."""
    standing: Standing


class Signer:
    """Signs, for as long as the process lives; the engine's secrets stay in ``table`` and in the parties it assembles."""

    def __init__(
        self,
        *,
        mesh: Mesh,
        committee: Committee,
        table: PairTable,
        pairs: Pairs,
        engine: Engine,
        clock: Clock,
        memory: SigningMemory,
        metrics: Metrics,
    ) -> None:
        self._mesh, self._committee, self._table, self._pairs = mesh, committee, table, pairs
        self._engine, self._clock, self._memory, self._metrics = engine, clock, memory, metrics
        self._running: dict[tuple[bytes, bytes], asyncio.Task[Signed]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._staying: dict[SessionChannel, Alarm] = {}
        self.last_active = 0.0
        """Monotonic seconds when a signature was last in progress."""

    async def sign(self, order: SignOrder) -> Signed:
        """Return the signature, verified.

        A request that is repeated while or after it is signed gets the same signature.

        Raises:
            CallerError, PeerError, WorldError: as ``votive.protocol.sign`` says.
        """
        known = self._memory.claim(order.session, order.digest)
        if known is not None:
            return known
        name = (order.session, order.digest)
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(self._sign(order), name="sign")
            self._running[name] = task
            task.add_done_callback(lambda ended: self._end(name, ended))
        return await asyncio.shield(task)

    @property
    def active(self) -> int:
        """How many signatures are in progress."""
        return len(self._running)

    async def _sign(self, order: SignOrder) -> Signed:
        request = SignRequest(session=order.session, public_key=order.share.public_key, digest=order.digest, block=order.block)
        channel = self._open(order.session)
        try:
            self.last_active = self._clock.now()
            with self._metrics.signing.time():
                signed = await sign(channel, request, self._tools(order), self._memory)
        except BaseException:
            channel.close()
            raise
        finally:
            self.last_active = self._clock.now()
        LateAnswers(channel, request, signed, work=self._later)
        self._staying[channel] = self._clock.later(LATE_SECONDS, partial(self._leave, channel))
        return signed

    def _leave(self, channel: SessionChannel) -> None:
        """Close a session whose signature everybody has had time to ask for."""
        self._staying.pop(channel).cancel()
        channel.close()

    def _open(self, session: bytes) -> SessionChannel:
        try:
            return self._mesh.open(session)
        except SessionRefused as error:
            raise CallerError(
                "this request was made before and has ended, or is being made with another digest. Use a new X-Request-Id.", status=409
            ) from error

    def _tools(self, order: SignOrder) -> SignTools:
        return SignTools(
            clock=self._clock,
            run=self._engine,
            assemble=partial(self._assemble, order),
            permission=order.standing,
            pairs=self._table.live,
            reachable=self._mesh.reachable,
            verify=verify,
            observe=partial(self._observe, order.session),
            proves=proof_checker(order.session, self._committee),
        )

    def _assemble(self, order: SignOrder, *, signers: Sequence[Seat], sign_id: bytes) -> SigningParty:
        return SigningParty(
            table=self._table, share=order.share, signers=signers, session=order.session, sign_id=sign_id, digest=order.digest
        )

    def _observe(self, session: bytes, event: Event) -> None:
        if isinstance(event, PairLost):
            self._later(self._pairs.note_check_failed(event.peer))
        if isinstance(event, Blamed):
            log.error("a node broke the protocol", session=session.hex()[:16], peer=event.seat, why=event.why, messages=len(event.evidence))
        if isinstance(event, Unsigned):
            self._mesh.refuse(event.seat, event.why)
        if isinstance(event, Left):
            why = event.reason.name.lower() if event.reason else "no proposal"
            log.info("attempt left", session=session.hex()[:16], attempt=event.attempt, why=why, seats=list(event.seats))
        self._metrics.event(type(event).__name__)

    def _end(self, name: tuple[bytes, bytes], task: asyncio.Task[Signed]) -> None:
        del self._running[name]
        if not task.cancelled() and (error := task.exception()) is not None:  # read here, as the caller may have gone
            log.info("no signature", session=name[0].hex()[:16], why=str(error))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:  # nobody waits for it, so it is told here
            log.error("work after a signature failed", exc_info=error)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Signer]:
        """Own the background tasks for as long as the node runs."""
        try:
            yield self
        finally:
            for channel in list(self._staying):
                self._leave(channel)
            tasks = [*self._background, *self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def proof_checker(session: bytes, committee: Committee) -> Callable[[Envelope], bool]:
    """Return a check whether an envelope's evidence proves to anyone that its sender said this, in this session."""

    def proves(envelope: Envelope) -> bool:
        if envelope.evidence is None:
            return False
        try:
            said = verify_evidence(envelope.evidence, envelope.payload, committee=committee)
        except EvidenceInvalid:
            return False
        return (said.session, said.kind, said.attempt, said.sender) == (session, envelope.kind, envelope.attempt, envelope.sender)

    return proves
