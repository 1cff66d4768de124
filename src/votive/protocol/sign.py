"""A signing session: from "this node has approved this digest" to a verified signature, or to an error that says who.

Nodes that approved meet in a session whose name leaves the digest out. Each says READY; attempts follow one another, each
with one leader, one proposal and one run of the engine among exactly t nodes; whoever holds the verified signature sends it
to all. docs/protocol/sign.md has the steps and what each message reveals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from votive.protocol.attempt import Attempt, ready_message
from votive.protocol.board import Board, SignRequest
from votive.protocol.channel import Channel, Clock, Kind, settle, within
from votive.protocol.errors import DigestsDiffer, NotEnoughNodes, SigningFailed
from votive.protocol.events import Adopted, Event, Left
from votive.protocol.leader import all_sets, apart
from votive.protocol.memory import Signed, SigningMemory
from votive.protocol.messages import OutcomeMessage
from votive.protocol.tools import Permission, SignLimits, SignTools
from votive.terms.encoding import encode
from votive.terms.errors import VotiveError
from votive.terms.participant import Seat

__all__ = ["Permission", "SignLimits", "SignRequest", "SignTools", "Signed", "answer_late", "sign"]

_TICK = 0.25
"""Seconds between two looks at the links while a session waits; nothing on the straight way waits that long."""

_REASONS = 20
"""The last so many ends of attempts are told in an error."""


async def sign(channel: Channel, request: SignRequest, tools: SignTools, memory: SigningMemory, limits: SignLimits | None = None) -> Signed:
    """Sign one digest together with the other nodes that approved it.

    Args:
        channel: opened on ``request.session``; the caller closes it.
        request: what this node has approved.
        tools: engine, permission, links and clock of this node.
        memory: this node's memory of its signing sessions.
        limits: times; by default those of the specification.

    Returns:
        The verified signature, which has been sent to all nodes.

    Raises:
        SecondDigest: this session was bound to another digest before.
        DigestsDiffer: no digest can reach t, or more than f nodes show a signature of another one.
        NotEnoughNodes: fewer than t nodes can sign together.
        SigningFailed: every attempt before the deadline failed.
        PermissionLost: the permission ended while signing.
    """
    known = memory.claim(request.session, request.digest)
    if known is not None:
        return known
    return await _Session(channel, request, tools, memory, limits or SignLimits()).hold()


class _Session:
    def __init__(self, channel: Channel, request: SignRequest, tools: SignTools, memory: SigningMemory, limits: SignLimits) -> None:
        self._channel, self._request, self._memory, self._limits = channel, request, memory, limits
        self._report = tools.observe
        self._tools = replace(tools, observe=self._observe)
        self._clock = tools.clock
        self._board = Board(
            channel, request, clock=tools.clock, verify=tools.verify, memory=memory, observe=self._observe, proves=tools.proves
        )
        self._silent: set[Seat] = set()
        self._reasons: list[str] = []
        self._greeted: set[Seat] = set()

    def _observe(self, event: Event) -> None:
        if isinstance(event, Left):
            self._silent |= set(event.seats)
            self._reasons.append(f"attempt {event.attempt}: {event.reason.name if event.reason else 'no proposal'}")
        self._report(event)

    async def hold(self) -> Signed:
        """Run the session to its end."""
        try:
            signed, sender = await within(self._clock, self._limits.deadline, self._first_end())
        except TimeoutError:
            raise self._failure("The time for this signature is over.") from None
        self._observe(Adopted(signed.attempt, sender))
        self._memory.remember(self._request.session, signed)
        self._prefer(signed)
        await self._share(signed)
        return signed

    def _prefer(self, signed: Signed) -> None:
        """Prefer the set that worked, if we saw it proposed: an outcome's sender may name any."""
        proposed = self._board.proposal(signed.attempt)
        if proposed is not None and proposed.proposal.signers == signed.signers:
            self._memory.note_success(signed.signers)

    async def _first_end(self) -> tuple[Signed, Seat | None]:
        """Return the outcome; or raise what listening, attempting or watching over the links ended with."""
        works = [asyncio.ensure_future(work) for work in (self._board.listen(), self._attempts(), self._guard())]
        try:
            ends: list[asyncio.Future[Any]] = [self._board.outcome, *works]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for ended in ends:
                if ended.done() and ended.exception() is not None:
                    ended.result()
            return self._board.outcome.result()
        finally:
            await settle(self._board.outcome, *works)

    # Attempts, one after the other

    async def _attempts(self) -> None:
        number = 0
        while not self._board.outcome.done():
            number = self._next_led(max(number, self._board.pace()))
            await self._announce(number)
            await Attempt(number, self._board, self._tools, self._memory, self._limits).attend()
            number += 1

    def _next_led(self, number: int) -> int:
        """Return the first attempt from ``number`` on whose leader can be reached; there is one, as we lead every n-th."""
        present = {self._channel.me, *self._tools.reachable()}
        while self._board.leader(number) not in present:
            number += 1
        return number

    async def _announce(self, number: int) -> None:
        """Say READY to all: that we approved, and at which attempt we are."""
        ready = ready_message(self._board, self._tools)
        self._board.enter(number, ready)
        self._greeted = set(self._tools.reachable())
        await self._channel.broadcast(Kind.SIGN_READY, encode(ready), number)

    # The links

    async def _guard(self) -> None:
        """Greet nodes whose link comes up, and end the session when too few can be reached for too long."""
        since = None
        while True:
            await self._clock.sleep(_TICK)
            await self._greet()
            since = (since or self._clock.now()) if self._board.hopeless(self._unreachable()) else None
            if since is not None and self._clock.now() - since >= self._limits.grace:
                raise self._failure("Too few nodes can be reached.")

    async def _greet(self) -> None:
        """Repeat our READY to nodes that came up since we said it."""
        own = self._board.readiness[self._channel.me]
        reachable = set(self._tools.reachable()) - {self._channel.me}
        for seat in sorted(reachable - self._greeted):
            await self._channel.send(seat, Kind.SIGN_READY, encode(own.ready), own.attempt)
        self._greeted = reachable

    def _unreachable(self) -> set[Seat]:
        return set(self._channel.seats) - {self._channel.me, *self._tools.reachable()}

    # Ends

    async def _share(self, signed: Signed) -> None:
        """Send the signature to all that have not sent it to us."""
        message = _outcome_message(self._request, signed)
        if not self._board.holders:
            await self._channel.broadcast(Kind.SIGN_OUTCOME, message, signed.attempt)  # one wallet signature for all
            return
        for seat in self._channel.seats:
            if seat != self._channel.me and seat not in self._board.holders:
                await self._channel.send(seat, Kind.SIGN_OUTCOME, message, signed.attempt)

    def _failure(self, why: str) -> VotiveError:
        """Return the error that says best why there is no signature."""
        board = self._board
        ready = board.agreeing()
        unheard = sorted({*board.unheard(), *self._unreachable()})
        if len(board.digests()) > 1 and board.hopeless(self._unreachable()):
            return DigestsDiffer(board.digests(), board.threshold)
        if len(set(ready) - self._unreachable()) < board.threshold:
            return NotEnoughNodes(why, needed=board.threshold, ready=ready, silent=unheard)
        pairs = {seat: [Seat(peer) for peer in board.readiness[seat].ready.pairs] for seat in ready if seat not in unheard}
        if not self._some_set(pairs):
            why = f"No {board.threshold} of the ready nodes have live set-ups with one another."
            return NotEnoughNodes(why, needed=board.threshold, ready=ready, silent=unheard, apart=apart(pairs))
        silent = (self._silent | set(unheard)) - {board.me}
        reasons = self._reasons[-_REASONS:]
        return SigningFailed(why, attempts=len(self._reasons), silent=sorted(silent), culprits=sorted(board.culprits), reasons=reasons)

    def _some_set(self, pairs: Mapping[Seat, Collection[Seat]]) -> bool:
        return next(all_sets(self._board.threshold, sorted(pairs), pairs), None) is not None


def _outcome_message(request: SignRequest, signed: Signed) -> bytes:
    signature = signed.signature
    return encode(
        OutcomeMessage(digest=request.digest, signers=signed.signers, r=signature.r, s=signature.s, recovery_id=signature.recovery_id)
    )


async def answer_late(channel: Channel, request: SignRequest, signed: Signed, *, clock: Clock, seconds: float = 10.0) -> None:
    """Answer READYs of nodes that come late with the outcome, once each, for ``seconds`` after ``sign`` returned.

    Optional and for the background: it keeps the session's channel open a little, so that a node whose link was down when
    the outcome was sent does not wait for its deadline.
    """

    async def answer() -> None:
        answered: set[Seat] = set()
        message = _outcome_message(request, signed)
        while True:
            envelope = await channel.receive()
            if envelope.kind is Kind.SIGN_READY and envelope.sender not in answered:
                answered.add(envelope.sender)
                await channel.send(envelope.sender, Kind.SIGN_OUTCOME, message, signed.attempt)

    try:
        await within(clock, seconds, answer())
    except TimeoutError:
        return
