"""Which set a leader proposes, and whether another would be better: judgements on what the board shows now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from votive.protocol.board import Board
from votive.protocol.leader import Signers, all_sets, fresh_set, linked_set, oldest_failure, sets_of
from votive.protocol.memory import SigningMemory
from votive.protocol.tools import SignTools
from votive.terms.block import Block
from votive.terms.participant import Seat

ANOTHER, NO_OTHER = "another set has not failed", "all have failed"


class Choice:
    """One node's view of the sets that could sign in one attempt. ``pairs`` is always: by candidate its live set-ups."""

    def __init__(self, number: int, board: Board, tools: SignTools, memory: SigningMemory) -> None:
        self.number, self._board, self._tools, self._memory, self._me = number, board, tools, memory, board.me

    def candidates(self, rejected: Collection[Seat]) -> dict[Seat, Collection[Seat]]:
        """Return the seats that wait in this attempt with our digest, each with its live set-ups."""
        board, reachable = self._board, set(self._tools.reachable())
        waiting = [seat for seat in board.agreeing(self.number) if board.readiness[seat].attempt == self.number and seat not in rejected]
        found: dict[Seat, Collection[Seat]] = {
            seat: [Seat(peer) for peer in board.readiness[seat].ready.pairs] for seat in waiting if seat in reachable
        }
        found[self._me] = set(self._tools.pairs())
        return found

    def complete(self) -> bool | None:
        """True once every node that can be reached has come to this attempt: there is nobody to wait for."""
        readiness = self._board.readiness
        come = all(seat in readiness and readiness[seat].attempt >= self.number for seat in self._tools.reachable())
        return True if come else None

    def fresh(self, pairs: Mapping[Seat, Collection[Seat]]) -> Signers | None:
        """Return the last set that worked, if it has us in it, else the first that has not failed; None: better wait a little.

        Where nothing has failed yet, no time is lost in waiting for better sets.
        """
        worked, failed = self._memory.worked, self._memory.failed
        if worked is not None and self._me in worked:
            if linked_set(worked, pairs):
                return worked
            if failed and self._hoped_for(worked):
                return None
        found = fresh_set(self._sets(pairs), failed)
        return None if found is None or self._better_to_come(found) else found

    def best(self, pairs: Mapping[Seat, Collection[Seat]]) -> Signers | None:
        """Return what we propose now: nothing fresh and another leader has it: None; else the failure that lies furthest back."""
        worked, failed = self._memory.worked, self._memory.failed
        if worked is not None and self._me in worked and linked_set(worked, pairs):
            return worked
        found = fresh_set(self._sets(pairs), failed)
        return found or (None if self.another_exists(pairs) else oldest_failure(self._sets(pairs), failed))

    def another_exists(self, pairs: Mapping[Seat, Collection[Seat]]) -> bool:
        """Return whether some leader has a set that has not failed."""
        return fresh_set(all_sets(self._board.threshold, self._in_order(pairs), pairs), self._memory.failed) is not None

    def lowest_block(self, signers: Signers) -> tuple[Block, Seat]:
        """Return the lowest of the signers' blocks: it is final for all of them. Ours, if it is as low."""
        own = self._board.request.block
        stated = [(self._board.readiness[seat].ready.block, seat) for seat in signers if seat != self._me]
        lowest, seat = min(stated, key=lambda item: item[0].number)
        return (lowest, seat) if lowest.number < own.number else (own, self._me)

    def alternative(self) -> str | None:
        """Return ANOTHER if some leader has a set that has not failed, as far as we have heard; else None."""
        board, present = self._board, {self._me, *self._tools.reachable()}
        pairs: dict[Seat, Collection[Seat]] = {
            seat: [Seat(peer) for peer in board.readiness[seat].ready.pairs] for seat in board.agreeing() if seat in present
        }
        leader, proposed = board.leader(self.number), board.proposal(self.number)
        if leader in present and leader not in board.readiness and proposed is not None:  # it tells nobody that it is ready
            pairs[leader] = {*proposed.signers, *(seat for seat, known in board.readiness.items() if leader in known.ready.pairs)}
        return ANOTHER if self.another_exists(pairs) else None

    def all_heard(self) -> str | None:
        """Return NO_OTHER once every node that can be reached has said READY, but for the leader, which proposes; else None."""
        heard = self._board.readiness.keys() | {self._board.leader(self.number)}
        return NO_OTHER if set(self._tools.reachable()) <= heard else None

    def _sets(self, pairs: Mapping[Seat, Collection[Seat]]) -> Iterator[Signers]:
        """All sets that we could propose."""
        return sets_of(self._board.threshold, leader=self._me, order=self._in_order(pairs), pairs=pairs)

    def _in_order(self, pairs: Mapping[Seat, Collection[Seat]]) -> list[Seat]:
        """Order candidates: the least suspect first, then as the session has it."""
        return sorted((seat for seat in self._board.order if seat in pairs), key=self._memory.suspicion)

    def _better_to_come(self, signers: Signers) -> bool:
        """Return whether a node that can be reached, but has not come to this attempt yet, is less suspect than some signer."""
        come = set(self._board.agreeing(self.number))
        awaited = [self._memory.suspicion(seat) for seat in self._tools.reachable() if seat not in come]
        worst = max(self._memory.suspicion(seat) for seat in signers if seat != self._me)
        return bool(awaited) and min(awaited) < worst

    def _hoped_for(self, signers: Signers) -> bool:
        """Return whether all of ``signers`` can be reached, and some have not said READY for this attempt yet."""
        present = {self._me, *self._tools.reachable()}
        return present >= set(signers) and not set(signers) <= set(self._board.agreeing(self.number))
