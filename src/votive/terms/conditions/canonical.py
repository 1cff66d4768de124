"""The canonical JSON of conditions and its hash, exactly as Lit's public SDK computes them.

SHA-256 of what ``JSON.stringify`` gives for the list: a fixed order of fields, no spaces, texts in UTF-8. The kind of a condition,
and operators that were left out, are not part of it. Whatever is not part of it was refused while parsing, or means nothing.
"""

from __future__ import annotations

import json
from functools import singledispatch
from typing import Any

from votive.terms.conditions.errors import InvalidConditions
from votive.terms.conditions.kinds import (
    AbiParameter,
    Cosmos,
    EvmBasic,
    EvmContract,
    FunctionAbi,
    Group,
    Json,
    JsonObject,
    Operator,
    SolRpc,
    Test,
)


def canonical_bytes(group: Group, where: str) -> bytes:
    """Return the bytes that are hashed. InvalidConditions if a text holds half of a surrogate pair, which UTF-8 cannot carry."""
    text = json.dumps(json_of(group), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidConditions(where, "a text holds half of a surrogate pair, which is not Unicode. Correct the text") from error


@singledispatch
def json_of(item: Any) -> Any:
    """Return a condition, group or operator as the JSON that is hashed; dictionaries in the order of their fields."""
    raise TypeError(f"{type(item).__name__} has no canonical form")


@json_of.register
def _group(item: Group) -> list[Any]:
    return [json_of(inner) for inner in item.items]


@json_of.register
def _operator(item: Operator) -> dict[str, Any]:
    return {"operator": item.value}


@json_of.register
def _evm_basic(item: EvmBasic) -> dict[str, Any]:
    return {
        "contractAddress": item.contract_address,
        "chain": item.chain,
        "standardContractType": item.standard_contract_type,
        "method": item.method,
        "parameters": list(item.parameters),
        "returnValueTest": _test(item.test),
    }


@json_of.register
def _evm_contract(item: EvmContract) -> dict[str, Any]:
    return {
        "contractAddress": item.contract_address,
        "functionName": item.function_name,
        "functionParams": list(item.function_params),
        "functionAbi": _abi(item.function_abi),
        "chain": item.chain,
        "returnValueTest": _test(item.test),
    }


@json_of.register
def _sol_rpc(item: SolRpc) -> dict[str, Any]:
    pda: dict[str, Any] = {}
    if item.pda_params is not None:
        pda["pdaParams"] = list(item.pda_params)
    if item.pda_interface is not None:
        pda["pdaInterface"] = {"offset": item.pda_interface.offset, "fields": dict(item.pda_interface.fields)}
        pda["pdaKey"] = item.pda_key
    asked = {"method": item.method, "params": [plain_json(value) for value in item.params]}
    return asked | pda | {"chain": item.chain, "returnValueTest": _test(item.test)}


@json_of.register
def _cosmos(item: Cosmos) -> dict[str, Any]:
    optional = {"method": item.method, "parameters": None if item.parameters is None else list(item.parameters)}
    asked = {"path": item.path, "chain": item.chain} | {name: value for name, value in optional.items() if value is not None}
    return asked | {"returnValueTest": _test(item.test)}


def _test(test: Test) -> dict[str, Any]:
    key = {} if test.key is None else {"key": test.key}
    return key | {"comparator": test.comparator.value, "value": test.value}


def _abi(abi: FunctionAbi) -> dict[str, Any]:
    return {
        "name": abi.name,
        "inputs": [_parameter(parameter) for parameter in abi.inputs],
        "outputs": [_parameter(parameter) for parameter in abi.outputs],
        "constant": abi.constant,
        "stateMutability": abi.state_mutability,
    }


def _parameter(parameter: AbiParameter) -> dict[str, Any]:
    return {"name": parameter.name, "type": parameter.type}


def plain_json(value: Json) -> Any:
    """Return a frozen JSON value as lists and dictionaries."""
    if isinstance(value, tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, JsonObject):
        return {name: plain_json(item) for name, item in value.items}
    return value
