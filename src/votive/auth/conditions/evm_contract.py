"""evmContract: any function of any contract, called at the final block."""

from __future__ import annotations

from typing import Any

from votive.auth.conditions.compare import brief, equal, integers, members, texts
from votive.auth.conditions.special import address_in, put_in
from votive.auth.conditions.world import Absent, Inquiry, Verdict
from votive.terms.conditions.abi_codec import call_data, decode_one, value_of
from votive.terms.conditions.abi_types import AbiError, AbiType
from votive.terms.conditions.comparing import Answer
from votive.terms.conditions.evm_contract import answer_of, output_index, types_in
from votive.terms.conditions.kinds import EvmContract
from votive.terms.encoding import bytes_of


async def judge(condition: EvmContract, asked: Inquiry) -> Verdict:
    """Call the function and compare the output that the test names."""
    inputs, outputs = types_in(condition.function_abi.inputs), types_in(condition.function_abi.outputs)
    data = call_data(condition.function_abi.name, inputs, _values(condition, inputs, asked))
    returned = await asked.called(condition.chain, condition.contract_address, data)
    index = output_index(condition) or 0
    try:
        seen = decode_one(outputs, returned, index)
    except AbiError as error:
        raise Absent(f"the contract's answer is no ({', '.join(str(kind) for kind in outputs)}): {error}") from error
    return Verdict(holds=_compare(condition, outputs[index], seen, asked), seen=_shown(seen), block=await asked.block(condition.chain))


def _values(condition: EvmContract, kinds: list[AbiType], asked: Inquiry) -> list[Any]:
    values = []
    for text, kind in zip(condition.function_params, kinds, strict=True):
        put = put_in(text, asked.who, asked.who.address)
        try:
            values.append(value_of(put, kind))
        except AbiError as error:  # only of a text that was put in: all others were checked while parsing
            raise Absent(f"{text} stands for no {kind}: {error}") from error
    return values


def _compare(condition: EvmContract, kind: AbiType, seen: Any, asked: Inquiry) -> bool:
    test, answer = condition.test, answer_of(kind)
    if answer in {Answer.UNSIGNED, Answer.SIGNED}:
        return integers(seen, test.comparator, test.value)
    if answer is Answer.TEXTS:
        if kind.base == "address":  # its letters' case is a checksum
            return members([_text(item).lower() for item in seen], test.comparator, test.value.lower())
        return members([_text(item) for item in seen], test.comparator, test.value)
    if answer is Answer.TEXT:
        return texts(seen, test.comparator, test.value)
    if answer is Answer.ADDRESS:
        return equal(seen.lower(), test.comparator, address_in(test.value, asked.who))
    wanted: object = test.value.lower() == "true" if answer is Answer.TRUTH else bytes_of(test.value)
    return equal(seen, test.comparator, wanted)


def _text(seen: Any) -> str:
    """Return an element of an array as tests write it: decimal, true or false, 0x and lower-case hex, or as it is."""
    if isinstance(seen, list):
        return f"[{','.join(_text(item) for item in seen)}]"
    if isinstance(seen, bool):
        return "true" if seen else "false"
    return f"0x{seen.hex()}" if isinstance(seen, bytes) else str(seen)


def _shown(seen: Any) -> str:
    return brief(_text(seen) if isinstance(seen, bytes | list) else seen)
