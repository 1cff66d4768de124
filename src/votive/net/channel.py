"""One session as a ceremony sees it: send, broadcast, receive."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from votive.net.frame import MAX_ATTEMPT
from votive.net.mailbox import Inbox
from votive.terms.frame import PAYLOAD_LIMIT, Envelope, Kind
from votive.terms.participant import Committee, Seat


class PostMessages(Protocol):
    """What a session needs of the mesh."""

    async def post(self, session: bytes, to: Seat | None, kind: Kind, payload: bytes, attempt: int) -> None:
        """Sign and send to one seat, or to all others (None)."""

    def forget(self, session: bytes) -> None:
        """Close the session for good."""


class SessionChannel:
    """The messages of one session among the seats of one committee. An async context manager: leaving it closes the session."""

    def __init__(self, session: bytes, me: Seat, committee: Committee, inbox: Inbox, mesh: PostMessages) -> None:
        self.session = session
        self.me = me
        self.seats = committee.seats
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
        self._check(kind, payload, attempt)
        await self._mesh.post(self.session, to, kind, payload, attempt)

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send ``payload`` to all other seats: signed once, the same bytes to each."""
        self._check(kind, payload, attempt)
        await self._mesh.post(self.session, None, kind, payload, attempt)

    async def receive(self) -> Envelope:
        """Return the next message of this session; each (sender, kind, attempt) comes once. MeshClosed after ``close``."""
        return await self._inbox.get()

    def close(self) -> None:
        """Forget the session: it can never be opened again, and what comes for it late is dropped."""
        self._mesh.forget(self.session)

    def _check(self, kind: Kind, payload: bytes, attempt: int) -> None:
        if len(payload) > PAYLOAD_LIMIT[kind]:
            raise ValueError(f"a {kind.name} of {len(payload)} bytes is over its limit of {PAYLOAD_LIMIT[kind]}")
        if not 0 <= attempt <= MAX_ATTEMPT:
            raise ValueError(f"attempt {attempt} is not within 0…{MAX_ATTEMPT}")
