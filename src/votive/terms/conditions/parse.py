"""Conditions from JSON: strict, because what one reader ignores another might obey.

Everything unknown is refused: fields, kinds, methods, comparators, special parameters, numbers that are no integers. Operators stand
between any two items of a list, or nowhere in it; then all its items must hold. The path of what is wrong is part of the refusal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from votive.terms.conditions.canonical import canonical_bytes, json_of
from votive.terms.conditions.cosmos import read_cosmos
from votive.terms.conditions.errors import InvalidConditions, TooManyConditions, shown
from votive.terms.conditions.evm_basic import read_evm_basic
from votive.terms.conditions.evm_contract import read_evm_contract
from votive.terms.conditions.fields import MAX_DEPTH, Fields
from votive.terms.conditions.kinds import Condition, ConditionKind, Group, Operator
from votive.terms.conditions.sol_rpc import read_sol_rpc
from votive.terms.errors import CallerError

MAX_CONDITIONS = 30
"""As Lit: conditions of one request, groups counted through, operators not counted."""
MAX_BYTES = 64 * 1024
"""Bytes of the canonical JSON."""

LISTS = {
    "accessControlConditions": ConditionKind.EVM_BASIC,
    "evmContractConditions": ConditionKind.EVM_CONTRACT,
    "solRpcConditions": ConditionKind.SOL_RPC,
    "unifiedAccessControlConditions": ConditionKind.UNIFIED,
}
"""The fields of a request that hold conditions, and of which kind."""

MARKS = {
    "standardContractType": ConditionKind.EVM_BASIC,
    "functionAbi": ConditionKind.EVM_CONTRACT,
    "params": ConditionKind.SOL_RPC,
    "path": ConditionKind.COSMOS,
}
"""A field that one kind has and no other: the published SDK sends unified conditions without their ``conditionType``."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that were understood, and the bytes that name them."""

    kind: ConditionKind
    group: Group
    canonical: bytes
    """The JSON that Lit's SDK hashes, UTF-8."""

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical JSON, 32 bytes."""
        return hashlib.sha256(self.canonical).digest()

    def as_json(self) -> list[Any]:
        """Return the conditions as JSON, in canonical form: what a client sends."""
        value: list[Any] = json_of(self.group)
        return value


def parse(items: Any, kind: ConditionKind = ConditionKind.UNIFIED, *, where: str = "conditions") -> Conditions:
    """Parse a list of conditions.

    Args:
        items: the JSON list.
        kind: of the list; a unified list holds any kind.
        where: its path in the request, for refusals.

    Raises:
        InvalidConditions: anything unknown, ill-typed or ambiguous, with its path.
        TooManyConditions: more than ``MAX_CONDITIONS``.
    """
    _check_size(items, where)
    group = _Reading(kind).group(items, where, depth=0)
    canonical = canonical_bytes(group, where)
    if len(canonical) > MAX_BYTES:
        raise _too_long(where)
    return Conditions(kind=kind, group=group, canonical=canonical)


def _check_size(items: Any, where: str) -> None:
    """Refuse what is too long before anything in it is read: reading costs more than counting."""
    waiting, left = [items], MAX_BYTES
    while waiting:
        item = waiting.pop()
        left -= len(item) if isinstance(item, str | dict | list | tuple) else 1
        if left < 0:
            raise _too_long(where)
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item


def _too_long(where: str) -> InvalidConditions:
    return InvalidConditions(where, f"the conditions take more than {MAX_BYTES} bytes. Make them shorter")


def from_request(body: Mapping[str, Any]) -> Conditions:
    """Parse the conditions of a request: exactly one of the four lists of ``LISTS``; null counts as absent."""
    given = [name for name in LISTS if body.get(name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise CallerError(f"send exactly one list of conditions ({', '.join(LISTS)}); found {found}.", details=({"field": found},))
    return parse(body[given[0]], LISTS[given[0]], where=given[0])


def identity(conditions_hash: bytes, data_hash: bytes) -> bytes:
    """Return the identity that a ciphertext is encrypted to and that the nodes sign: UTF-8 of Lit's resource URI.

    Args:
        conditions_hash: SHA-256 of the canonical conditions, 32 bytes.
        data_hash: SHA-256 of the plaintext, 32 bytes.
    """
    if len(conditions_hash) != 32 or len(data_hash) != 32:
        raise CallerError("a hash of conditions and a hash of data have 32 bytes each. Send SHA-256 in hex.")
    return f"lit-accesscontrolcondition://{conditions_hash.hex()}/{data_hash.hex()}".encode()


@dataclass
class _Reading:
    kind: ConditionKind
    count: int = 0

    def group(self, value: Any, where: str, depth: int) -> Group:
        if not isinstance(value, list | tuple):
            raise InvalidConditions(where, f"a list […] belongs here, not {shown(value)}")
        if not value:
            raise InvalidConditions(where, "an empty list says nothing. Write a condition")
        if depth > MAX_DEPTH:
            raise InvalidConditions(where, f"groups are nested more than {MAX_DEPTH} levels deep. Write them flatter")
        items = tuple(self._item(item, f"{where}[{index}]", depth) for index, item in enumerate(value))
        _check_operators(items, where)
        return Group(items)

    def _item(self, value: Any, where: str, depth: int) -> Condition | Group | Operator:
        if isinstance(value, list | tuple):
            return self.group(value, where, depth + 1)
        if isinstance(value, dict) and "operator" in value:
            return _read_operator(Fields(value, where))
        self.count += 1
        if self.count > MAX_CONDITIONS:
            raise TooManyConditions(f"there are more than {MAX_CONDITIONS} conditions. Use fewer.", details=({"limit": MAX_CONDITIONS},))
        fields = Fields(value, where)
        condition = READERS[self._kind(fields)](fields, self.kind is ConditionKind.UNIFIED)
        fields.done()
        return condition

    def _kind(self, fields: Fields) -> ConditionKind:
        marked = [kind for mark, kind in MARKS.items() if fields.has(mark)]
        if len(marked) != 1:
            raise InvalidConditions(fields.where, f"a condition has exactly one of the fields {', '.join(MARKS)}; this has {len(marked)}")
        named = fields.text("conditionType") if fields.has("conditionType") else marked[0].value
        if named != marked[0]:
            raise InvalidConditions(fields.at("conditionType"), f"the fields are those of {marked[0].value!r}, not of {shown(named)}")
        if self.kind not in {marked[0], ConditionKind.UNIFIED}:
            raise InvalidConditions(fields.where, f"this is a condition of the kind {marked[0].value!r} in a list of {self.kind.value!r}")
        return marked[0]


READERS: dict[ConditionKind, Callable[[Fields, bool], Condition]] = {
    ConditionKind.EVM_BASIC: read_evm_basic,
    ConditionKind.EVM_CONTRACT: read_evm_contract,
    ConditionKind.SOL_RPC: read_sol_rpc,
    ConditionKind.COSMOS: read_cosmos,
}


def _read_operator(fields: Fields) -> Operator:
    text = fields.text("operator")
    fields.done()  # a condition beside an operator would not be hashed
    if text not in set(Operator):
        raise InvalidConditions(fields.at("operator"), f"an operator is 'and' or 'or', not {shown(text)}")
    return Operator(text)


def _check_operators(items: tuple[Any, ...], where: str) -> None:
    """Operators stand at every second place, or at none."""
    if not any(isinstance(item, Operator) for item in items):
        return
    for index, item in enumerate(items):
        if isinstance(item, Operator) != bool(index % 2):
            raise InvalidConditions(f"{where}[{index}]", "conditions and operators take turns in a list that has operators")
    if len(items) % 2 == 0:
        raise InvalidConditions(f"{where}[{len(items) - 1}]", "a condition belongs behind this operator")
