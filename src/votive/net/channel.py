"""One session as a ceremony sees it: send, broadcast, receive."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import TracebackType
from typing import Protocol

from votive.net.evidence import TO_ALL, Statement
from votive.net.frame import MAX_ATTEMPT
from votive.net.mailbox import Inbox
from votive.terms.frame import PAYLOAD_LIMIT, Envelope, Kind
from votive.terms.participant import Committee, Seat


class PostMessages(Protocol):
    """What a session needs of the mesh."""

    async def post(self, place: Statement, payload: bytes, to: Collection[Seat]) -> None:
        """Sign ``payload`` into its place, once, and send it to each seat of ``to``."""

    def forget(self, session: bytes) -> None:
        """Close the session for good."""


class SessionChannel:
    """The messages of one session among the seats of one committee. An async context manager: leaving it closes the session."""

    def __init__(self, session: bytes, me: Seat, committee: Committee, inbox: Inbox, mesh: PostMessages) -> None:
        self.session = session
        self.me = me
        self.seats = committee.seats
        self._others = committee.others(me)
        self._inbox = inbox
        self._mesh = mesh

    async def __aenter__(self) -> SessionChannel:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send ``payload`` to one other seat. Never waits for the peer: without a link to it the message is lost, as on any wire.

        Raises ValueError for oneself, a seat outside of the committee, or a payload over its kind's limit.
        """
        if to == self.me or to not in self.seats:
            raise ValueError(f"seat {to} is not another seat of this committee")
        await self._mesh.post(self._place(kind, payload, attempt, to), payload, (to,))

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0, *, to: Collection[Seat] | None = None) -> None:
        """Send ``payload`` to all other seats, or to those of ``to`` alone: signed once, for all, the same bytes to each."""
        await self._mesh.post(self._place(kind, payload, attempt, TO_ALL), payload, self._others if to is None else to)

    async def receive(self) -> Envelope:
        """Return the next message of this session; each (sender, kind, attempt) comes once. MeshClosed after ``close``."""
        return await self._inbox.get()

    def listen(self, hear: Callable[[Envelope], None] | None) -> None:
        """Give every message to ``hear`` from now on, those that wait at once; it must not raise. None: let them wait again."""
        self._inbox.listen(hear)

    def close(self) -> None:
        """Forget the session: it can never be opened again, and what comes for it late is dropped."""
        self._mesh.forget(self.session)

    def _place(self, kind: Kind, payload: bytes, attempt: int, receiver: int) -> Statement:
        if len(payload) > PAYLOAD_LIMIT[kind]:
            raise ValueError(f"a {kind.name} of {len(payload)} bytes is over its limit of {PAYLOAD_LIMIT[kind]}")
        if not 0 <= attempt <= MAX_ATTEMPT:
            raise ValueError(f"attempt {attempt} is not within 0…{MAX_ATTEMPT}")
        return Statement(session=self.session, kind=kind, attempt=attempt, sender=self.me, receiver=receiver)
