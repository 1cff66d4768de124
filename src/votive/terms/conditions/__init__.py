"""Access control conditions: parsed strictly, held frozen, and hashed exactly as Lit's public SDK hashes them.

Patterns stand as text here and are compiled when they are first used, since every client imports this room.
"""

from __future__ import annotations

from votive.terms.conditions.errors import InvalidConditions, TooManyConditions
from votive.terms.conditions.kinds import (
    Comparator,
    Condition,
    ConditionKind,
    Cosmos,
    EvmBasic,
    EvmContract,
    Group,
    Operator,
    SolRpc,
    Test,
)
from votive.terms.conditions.parse import LISTS, MAX_CONDITIONS, Conditions, from_request, identity, parse

__all__ = [
    "LISTS",
    "MAX_CONDITIONS",
    "Comparator",
    "Condition",
    "ConditionKind",
    "Conditions",
    "Cosmos",
    "EvmBasic",
    "EvmContract",
    "Group",
    "InvalidConditions",
    "Operator",
    "SolRpc",
    "Test",
    "TooManyConditions",
    "from_request",
    "identity",
    "parse",
]
