"""Access control conditions as Lit's public SDK writes them: five kinds, held as they were written, ready to be hashed and judged.

A group is a list of conditions and groups with operators between them. Texts stay texts here: what they mean was checked while they
were parsed, and what they are compared with is for those who judge.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias, Union

import msgspec


class ConditionKind(StrEnum):
    """The kind of a condition, or of a whole list; Lit's names."""

    EVM_BASIC = "evmBasic"
    EVM_CONTRACT = "evmContract"
    SOL_RPC = "solRpc"
    COSMOS = "cosmos"
    UNIFIED = "unified"
    """Of a list only: its conditions are of any kind."""


class Operator(StrEnum):
    """What stands between two conditions."""

    AND = "and"
    OR = "or"


class Comparator(StrEnum):
    """How a value seen is compared with the value of a test."""

    EQUAL = "="
    UNEQUAL = "!="
    MORE = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="
    CONTAINS = "contains"
    LACKS = "!contains"


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """``returnValueTest``: what must be true of the value seen."""

    __test__ = False  # no test of pytest's

    comparator: Comparator
    value: str
    key: str | None = None
    """Which part of the answer: the name of an output (evmContract) or a JSONPath (solRpc, cosmos); None in evmBasic."""


class EvmBasic(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a known kind about an EVM chain, the caller's wallet message, or an action."""

    contract_address: str
    chain: str
    standard_contract_type: str
    method: str
    parameters: tuple[str, ...]
    test: Test


class AbiParameter(msgspec.Struct, frozen=True):
    """An input or output of a function."""

    name: str
    type: str


class FunctionAbi(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a function's ABI that Lit hashes."""

    name: str
    inputs: tuple[AbiParameter, ...]
    outputs: tuple[AbiParameter, ...]
    constant: bool
    state_mutability: str


class EvmContract(msgspec.Struct, frozen=True, kw_only=True):
    """A call of any function of a contract."""

    contract_address: str
    function_name: str
    function_params: tuple[str, ...]
    function_abi: FunctionAbi
    chain: str
    test: Test


class JsonObject(msgspec.Struct, frozen=True):
    """A JSON object, frozen; the keys in JavaScript's order (integers first, ascending; then as written)."""

    items: tuple[tuple[str, Json], ...]


Json: TypeAlias = Union[str, int, bool, tuple["Json", ...], JsonObject, None]  # noqa: UP007  # it names itself
"""A JSON value, frozen. There is no number but the integer."""


class PdaInterface(msgspec.Struct, frozen=True, kw_only=True):
    """How the account of a program-derived address is laid out."""

    offset: int
    """Bytes before the first field."""
    fields: tuple[tuple[str, int], ...]
    """Names and sizes in bytes, one after the other."""


class SolRpc(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a Solana chain. ``pda_interface`` is None in Lit's first version of this kind."""

    method: str
    params: tuple[Json, ...]
    chain: str
    test: Test
    pda_params: tuple[str, ...] | None = None
    pda_interface: PdaInterface | None = None
    pda_key: str | None = None


class Cosmos(msgspec.Struct, frozen=True, kw_only=True):
    """A question to the REST interface of a Cosmos chain."""

    path: str
    chain: str
    test: Test
    method: str | None = None
    parameters: tuple[str, ...] | None = None


Condition: TypeAlias = EvmBasic | EvmContract | SolRpc | Cosmos


class Group(msgspec.Struct, frozen=True):
    """A list as it was written: conditions and groups, and either an operator between any two of them or none at all."""

    items: tuple[Union[EvmBasic, EvmContract, SolRpc, Cosmos, Group, Operator], ...]  # noqa: UP007  # it names itself


KIND_OF: dict[type, ConditionKind] = {
    EvmBasic: ConditionKind.EVM_BASIC,
    EvmContract: ConditionKind.EVM_CONTRACT,
    SolRpc: ConditionKind.SOL_RPC,
    Cosmos: ConditionKind.COSMOS,
}
