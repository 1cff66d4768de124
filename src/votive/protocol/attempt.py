"""One node's part in one attempt: propose or wait for the proposal, object or join, run the engine's rounds, leave.

    leader      READY of t seats with one digest  →  PROPOSE(set, digest, block)
    signers     round 1, 2: one message for each other signer; round 3: (u, w) for all
    anyone      ABORT(reason), said once by each that leaves

The engine's arithmetic is DKLs23 (eprint 2023/765, Protocol 3.6); here is who may take part, and when it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from votive.core.errors import CheckFailed, PeerFault, SetupGone
from votive.protocol.board import Board
from votive.protocol.channel import Kind
from votive.protocol.choice import ANOTHER, Choice
from votive.protocol.engine import SigningParty
from votive.protocol.errors import PermissionLost
from votive.protocol.events import Entered, Joined, Left, PairLost
from votive.protocol.leader import Signers
from votive.protocol.memory import Signed, SigningMemory
from votive.protocol.messages import TAG_BYTES, Abort, Proposal, Ready, Reason, sign_id
from votive.protocol.proposal import Proposed
from votive.protocol.tools import SignLimits, SignTools
from votive.terms.block import Block
from votive.terms.encoding import encode
from votive.terms.errors import WorldError
from votive.terms.key import Signature
from votive.terms.participant import Seat


class _Leave(Exception):
    """This attempt is over for us. Internal."""

    def __init__(self, reason: Reason, seats: Collection[Seat] = ()) -> None:
        super().__init__(reason.name)
        self.reason, self.seats = reason, tuple(sorted(seats))


class Attempt:
    """One attempt, as seen by one node."""

    def __init__(self, number: int, board: Board, tools: SignTools, memory: SigningMemory, limits: SignLimits) -> None:
        self.number, self._board, self._tools, self._memory, self._limits = number, board, tools, memory, limits
        self._me, self._clock, self._channel = board.me, tools.clock, board.channel
        self._leader = board.leader(number)
        self._choice = Choice(number, board, tools, memory)
        self._withdrawn = False
        self.committed = False
        """Whether our last message has left: with those of the others, it is a signature."""

    async def attend(self) -> None:
        """Take part until the attempt is over. What it achieved, if anything, is in ``board.outcome``.

        Raises:
            PermissionLost: the permission ended; this node signs no more in this session.
        """
        self._tools.observe(Entered(self.number))
        proposed = await (self._propose() if self._leader == self._me else self._await_proposal())
        if proposed is None:
            return
        try:
            if self._me in proposed.proposal.signers:
                await self._object(proposed)
                await self._perform(proposed)
            else:
                await self._watch(proposed)
        except _Leave as leave:
            await self._leave(leave, proposed)
        except PermissionLost:
            await self._leave(_Leave(Reason.OBJECTION), proposed)
            raise

    # The proposal

    async def _await_proposal(self) -> Proposed | None:
        """Wait for the leader; its time runs from when we hold t READYs. None: it said nothing."""
        here = self.number
        if await self._board.until(self._moved_or(self._quorum), self._clock.now() + self._limits.deadline) is not True:
            return self._board.proposal(here)
        await self._board.until(self._moved_or(lambda: self._board.proposal(here)), self._clock.now() + self._limits.patience)
        proposed = self._board.proposal(here)
        if proposed is None:
            self._tools.observe(Left(here, None, (self._leader,)))
        return proposed

    def _quorum(self) -> bool | None:
        """True once t seats are ready for this attempt or a later one; False if the proposal is here already."""
        if self._board.proposal(self.number) is not None:
            return False
        return True if len(self._board.agreeing(self.number)) >= self._board.threshold else None

    def _moved_or(self, answer: Callable[[], object | None]) -> Callable[[], object | None]:
        """Return a question that also ends when this attempt can bring nothing more: False for that."""
        return lambda: False if self._over() else answer()

    def _over(self) -> bool:
        gone = self._leader != self._me and self._leader not in self._tools.reachable()
        return gone or self._board.left(self.number) is not None or self._board.pace() > self.number

    async def _propose(self) -> Proposed | None:
        """Choose a set once t READYs are here, and propose it. None: there is none, or the others have gone on."""
        if await self._board.until(self._moved_or(self._quorum), self._clock.now() + self._limits.deadline) is not True:
            return None
        choice = await self._choose()
        if choice is None:
            await self._give_up()
            return None
        return await self._announce(*choice)

    async def _choose(self) -> tuple[Signers, Block] | None:
        """Return a set and a block that is final and permitted for us, and likely for all of the set."""
        rejected: set[Seat] = set()
        settled = self._clock.now() + self._limits.settle
        while self._me not in rejected:
            await self._board.until(lambda: self._choice.fresh(self._choice.candidates(rejected)) or self._choice.complete(), settled)
            signers = self._choice.best(self._choice.candidates(rejected))
            if signers is None:
                return None
            if signers in self._memory.failed:  # all have failed: not in a hot loop
                await self._board.until(self._moved_or(lambda: None), settled)
            block, stated_by = self._choice.lowest_block(signers)
            if await self._permits(block):
                return signers, block
            rejected.add(stated_by)  # it named a block that is not final here, or at which nothing was permitted
        return None

    async def _announce(self, signers: Signers, block: Block) -> Proposed:
        proposal = Proposal(digest=self._board.request.digest, signers=signers, block_number=block.number, block_hash=block.hash)
        payload = encode(proposal)
        await self._channel.broadcast(Kind.SIGN_PROPOSE, payload, self.number)
        return self._board.propose(self.number, proposal, payload)

    async def _give_up(self) -> None:
        """Leave the lead: at once if another leader has a set, else slowly, as set-ups that are under way need time."""
        if not self._choice.another_exists(self._choice.candidates(())):
            await self._board.until(self._moved_or(lambda: None), self._clock.now() + self._limits.patience)
        await self._channel.broadcast(Kind.SIGN_ABORT, encode(Abort(reason=Reason.NO_SET)), self.number)
        self._tools.observe(Left(self.number, Reason.NO_SET))

    # Joining

    async def _object(self, proposed: Proposed) -> None:
        """Leave if this proposal is not for us to join."""
        left = self._board.left(self.number)
        if left is not None:
            raise _Leave(Reason.LEFT, [left])
        if self._leader == self._me:
            return
        proposal = proposed.proposal
        if proposal.digest != self._board.request.digest:
            raise _Leave(Reason.OBJECTION, [self._leader])
        missing = set(proposal.signers) - {self._me} - set(self._tools.pairs())
        if missing:
            raise _Leave(Reason.SETUP_GONE, [Seat(seat) for seat in missing])
        if await self._known_to_fail(proposed.signers):
            raise _Leave(Reason.OBJECTION)
        await self._require_permission_at(proposal.block)

    async def _require_permission_at(self, block: Block) -> None:
        if await self._permits(block):
            return
        if not await self._permits_now():
            raise PermissionLost(self._board.request.block.number)
        raise _Leave(Reason.OBJECTION, [self._leader])

    async def _known_to_fail(self, signers: Signers) -> bool:
        """Return whether this set failed before while another has not; to know that, all reachable nodes must have been heard."""
        if signers not in self._memory.failed:
            return False
        self._board.speak_up()
        answer = await self._board.until(
            lambda: self._choice.alternative() or self._choice.all_heard(), self._clock.now() + self._limits.settle
        )
        return answer == ANOTHER

    async def _permits(self, block: Block) -> bool:
        """Ask at ``block``; in doubt, no. Our own block of approval needs no second reading."""
        if block == self._board.request.block:
            return True
        try:
            return await self._tools.permission.permits(block)
        except WorldError:
            return False

    async def _permits_now(self) -> bool:
        try:
            return await self._tools.permission.permits_now()
        except WorldError:
            raise _Leave(Reason.OBJECTION) from None

    # The engine's rounds

    async def _perform(self, proposed: Proposed) -> None:
        number, signers, run = self.number, proposed.signers, self._tools.run
        others = [seat for seat in signers if seat != self._me]
        self._tools.observe(Joined(number, signers))
        name = sign_id(self._board.request.session, number, proposed.name)
        try:
            party, first = await run(lambda: self._begin(signers, name))
            await self._send_each(Kind.SIGN_ROUND1, proposed, first)
            received = await self._gather(Kind.SIGN_ROUND1, proposed.name, others)
            await self._send_each(Kind.SIGN_ROUND2, proposed, await run(lambda: party.round2(received)))
            answers = await self._gather(Kind.SIGN_ROUND2, proposed.name, others)
            last = await self._last_message(party, answers)
            if self._withdrawn:  # an older answer of the chain came after a newer one
                raise PermissionLost(self._board.request.block.number)
            self.committed = True
            await self._channel.broadcast(Kind.SIGN_ROUND3, proposed.name + last, number, to=others)
            finals = await self._gather(Kind.SIGN_ROUND3, proposed.name, others)
            r, s, recovery_id = party.finish(finals)  # a fifth of a millisecond: a thread would cost as much again
        except PeerFault as fault:
            raise self._convict(fault) from fault
        except SetupGone as gone:
            raise _Leave(Reason.SETUP_GONE, [Seat(seat) for seat in gone.seats]) from gone
        self._board.finish(Signed(signature=Signature(r=r, s=s, recovery_id=recovery_id), signers=signers, attempt=number))

    def _begin(self, signers: Signers, name: bytes) -> tuple[SigningParty, dict[Seat, bytes]]:
        party = self._tools.assemble(signers=signers, sign_id=name)
        return party, party.round1()

    async def _last_message(self, party: SigningParty, answers: Mapping[Seat, bytes]) -> bytes:
        """Compute (u, w), while the permission is read once more; without it, (u, w) is dropped here."""
        computing = asyncio.ensure_future(self._tools.run(lambda: party.round3(answers)))
        try:
            permitted = await self._permits_now()
        finally:
            last = await computing  # whatever became of the permission: a check that fails here convicts
        if not permitted:
            raise PermissionLost(self._board.request.block.number)
        return last

    async def _send_each(self, kind: Kind, proposed: Proposed, messages: Mapping[Seat, bytes]) -> None:
        name = proposed.name
        for seat, message in messages.items():
            await self._channel.send(seat, kind, name + message, self.number)

    async def _gather(self, kind: Kind, name: bytes, others: Sequence[Seat]) -> dict[Seat, bytes]:
        """Return the messages of one round of the ``others`` that sign, without the proposal's name."""

        def answer() -> dict[Seat, bytes] | _Leave | None:
            here = self._board.rounds(self.number, kind)
            if strangers := [seat for seat in others if seat in here and not here[seat].payload.startswith(name)]:
                return _Leave(Reason.CONFLICT, strangers)
            if all(seat in here for seat in others):
                return {seat: here[seat].payload[TAG_BYTES:] for seat in others}
            left = self._board.left(self.number, in_last_round=kind is Kind.SIGN_ROUND3)
            return None if left is None else self._follow(left, [seat for seat in others if seat not in here])

        found: dict[Seat, bytes] | _Leave | None = await self._board.until(answer, self._clock.now() + self._limits.round)
        if found is None:
            raise _Leave(Reason.SILENCE, [seat for seat in others if seat not in self._board.rounds(self.number, kind)])
        if isinstance(found, _Leave):
            raise found
        return found

    def _follow(self, left: Seat, missing: Collection[Seat]) -> _Leave:
        """Leave because another left; if it missed somebody whom we miss too, say so as well."""
        silent = self._board.called_silent(self.number, left) & set(missing)
        return _Leave(Reason.SILENCE, silent) if silent else _Leave(Reason.LEFT, [left])

    def _convict(self, fault: PeerFault) -> _Leave:
        """Report whom the engine convicts, and say why we leave."""
        culprits = [Seat(seat) for seat in fault.culprits]
        for seat in culprits:
            self._board.blame_result(seat, fault.message, self.number)
            if isinstance(fault, CheckFailed):
                self._tools.observe(PairLost(seat))
        if isinstance(fault, CheckFailed):
            return _Leave(Reason.CHECK_FAILED, culprits)
        return _Leave(Reason.MALFORMED if culprits else Reason.INVALID_RESULT, culprits)

    # Leaving

    async def _watch(self, proposed: Proposed) -> None:
        """Not a signer: wait for the outcome, which ends the session, or until the signers have left or used up their time."""
        patience = 3 * self._limits.round + self._limits.patience
        left = await self._board.until(self._signer_left_or_pace, self._clock.now() + patience)
        self._board.notes.note_failure(proposed.signers)
        self._tools.observe(Left(self.number, Reason.LEFT if left else Reason.SILENCE, (left,) if left else ()))

    def _signer_left_or_pace(self) -> Seat | None:
        left = self._board.left(self.number)
        if left is None and self._board.pace() > self.number:
            return self._leader
        return left

    async def withdraw(self) -> None:
        """Say that we leave, if we sign here or may be asked to: nobody shall wait for us. No last message follows."""
        self._withdrawn = True
        proposed = self._board.proposal(self.number)
        if proposed is None:
            await self._channel.broadcast(Kind.SIGN_ABORT, encode(Abort(reason=Reason.OBJECTION)), self.number)
            self._tools.observe(Left(self.number, Reason.OBJECTION))
        elif self._me in proposed.signers:
            await self._leave(_Leave(Reason.OBJECTION), proposed)

    async def _leave(self, leave: _Leave, proposed: Proposed) -> None:
        """Say that we leave, and remember the set; the leader's proposal goes with it, so that two of them meet."""
        self._board.notes.note_failure(proposed.signers)
        if leave.reason is Reason.SILENCE:
            self._board.notes.note_silence(leave.seats)
        shown, evidence = self._board.shown(self.number, proposed)
        abort = Abort(reason=leave.reason, seats=leave.seats, proposal=shown, evidence=evidence)
        await self._channel.broadcast(Kind.SIGN_ABORT, encode(abort), self.number)
        self._tools.observe(Left(self.number, leave.reason, leave.seats))


def ready_message(board: Board, tools: SignTools) -> Ready:
    """Return what this node says of itself now."""
    request = board.request
    return Ready(
        digest=request.digest,
        block_number=request.block.number,
        block_hash=request.block.hash,
        pairs=tuple(sorted(seat for seat in tools.pairs() if seat != board.me)),
    )
