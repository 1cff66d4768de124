"""What one node has heard in one signing session, judged as it comes in.

The board is passive: the channel feeds ``hear``, the attempts read it through ``until``. What convicts its sender is
reported as ``Blamed`` and otherwise ignored, so that no message of a peer ends a session; the exceptions are a verified
outcome, and READYs that prove that no digest can reach t.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from votive.protocol.channel import Channel, Clock, Envelope, Kind, Proves
from votive.protocol.engine import Verify
from votive.protocol.errors import DigestsDiffer
from votive.protocol.events import Blamed, Observe, Unsigned
from votive.protocol.leader import leaders
from votive.protocol.memory import Notes, Signed
from votive.protocol.messages import TAG_BYTES, Abort, Ask, OutcomeMessage, Proposal, Ready, Reason
from votive.protocol.proposal import Proposed, fault_of, possible_signers
from votive.protocol.wire import MalformedError, Message, decode
from votive.terms.block import Block
from votive.terms.key import Signature
from votive.terms.participant import Seat, threshold_of

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_WINDOW = 8
"""Messages of attempts further away than this are dropped: honest nodes that are that far ahead take us along by their READYs."""

_COMPLAINTS = 8
"""So many faults of a seat are reported in one session; whoever sends thousands of bad messages is not worth thousands of lines."""

_ROUNDS = (Kind.SIGN_ROUND1, Kind.SIGN_ROUND2, Kind.SIGN_ROUND3)


class SignRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What this node has approved to sign."""

    session: bytes
    """See ``terms.session.signing_session``, 32 bytes."""
    public_key: bytes
    """The key, SEC1, 33 or 65 bytes."""
    digest: bytes
    """32 bytes."""
    block: Block
    """The final block at which this node approved."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """The newest READY of one seat."""

    attempt: int
    ready: Ready
    envelope: Envelope | None = None
    """None for our own."""


class Board:
    """The messages of one session, by attempt, kind and sender."""

    def __init__(
        self,
        channel: Channel,
        request: SignRequest,
        *,
        clock: Clock,
        verify: Verify,
        notes: Notes,
        observe: Observe,
        proves: Proves | None,
        speak_up: Callable[[], None],
    ) -> None:
        """``speak_up`` lets this node say READY to all, and so hear from all: when a seat tells us that does not take us for the leader."""
        self.channel, self.request, self.me = channel, request, channel.me
        self.threshold = threshold_of(len(channel.seats))
        self.order = leaders(request.session, channel.seats)
        self.attempt = 0
        self.readiness: dict[Seat, Readiness] = {}
        self.two_faced: set[Seat] = set()
        self.culprits: set[Seat] = set()
        self.outcome: asyncio.Future[Signed] = asyncio.get_running_loop().create_future()
        self.asking: set[Seat] = set()
        self._liars: set[Seat] = set()
        self._furthest = 0
        self._divided = False
        self._other_ends: dict[Seat, bytes] = {}
        self._complaints: Counter[Seat] = Counter()
        self._clock, self._verify, self._observe, self._proves = clock, verify, observe, proves
        self.notes = notes
        self.speak_up = speak_up
        self._proposals: dict[int, Proposed] = {}
        self._rounds: dict[tuple[int, Kind], dict[Seat, Envelope]] = {}
        self._aborts: dict[int, dict[Seat, Abort]] = {}
        self._question: Callable[[], Any] = _nothing
        self._asked: asyncio.Future[Any] | None = None
        self._hear: Mapping[Kind, Callable[[Envelope], None]] = {
            Kind.SIGN_READY: self._hear_ready,
            Kind.SIGN_PROPOSE: self._hear_proposal,
            **dict.fromkeys(_ROUNDS, self._hear_round),
            Kind.SIGN_OUTCOME: self._hear_outcome,
            Kind.SIGN_ABORT: self._hear_abort,
            Kind.SIGN_ASK: self._hear_ask,
        }

    # Reading

    def leader(self, attempt: int) -> Seat:
        """Return the one seat that may propose in ``attempt``."""
        return self.order[attempt % len(self.order)]

    def agreeing(self, at_least: int = 0) -> list[Seat]:
        """Return the seats, ours among them, whose newest READY has our digest and is for attempt ``at_least`` or a later one."""
        return [
            seat
            for seat, known in self.readiness.items()
            if known.attempt >= at_least and known.ready.digest == self.request.digest and seat not in self.two_faced
        ]

    def unheard(self) -> list[Seat]:
        """Return the seats that have sent no READY."""
        return [seat for seat in self.channel.seats if seat not in self.readiness]

    def pace(self) -> int:
        """Return the attempt that more than f others have reached: at least one of them is honest, so it is time to follow."""
        if self._furthest <= self.attempt:
            return 0  # nobody is ahead
        f = len(self.order) - self.threshold
        reached = sorted((known.attempt for seat, known in self.readiness.items() if seat != self.me), reverse=True)
        return reached[f] if len(reached) > f else 0

    def proposal(self, attempt: int) -> Proposed | None:
        """Return what the leader of ``attempt`` proposed, if it came."""
        return self._proposals.get(attempt)

    def rounds(self, attempt: int, kind: Kind) -> dict[Seat, Envelope]:
        """Return the round messages that came, each with H(proposal) before it."""
        return self._rounds.get((attempt, kind), {})

    def left(self, attempt: int, *, in_last_round: bool = False) -> Seat | None:
        """Return a seat that may end ``attempt`` and did: a signer of its proposal, or its leader.

        In the last round a signer that could not combine ends it for itself only: it has sent its own last message before.
        """
        aborts = self._aborts.get(attempt)
        if not aborts:
            return None
        proposed = self._proposals.get(attempt)
        entitled = {self.leader(attempt), *(proposed.signers if proposed else ())} - {self.me}
        for seat, abort in aborts.items():
            if seat in entitled and not (in_last_round and abort.reason is Reason.INVALID_RESULT):
                return seat
        return None

    def called_silent(self, attempt: int, witness: Seat) -> frozenset[Seat]:
        """Return whose silence ``witness`` gave as its reason to leave ``attempt``."""
        abort = self._aborts.get(attempt, {}).get(witness)
        return frozenset(Seat(seat) for seat in abort.seats) if abort and abort.reason is Reason.SILENCE else frozenset()

    def digests(self) -> dict[bytes, list[Seat]]:
        """Return which seats are ready for which digest."""
        found: dict[bytes, list[Seat]] = {}
        for seat, known in self.readiness.items():
            found.setdefault(known.ready.digest, []).append(seat)
        return found

    def hopeless(self, unreachable: Collection[Seat] = ()) -> bool:
        """Return whether no digest can reach t any more, if nothing more is heard from ``unreachable``.

        A seat that was not heard, or that told two digests, may yet stand for any.
        """
        gone = set(unreachable)
        open_seats = (set(self.unheard()) | self.two_faced) - gone
        most = max((len(set(seats) - self.two_faced - gone) for seats in self.digests().values()), default=0)
        return most + len(open_seats) < self.threshold

    async def until(self, answer: Callable[[], T | None], at: float) -> T | None:
        """Return the first answer that is not None, asking again whenever something was heard; None at time ``at``.

        One waits at a time.
        """
        if (found := answer()) is not None:
            return found
        asked: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._asked = asked
        self._question = answer
        alarm = self._clock.later(max(at - self._clock.now(), 0.0), partial(self._answer, at_last=True))
        try:
            found = await asked
        finally:
            alarm.cancel()
            self._asked, self._question = None, _nothing
        return found

    def _answer(self, *, at_last: bool = False) -> None:
        """Ask what is waited for; who waits wakes up only if it is here, or can no longer wait."""
        if self._asked is None or self._asked.done():
            return
        try:
            found = self._question()
        except Exception as error:  # noqa: BLE001  # it is raised where the question was asked
            self._asked.set_exception(error)
            return
        if found is not None or at_last:
            self._asked.set_result(found)

    # Hearing

    def hear(self, envelope: Envelope) -> None:
        """Take in one message. Whatever goes wrong here is no fault of the link that brought it: it ends the session."""
        try:
            self._take_in(envelope)
            self._answer()
        except Exception as error:  # noqa: BLE001  # a defect of our own; who waits for the outcome is told
            self.fail(error)

    def _take_in(self, envelope: Envelope) -> None:
        hear = self._hear.get(envelope.kind)
        if hear is None:
            self._blame(envelope, "a message of another ceremony")
            return
        try:
            hear(envelope)
        except MalformedError:
            self._blame(envelope, f"a malformed {envelope.kind.name}")

    def enter(self, attempt: int, ready: Ready) -> None:
        """Note our own READY, and forget the attempts before it; their proposals only later, as a second one may come."""
        self.attempt = attempt
        self.readiness[self.me] = Readiness(attempt=attempt, ready=ready)
        self._end_if_hopeless()
        self._proposals = {key: value for key, value in self._proposals.items() if key >= attempt - _WINDOW}
        self._rounds = {key: value for key, value in self._rounds.items() if key[0] >= attempt}
        self._aborts = {key: value for key, value in self._aborts.items() if key >= attempt - _WINDOW}

    def propose(self, attempt: int, proposal: Proposal, payload: bytes) -> Proposed:
        """Note our own proposal."""
        proposed = Proposed(leader=self.me, proposal=proposal, payload=payload, evidence=None)
        self._proposals[attempt] = proposed
        return proposed

    def finish(self, signed: Signed) -> None:
        """Note the verified signature; the first one stays. What comes from now on waits for ``LateAnswers``."""
        if not self.outcome.done():
            self.outcome.set_result(signed)
            self.channel.listen(None)

    def fail(self, error: BaseException) -> None:
        """End the session with ``error``, unless it has ended."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def shown(self, attempt: int, proposed: Proposed) -> tuple[bytes, bytes]:
        """Return payload and evidence of a proposal of ``attempt`` for others to see; nothing if it is ours, or its signature is false."""
        proven = () if proposed.evidence is None else self._proven(proposed.leader, [proposed.envelope(attempt)])
        return next(((envelope.payload, envelope.evidence or b"") for envelope in proven), (b"", b""))

    def blame_result(self, seat: Seat, why: str, attempt: int) -> None:
        """Note that a check of the engine convicts ``seat``, by the messages of its rounds in ``attempt``."""
        self.culprits.add(seat)
        said = [heard[seat] for kind in _ROUNDS if seat in (heard := self.rounds(attempt, kind))]
        self._observe(Blamed(seat, why, self._proven(seat, said)))

    def _hear_ready(self, envelope: Envelope) -> None:
        ready, sender = decode(envelope.payload, Ready), envelope.sender
        known = self.readiness.get(sender)
        if known is not None and known.ready.digest != ready.digest:
            self.two_faced.add(sender)
            self._blame(envelope, "READY for two digests in one session", known.envelope)
        elif known is None or envelope.attempt > known.attempt:
            self.readiness[sender] = Readiness(attempt=envelope.attempt, ready=ready, envelope=envelope)
            self._furthest = max(self._furthest, envelope.attempt)
            if self.leader(envelope.attempt) != self.me:
                self.speak_up()
        self._divided = self._divided or ready.digest != self.request.digest
        self._end_if_hopeless()

    def _hear_proposal(self, envelope: Envelope) -> None:
        if not self.attempt - _WINDOW <= envelope.attempt <= self.attempt + _WINDOW:
            return
        if envelope.sender != self.leader(envelope.attempt):
            self._blame(envelope, f"a proposal for attempt {envelope.attempt}, which node {self.leader(envelope.attempt)} leads")
            return
        proposal = decode(envelope.payload, Proposal)
        fault = fault_of(proposal, envelope.sender, self.channel.seats)
        if fault:
            self._blame(envelope, fault)
            return
        received = Proposed(leader=envelope.sender, proposal=proposal, payload=envelope.payload, evidence=envelope.evidence)
        known = self._proposals.setdefault(envelope.attempt, received)
        if known.payload != received.payload:
            self._blame(envelope, "two proposals in one attempt", known.envelope(envelope.attempt))

    def _hear_round(self, envelope: Envelope) -> None:
        if not self.attempt <= envelope.attempt <= self.attempt + _WINDOW:
            return
        if len(envelope.payload) < TAG_BYTES:
            raise MalformedError("no proposal is named")
        self._rounds.setdefault((envelope.attempt, envelope.kind), {}).setdefault(envelope.sender, envelope)

    def _hear_outcome(self, envelope: Envelope) -> None:
        if envelope.sender in self._liars or self.outcome.done():
            return
        message = decode(envelope.payload, OutcomeMessage)
        if not self._verify(self.request.public_key, message.digest, message.r, message.s, message.recovery_id):
            self._liars.add(envelope.sender)  # each false outcome costs a verification: a seat has one
            self._blame(envelope, "an outcome that does not verify")
            return
        if message.digest != self.request.digest:
            self._hear_of_other_digest(envelope.sender, message.digest)
            return
        signature = Signature(r=message.r, s=message.s, recovery_id=message.recovery_id)
        signers = possible_signers(message.signers, self.channel.seats)
        self.finish(Signed(signature=signature, signers=signers, attempt=envelope.attempt, source=envelope.sender))

    def _hear_of_other_digest(self, sender: Seat, digest: bytes) -> None:
        """Note a true signature of another digest; only more than f seats that show one of the same digest end the session.

        One proves nothing: it may come from an older session with this key, for outcomes do not name theirs.
        """
        self._other_ends.setdefault(sender, digest)
        shown_by = [seat for seat, shown in self._other_ends.items() if shown == digest]
        if len(shown_by) <= len(self.order) - self.threshold:
            return
        digests = self.digests()
        digests[digest] = sorted({*digests.get(digest, ()), *shown_by})
        self.fail(DigestsDiffer(digests, self.threshold))

    def _end_if_hopeless(self) -> None:
        """End the session once the READYs prove that no digest can reach t."""
        if self._divided and not self.outcome.done() and self.hopeless():
            self.fail(DigestsDiffer(self.digests(), self.threshold))

    def _hear_ask(self, envelope: Envelope) -> None:
        decode(envelope.payload, Ask)
        self.asking.add(envelope.sender)

    def _hear_abort(self, envelope: Envelope) -> None:
        if not self.attempt - _WINDOW <= envelope.attempt <= self.attempt + _WINDOW:
            return
        abort = decode(envelope.payload, Abort)
        self._aborts.setdefault(envelope.attempt, {})[envelope.sender] = abort
        if abort.proposal and self._proves is not None:
            self._hear_forwarded(envelope.attempt, abort, self._proves)
        proposed = self._proposals.get(envelope.attempt)
        if proposed is not None and envelope.sender in proposed.proposal.signers:
            self.notes.note_failure(proposed.signers)
            self._suspect(envelope.sender, abort, proposed)

    def _suspect(self, sender: Seat, abort: Abort, proposed: Proposed) -> None:
        """Remember who was silent, by this account, and who left for reasons that only it can see."""
        if abort.reason is Reason.SILENCE:
            self.notes.note_silence({Seat(seat) for seat in abort.seats} & set(proposed.signers), sender)
        elif abort.reason in {Reason.OBJECTION, Reason.SETUP_GONE}:
            self.notes.note_silence([sender])

    def _hear_forwarded(self, attempt: int, abort: Abort, proves: Proves) -> None:
        """Take in the leader's proposal from an abort, if the leader's own evidence is with it."""
        leader = self.leader(attempt)
        if leader == self.me:
            return
        shown = Envelope(sender=leader, kind=Kind.SIGN_PROPOSE, attempt=attempt, payload=abort.proposal, evidence=abort.evidence)
        if proves(shown):
            self._take_in(shown)

    def _blame(self, envelope: Envelope, why: str, *earlier: Envelope | None) -> None:
        self.culprits.add(envelope.sender)
        self._complaints[envelope.sender] += 1
        if self._complaints[envelope.sender] > _COMPLAINTS:
            return
        said = [*(shown for shown in earlier if shown is not None), envelope]
        self._observe(Blamed(envelope.sender, why, self._proven(envelope.sender, said)))

    def _proven(self, seat: Seat, said: Sequence[Envelope]) -> tuple[Envelope, ...]:
        """Return what convinces a third party; that some of it does not is a fault too, for nobody but ``seat`` has sent it."""
        if self._proves is None:
            return tuple(said)
        proven = tuple(envelope for envelope in said if self._proves(envelope))
        for envelope in said:
            if envelope not in proven:
                self._observe(Unsigned(seat, f"the wallet of seat {seat} did not sign a {envelope.kind.name} that came from it"))
        return proven


def _nothing() -> None:
    """Nobody waits."""
