"""A signing session: from "this node has approved this digest" to a verified signature, or to an error that says who.

Nodes that approved meet in a session whose name leaves the digest out. Each says READY; attempts follow one another, each
with one leader, one proposal and one run of the engine among exactly t nodes; the leader sends the verified signature to the
others. docs/protocol/sign.md has the steps and what each message reveals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from votive.protocol.attempt import Attempt, ready_message
from votive.protocol.board import Board, SignRequest
from votive.protocol.channel import Channel, Envelope, Kind, settle
from votive.protocol.errors import DigestsDiffer, NotEnoughNodes, PermissionLost, SigningFailed
from votive.protocol.events import Adopted, Event, Left
from votive.protocol.leader import all_sets, apart
from votive.protocol.memory import Signed, SigningMemory
from votive.protocol.messages import Ask, OutcomeMessage
from votive.protocol.proposal import Proposed
from votive.protocol.tools import Permission, SignLimits, SignTools
from votive.terms.encoding import encode
from votive.terms.errors import VotiveError, WorldError
from votive.terms.participant import Seat

__all__ = ["LateAnswers", "Permission", "SignLimits", "SignRequest", "SignTools", "Signed", "sign"]

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
        The verified signature. Let ``LateAnswers`` follow: what this node owes to those that may still miss it.

    Raises:
        SecondDigest: this session was bound to another digest before.
        DigestsDiffer: no digest can reach t, or more than f nodes show a signature of another one.
        NotEnoughNodes: fewer than t nodes can sign together.
        SigningFailed: every attempt before the deadline failed.
        PermissionLost: the permission has ended, before the approval or since.
        WorldError: the chain could not be read for too long.
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
            channel,
            request,
            clock=tools.clock,
            verify=tools.verify,
            notes=memory.notes(),
            observe=self._observe,
            proves=tools.proves,
            speak_up=self._speak_up,
        )
        self._silent: set[Seat] = set()
        self._reasons: list[str] = []
        self._greeted: set[Seat] = set()
        self._simple = not memory.failed
        """Whether it is enough, as far as we know, that the leader hears who is ready."""
        self._quiet = False
        """Whether the leader alone has heard it of us."""
        self._works: list[asyncio.Task[None]] = []
        self._attempt: Attempt | None = None
        self._seen: Proposed | None = None
        self._asks, self._ask_at = 0, 0.0

    def _observe(self, event: Event) -> None:
        if isinstance(event, Left):
            self._silent |= set(event.seats)
            self._reasons.append(f"attempt {event.attempt}: {event.reason.name if event.reason else 'no proposal'}")
        self._report(event)

    async def hold(self) -> Signed:
        """Run the session to its end."""
        try:
            signed = await self._end()
        except VotiveError as error:
            if isinstance(error, PermissionLost):
                self._board.notes.take_back()
            if self._quiet:
                await self._greet()  # what we approved may tell others why there is no signature
            raise
        self._observe(Adopted(signed.attempt, signed.source))
        self._memory.remember(self._request.session, signed)
        self._prefer(signed)
        await self._share(signed)
        return signed

    def _prefer(self, signed: Signed) -> None:
        """Prefer the set that worked, if we saw it proposed: an outcome's sender may name any."""
        proposed = self._board.proposal(signed.attempt)
        if proposed is not None and proposed.proposal.signers == signed.signers:
            self._memory.note_success(signed.signers)

    async def _end(self) -> Signed:
        """Return the outcome; or raise what attempting or watching over the links ended with, or that the time is over."""
        alarms = [self._clock.later(self._limits.deadline, self._expire), self._clock.later(self._limits.hush, self._after_hush)]
        self._work(self._attempts())
        self._channel.listen(self._board.hear)
        try:
            return await self._board.outcome
        finally:
            for alarm in alarms:
                alarm.cancel()
            await settle(*self._works)

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` beside; what it ends with ends the session."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._worked)
        self._works.append(task)

    def _worked(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._board.fail(error)

    def _expire(self) -> None:
        self._board.fail(self._failure("The time for this signature is over."))

    def _after_hush(self) -> None:
        """This takes longer than usual: look after the links, and whether others are silent because the right has ended."""
        self._work(self._guard())
        self._work(self._doubt())

    # Attempts, one after the other

    async def _attempts(self) -> None:
        number = 0
        while not self._board.outcome.done():
            number = self._next_led(max(number, self._board.pace()))
            await self._announce(number)
            self._attempt = Attempt(number, self._board, self._tools, self._memory, self._limits)
            await self._attempt.attend()
            number += 1

    def _next_led(self, number: int) -> int:
        """Return the first attempt from ``number`` on whose leader can be reached; there is one, as we lead every n-th."""
        present = {self._channel.me, *self._tools.reachable()}
        while self._board.leader(number) not in present:
            number += 1
        return number

    async def _announce(self, number: int) -> None:
        """Say READY, that we approved and at which attempt we are: to the leader alone as long as nothing has failed, else to all."""
        self._board.enter(number, ready_message(self._board, self._tools))
        self._quiet = self._simple and not self._greeted
        self._greeted = {self._channel.me}
        await self._tell_ready({self._board.leader(number)} if self._quiet else set(self._tools.reachable()))

    async def _tell_ready(self, seats: Collection[Seat]) -> None:
        """Say it to those of ``seats`` that have not been told."""
        own, new = self._board.readiness[self._channel.me], sorted(set(seats) - self._greeted)
        self._greeted |= set(new)
        if new:
            await self._channel.broadcast(Kind.SIGN_READY, encode(own.ready), own.attempt, to=new)

    # The right

    async def _doubt(self) -> None:
        """Read the permission, ever more seldom; end the session when it is gone, or when the chain cannot be read for too long."""
        pause, since = _TICK, None
        while True:
            try:
                permitted = await self._tools.permission.permits_now()
            except WorldError:
                since = since or self._clock.now()
                if self._clock.now() - since >= self._limits.grace and not self._committed():
                    raise
            else:
                since = None
                if not permitted and not self._committed():
                    await self._withdraw()
            await self._clock.sleep(pause)
            pause *= 2

    def _committed(self) -> bool:
        """Say whether our last message in this attempt is out: what becomes of it is the others' to say."""
        return self._attempt is not None and self._attempt.committed

    async def _withdraw(self) -> None:
        if self._attempt is not None:
            await self._attempt.withdraw()
        raise PermissionLost(self._request.block.number)

    # The links

    async def _guard(self) -> None:
        """Greet nodes whose link comes up, ask for what is late, and end the session when too few can be reached for too long."""
        since = None
        while True:
            if not self._quiet or self._board.proposal(self._board.attempt) is None:
                await self._greet()
            await self._ask()
            since = (since or self._clock.now()) if self._board.hopeless(self._unreachable()) else None
            if since is not None and self._clock.now() - since >= self._limits.grace:
                raise self._failure("Too few nodes can be reached.")
            await self._clock.sleep(_TICK)

    async def _greet(self) -> None:
        """Say READY to all that were not told, nodes that came up since among them."""
        self._quiet, reachable = False, set(self._tools.reachable())
        self._greeted &= {self._channel.me, *reachable}
        await self._tell_ready(reachable)

    def _speak_up(self) -> None:
        """Say READY to all, since somebody did who does not take us for the leader: for him it is not simple."""
        self._simple = False
        if self._quiet and not self._board.outcome.done():
            self._quiet = False
            self._work(self._greet())

    async def _ask(self) -> None:
        """Ask all for the outcome of a proposal that has been there for a while: it may be kept from us. Ever more seldom."""
        seen, self._seen = self._seen, self._board.proposal(self._board.attempt)
        now = self._clock.now()
        if seen is not None and seen is self._seen and now >= self._ask_at:
            await self._channel.broadcast(Kind.SIGN_ASK, encode(Ask()), self._asks)
            self._asks += 1
            self._ask_at = now + _TICK * 2**self._asks

    def _unreachable(self) -> set[Seat]:
        return set(self._channel.seats) - {self._channel.me, *self._tools.reachable()}

    # Ends

    async def _share(self, signed: Signed) -> None:
        """Send the signature to all that were no signers if we lead, and in any case to those that showed us that they lack it.

        These asked, or said READY though they do not sign in this attempt, or for a later one: ``LateAnswers`` hears only what comes
        from now on.
        """
        board, signers = self._board, set(signed.signers)
        told = set(board.asking)
        if board.leader(signed.attempt) == board.me:  # whoever told us, if we were told, may have made the set up
            told |= set(board.order) - (signers if signed.source is None else set())
        told |= {seat for seat, known in board.readiness.items() if seat not in signers or known.attempt > signed.attempt}
        await _tell(self._channel, self._request, signed, told)

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


async def _tell(channel: Channel, request: SignRequest, signed: Signed, seats: Collection[Seat]) -> None:
    others = sorted(set(seats) - {channel.me})
    if others:
        await channel.broadcast(Kind.SIGN_OUTCOME, _outcome_message(request, signed), signed.attempt, to=others)


class LateAnswers:
    """What a holder of the signature owes to others after ``sign`` returned, for as long as the channel is open.

    The attempt's leader has told all that were no signers. Whoever misses it, by whatever fault, asks or says READY anew, and is
    answered once. ``work`` does in the background what there is to do; nothing waits here.
    """

    def __init__(
        self, channel: Channel, request: SignRequest, signed: Signed, *, work: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._channel, self._request, self._signed, self._work = channel, request, signed, work
        self._answered: set[Seat] = set()
        channel.listen(self._hear)

    def _hear(self, envelope: Envelope) -> None:
        if envelope.kind in {Kind.SIGN_READY, Kind.SIGN_ASK} and envelope.sender not in self._answered:
            self._answered.add(envelope.sender)
            self._work(_tell(self._channel, self._request, self._signed, {envelope.sender}))
