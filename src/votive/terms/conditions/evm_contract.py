"""Conditions of the kind evmContract: any function of any contract, by its ABI, with every value checked before anything is asked."""

from __future__ import annotations

import re

from votive.terms.conditions.abi_codec import value_of
from votive.terms.conditions.abi_types import AbiError, AbiType, type_of
from votive.terms.conditions.comparing import Answer, check_test, read_test
from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.evm_basic import check_address, check_chain
from votive.terms.conditions.fields import Fields
from votive.terms.conditions.kinds import AbiParameter, EvmContract, FunctionAbi
from votive.terms.conditions.special import CURRENT_ACTION, USER_ADDRESS, check_special, is_special

MAX_PARAMETERS = 32
MUTABILITIES = ("pure", "view", "nonpayable", "payable")
_NAME = r"[A-Za-z_$][A-Za-z0-9_$]{0,127}"


def read_evm_contract(fields: Fields, _unified: bool) -> EvmContract:
    """Take the fields of a condition of this kind and check what it asks."""
    condition = EvmContract(
        contract_address=fields.text("contractAddress"),
        function_name=fields.text("functionName"),
        function_params=fields.texts("functionParams"),
        function_abi=_abi(fields),
        chain=fields.text("chain"),
        test=read_test(fields, keyed=True),
    )
    check_chain(condition.chain, fields.at("chain"))
    check_address(condition.contract_address, fields.at("contractAddress"))
    _check_function(condition, fields)
    types = types_in(condition.function_abi.inputs, fields.at("functionAbi.inputs"))
    types_in(condition.function_abi.outputs, fields.at("functionAbi.outputs"))
    _check_parameters(condition, types, fields)
    answer = answer_of(type_of(condition.function_abi.outputs[_output(condition, fields)].type))
    check_test(condition.test, answer, fields.at("returnValueTest"))
    return condition


def _abi(fields: Fields) -> FunctionAbi:
    inside = fields.inside("functionAbi")
    abi = FunctionAbi(
        name=inside.text("name"),
        inputs=_abi_parameters(inside, "inputs"),
        outputs=_abi_parameters(inside, "outputs"),
        constant=inside.truth("constant") if inside.has("constant") else False,
        state_mutability=inside.text("stateMutability"),
    )
    if inside.has("type") and (named := inside.text("type")) != "function":
        raise InvalidConditions(inside.at("type"), f"only a function can be called, not {shown(named)}")
    inside.done()
    return abi


def _abi_parameters(fields: Fields, name: str) -> tuple[AbiParameter, ...]:
    return tuple(_abi_parameter(Fields(item, f"{fields.at(name)}[{index}]")) for index, item in enumerate(fields.list_of(name)))


def _abi_parameter(fields: Fields) -> AbiParameter:
    parameter = AbiParameter(fields.text("name"), fields.text("type"))
    if fields.has("internalType"):  # what the source calls the type; the SDK drops it and calls do not depend on it
        fields.text("internalType")
    fields.done()
    return parameter


def _check_function(condition: EvmContract, fields: Fields) -> None:
    abi = condition.function_abi
    if re.fullmatch(_NAME, abi.name) is None:
        raise InvalidConditions(fields.at("functionAbi.name"), f"this is no function's name: {shown(abi.name)}")
    if condition.function_name != abi.name:
        raise InvalidConditions(fields.at("functionName"), f"the ABI is that of {shown(abi.name)}, not of {shown(condition.function_name)}")
    if abi.state_mutability not in MUTABILITIES:
        complaint = f"{shown(abi.state_mutability)} is none of {', '.join(MUTABILITIES)}"
        raise InvalidConditions(fields.at("functionAbi.stateMutability"), complaint)
    if max(len(abi.inputs), len(abi.outputs)) > MAX_PARAMETERS:
        raise InvalidConditions(fields.at("functionAbi"), f"a function has at most {MAX_PARAMETERS} inputs and outputs here")
    if not abi.outputs:
        raise InvalidConditions(fields.at("functionAbi.outputs"), "a function that returns nothing cannot be compared with anything")
    if len(condition.function_params) != len(abi.inputs):
        count = f"the function takes {len(abi.inputs)} parameters, not {len(condition.function_params)}"
        raise InvalidConditions(fields.at("functionParams"), count)


def types_in(parameters: tuple[AbiParameter, ...], where: str = "") -> list[AbiType]:
    """Return the types of inputs or outputs."""
    types = []
    for index, parameter in enumerate(parameters):
        try:
            types.append(type_of(parameter.type))
        except AbiError as error:
            raise InvalidConditions(f"{where}[{index}].type", str(error)) from error
    return types


def _check_parameters(condition: EvmContract, types: list[AbiType], fields: Fields) -> None:
    for index, (text, kind) in enumerate(zip(condition.function_params, types, strict=True)):
        where = f"{fields.at('functionParams')}[{index}]"
        check_special(text, where)
        try:
            if is_special(text):
                _check_special_type(text, kind)
            else:
                value_of(text, kind)
        except AbiError as error:
            raise InvalidConditions(where, str(error)) from error


def _check_special_type(text: str, kind: AbiType) -> None:
    fits = {USER_ADDRESS: {"address", "string"}, CURRENT_ACTION: {"string"}}.get(text)
    if kind.is_array or (fits is not None and kind.base not in fits):
        raise AbiError(f"{text} is no {kind}")


def output_index(condition: EvmContract) -> int | None:
    """Return which output the test asks: the first, or the only one of that name; None if no output, or several, have it."""
    key = condition.test.key
    named = [index for index, output in enumerate(condition.function_abi.outputs) if output.name == key]
    if not key:
        return 0
    return named[0] if len(named) == 1 else None


def _output(condition: EvmContract, fields: Fields) -> int:
    index = output_index(condition)
    if index is None:
        names = ", ".join(shown(output.name) for output in condition.function_abi.outputs)
        raise InvalidConditions(fields.at("returnValueTest.key"), f"exactly one output must have this name; there are {names}")
    return index


def answer_of(kind: AbiType) -> Answer:
    """Return how a value of this type is compared."""
    if kind.is_array:
        return Answer.TEXTS
    known = {"uint": Answer.UNSIGNED, "int": Answer.SIGNED, "address": Answer.ADDRESS, "bool": Answer.TRUTH, "string": Answer.TEXT}
    return known.get(kind.base, Answer.HEX)
