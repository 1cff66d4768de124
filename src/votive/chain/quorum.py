"""Counting equal answers of several endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeAlias, TypeVar

from votive.chain.errors import AnswerTooLarge, CallRefused, CallReverted, ChainUnavailable, QuorumNotReached, WrongChain, origin_of
from votive.terms.errors import WorldError

T = TypeVar("T")

NO_COMMON_CODE = 0
"""In place of JSON-RPC's code where all endpoints refuse, each for another reason."""

Outcome: TypeAlias = T | BaseException
"""What asking one endpoint gave. A revert, or being too large, is an answer; any other exception is none."""


class Ballot(Generic[T]):
    """The answers of endpoints to one question, of which ``quorum`` must be equal."""

    def __init__(self, quorum: int) -> None:
        self._quorum = quorum
        self._outcomes: list[tuple[str, Outcome[T]]] = []

    def add(self, urls: Sequence[str], outcomes: Sequence[Outcome[T]]) -> None:
        """Count the outcomes of the endpoints ``urls``; a cancellation among them is raised."""
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                raise outcome
        self._outcomes.extend(zip(urls, outcomes, strict=True))

    @property
    def decided(self) -> bool:
        """Whether some answer has a quorum."""
        return self._winner() is not None

    @property
    def sufficient(self) -> bool:
        """Whether there are at least a quorum of answers, equal or not."""
        return len(self._values()) >= self._quorum

    def raise_first(self, kind: type[WorldError]) -> None:
        """Raise the first error of this kind that an endpoint gave, if there is one."""
        for _, outcome in self._outcomes:
            if isinstance(outcome, kind):
                raise outcome

    def result(self) -> T:
        """Return the answer that has a quorum, or raise it if it is an error; else raise why there is none."""
        winner = self._winner()
        if winner is None:
            raise self._failure()
        answer = winner[0]
        if isinstance(answer, AnswerTooLarge | CallReverted):
            raise answer
        return answer

    def values(self) -> list[T]:
        """Return all answers, equal or not, if they are at least a quorum; else raise why there are too few."""
        if not self.sufficient:
            raise self._failure()
        return self._values()

    def _values(self) -> list[T]:
        return [outcome for _, outcome in self._outcomes if not isinstance(outcome, BaseException)]

    def _answers(self) -> list[T | AnswerTooLarge | CallReverted]:
        answers = (outcome for _, outcome in self._outcomes)
        return [answer for answer in answers if isinstance(answer, AnswerTooLarge | CallReverted) or not isinstance(answer, BaseException)]

    def _winner(self) -> tuple[T | AnswerTooLarge | CallReverted] | None:
        answers = self._answers()
        for candidate in answers:
            if sum(_same(candidate, other) for other in answers) >= self._quorum:
                return (candidate,)
        return None

    def _failure(self) -> WorldError:
        errors = [outcome for _, outcome in self._outcomes if isinstance(outcome, Exception)]
        said = [f"{origin_of(url)}: {outcome}" for url, outcome in self._outcomes]
        elsewhere = [error for error in errors if isinstance(error, WrongChain)]
        if elsewhere and len(self._outcomes) - len(elsewhere) < self._quorum:
            return elsewhere[0]
        if len(self._answers()) >= self._quorum:
            return QuorumNotReached(f"the endpoints contradict one another; no {self._quorum} gave the same answer", details=said)
        refusals = [error for error in errors if isinstance(error, CallRefused) and not isinstance(error, CallReverted)]
        if len(refusals) == len(self._outcomes):
            return self._refusal(refusals)
        return ChainUnavailable(
            f"only {len(self._answers())} of {len(self._outcomes)} chain endpoints answered, {self._quorum} are needed; "
            "check that they run and are reachable",
            details=said,
        )

    def _refusal(self, refusals: Sequence[CallRefused]) -> CallRefused:
        """What all refuse. Its code counts as an answer's would: only if a quorum gives the same one."""
        codes = [refusal.rpc_code for refusal in refusals]
        for refusal in refusals:
            if codes.count(refusal.rpc_code) >= self._quorum:
                return refusal
        return CallRefused("; ".join(refusal.message for refusal in refusals), rpc_code=NO_COMMON_CODE)


def _same(one: object, other: object) -> bool:
    if isinstance(one, AnswerTooLarge) or isinstance(other, AnswerTooLarge):
        return type(one) is type(other)
    if isinstance(one, CallReverted) or isinstance(other, CallReverted):
        return isinstance(one, CallReverted) and isinstance(other, CallReverted) and one.data == other.data
    return one == other
