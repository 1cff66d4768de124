"""Do conditions hold for a caller? Asked by each node for itself, of one final block of each chain, with a tree that explains it.

Whatever cannot be found out is neither true nor false: the whole holds if it would hold either way, fails if it would fail either way,
and otherwise there is no answer (Kleene's three values; there is no "not", so more truth below never makes less above). Actions are
asked last, one after the other, and only while they can still change the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from votive.auth.conditions import cosmos, evm_basic, evm_contract, sol_rpc
from votive.auth.conditions.compare import brief
from votive.auth.conditions.world import Absent, FetchJson, Inquiry, ReadChains, RunAction, Subject, Verdict
from votive.terms.conditions.kinds import Condition, Cosmos, EvmBasic, EvmContract, Operator, SolRpc
from votive.terms.conditions.meaning import Leaf, Meaning, leaves_of, meaning_of
from votive.terms.conditions.parse import Conditions
from votive.terms.conditions.words import condition_text
from votive.terms.encoding import hex0x
from votive.terms.errors import CallerError, ErrorCode, OurError, VotiveError, WorldError

AT_ONCE = 8
"""Conditions that are asked at a time."""
TEXT_SHOWN = 300
"""Letters of one condition in an explanation."""
_NOT_ASKED = Verdict(holds=None, seen="not asked: it could not change the answer")


class ConditionsNotMet(CallerError):
    """The conditions do not hold for the caller; ``details`` is the tree of what was asked and seen."""

    code = ErrorCode.CONDITIONS_NOT_MET
    status = 401


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Whether conditions hold, and why."""

    holds: bool
    tree: dict[str, Any]
    """JSON: ``{operator, holds, conditions: […]}`` of groups; ``{condition, path, holds, seen, block?}`` of conditions."""

    def require(self) -> None:
        """Raise ConditionsNotMet with the tree unless the conditions hold."""
        if not self.holds:
            raise ConditionsNotMet("the access control conditions do not hold for this caller; see details for each.", details=(self.tree,))


async def evaluate(
    conditions: Conditions, who: Subject, chains: ReadChains, run_action: RunAction | None = None, fetch: FetchJson | None = None
) -> Outcome:
    """Find out whether ``conditions`` hold for ``who``.

    Raises:
        CallerError: a chain has no such name or is of another kind, an action failed, or something is not offered here.
        WorldError: what decides could not be found out; ``details`` holds the tree.
    """
    asking = _Asking(meaning_of(conditions.group), Inquiry(who=who, chains=chains, run_action=run_action, fetch=fetch))
    await asking.ask()
    return asking.outcome()


@dataclass
class _Asking:
    meaning: Meaning
    inquiry: Inquiry
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    refusals: list[VotiveError] = field(default_factory=list)
    failures: list[WorldError] = field(default_factory=list)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def ask(self) -> None:
        """Ask everything at once, then the actions in their order while they matter."""
        leaves = list(leaves_of(self.meaning))
        async with asyncio.TaskGroup() as tasks:
            for leaf in leaves:
                if not _is_action(leaf.condition):
                    tasks.create_task(self._ask_one(leaf))
        self._raise_refusal()
        for leaf in leaves:
            if _is_action(leaf.condition) and self._holds(self.meaning) is None:
                await self._ask_one(leaf)
                self._raise_refusal()

    def _raise_refusal(self) -> None:
        if self.refusals:
            raise self.refusals[0]

    async def _ask_one(self, leaf: Leaf) -> None:
        """Keep the verdict of one condition; what it raises is kept too, so that no other condition is cut short by it."""
        try:
            async with self.places:
                self.verdicts[leaf.path] = await _JUDGES[type(leaf.condition)](leaf.condition, self.inquiry)
        except Absent as absent:
            self.verdicts[leaf.path] = Verdict(holds=False, seen=brief(str(absent)))
        except WorldError as failure:
            self.failures.append(failure)
            self.verdicts[leaf.path] = Verdict(holds=None, seen=brief(f"could not be found out: {failure.message}"))
        except VotiveError as refusal:
            self.refusals.append(refusal)

    def _holds(self, meaning: Meaning) -> bool | None:
        if isinstance(meaning, Leaf):
            return self._verdict(meaning).holds
        values = [self._holds(part) for part in meaning.parts]
        decisive = meaning.operator is Operator.OR
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    def _verdict(self, leaf: Leaf) -> Verdict:
        return self.verdicts.get(leaf.path, _NOT_ASKED)

    def outcome(self) -> Outcome:
        """Return the answer; WorldError if there is none."""
        holds, tree = self._holds(self.meaning), self._tree(self.meaning)
        if holds is not None:
            return Outcome(holds=holds, tree=tree)
        if not self.failures:
            raise OurError("conditions have no answer, though everything in them was asked. This is a defect.")
        first = self.failures[0]
        message = f"the conditions could not be checked: {first.message}"
        raise WorldError(message, code=first.code, status=first.status, retryable=first.retryable, details=(tree,))

    def _tree(self, meaning: Meaning) -> dict[str, Any]:
        if isinstance(meaning, Leaf):
            return self._leaf(meaning)
        parts = [self._tree(part) for part in meaning.parts]
        return {"operator": meaning.operator.value, "holds": self._holds(meaning), "conditions": parts}

    def _leaf(self, leaf: Leaf) -> dict[str, Any]:
        verdict, text = self._verdict(leaf), condition_text(leaf.condition)
        shown = text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"
        tree = {"condition": shown, "path": leaf.path, "holds": verdict.holds, "seen": verdict.seen}
        block = verdict.block
        return tree if block is None else tree | {"block": {"number": block.number, "hash": hex0x(block.hash)}}


_JUDGES: dict[type, Callable[[Any, Inquiry], Awaitable[Verdict]]] = {
    EvmBasic: evm_basic.judge,
    EvmContract: evm_contract.judge,
    SolRpc: sol_rpc.judge,
    Cosmos: cosmos.judge,
}


def _is_action(condition: Condition) -> bool:
    return isinstance(condition, EvmBasic) and condition.standard_contract_type == "LitAction"
