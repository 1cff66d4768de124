"""``Lit.Actions.checkConditions({conditions, authSig, chain})`` → boolean."""

from __future__ import annotations

from votive.action.calls.capability import Arguments, Capability, Reply, Run, Text
from votive.action.calls.conditions import ConditionsText, ProofText, conditions_of, proof_of


class CheckConditions(Arguments, frozen=True, kw_only=True):
    """``conditions`` and ``authSig`` are JSON text; without an ``authSig``, the caller of the run is meant."""

    conditions: ConditionsText
    auth_sig: ProofText | None
    chain: Text | None


async def _handle(run: Run, args: CheckConditions, _: bytes) -> Reply:
    conditions = conditions_of(args.conditions, "conditions")
    return await run.host.check_conditions(conditions, proof_of(args.auth_sig), args.chain), b""


CAPABILITY = Capability("checkConditions", CheckConditions, "condition_checks", "The action checked conditions too often", _handle)
