"""evmBasic: balances, time and standard contracts of an EVM chain, the caller's wallet and message, and actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from votive.auth.conditions import action, poap
from votive.auth.conditions.compare import brief, equal, integers, members, texts
from votive.auth.conditions.special import address_in, put_in
from votive.auth.conditions.world import Absent, Inquiry, Verdict
from votive.terms.conditions.abi_codec import call_data, decode_one
from votive.terms.conditions.abi_types import AbiError, type_of
from votive.terms.conditions.comparing import Answer
from votive.terms.conditions.kinds import EvmBasic
from votive.terms.conditions.special import SIWE_DOMAIN, USER_ADDRESS
from votive.terms.conditions.standard_contract import Parameter, Standard, number_of, standard_of
from votive.terms.encoding import bytes_of


async def judge(condition: EvmBasic, asked: Inquiry) -> Verdict:
    """Find out whether a condition of this kind holds."""
    standard = standard_of(condition)
    if standard is not None:
        return await _contract(condition, standard, asked)
    if condition.standard_contract_type == "LitAction":
        return await action.judge(condition, asked)
    return await _OTHERS[condition.standard_contract_type, condition.method](condition, asked)


async def _balance(condition: EvmBasic, asked: Inquiry) -> Verdict:
    seen = await asked.balance(condition.chain, address_in(condition.parameters[0], asked.who))
    holds = integers(seen, condition.test.comparator, condition.test.value)
    return Verdict(holds=holds, seen=f"{seen} wei", block=await asked.block(condition.chain))


async def _time(condition: EvmBasic, asked: Inquiry) -> Verdict:
    block = await asked.block(condition.chain)
    holds = integers(block.timestamp, condition.test.comparator, condition.test.value)
    return Verdict(holds=holds, seen=str(block.timestamp), block=block)


async def _caller(condition: EvmBasic, asked: Inquiry) -> Verdict:
    """Compare who asks. No chain is read, whichever is named."""
    parameter, test = condition.parameters[0], condition.test
    if parameter == USER_ADDRESS:
        seen = address_in(parameter, asked.who)
        return Verdict(holds=equal(seen, test.comparator, address_in(test.value, asked.who)), seen=seen)
    seen = put_in(parameter, asked.who, asked.who.address)
    return Verdict(holds=texts(seen, test.comparator, test.value), seen=brief(seen))


async def _message(condition: EvmBasic, asked: Inquiry) -> Verdict:
    """Compare the caller's own sign-in message (EIP-4361)."""
    domain, resources, test = asked.who.siwe_domain, list(asked.who.siwe_resources), condition.test
    if not domain:
        raise Absent("the caller sent no sign-in message")
    if condition.parameters[0] == SIWE_DOMAIN:
        return Verdict(holds=texts(domain, test.comparator, test.value), seen=brief(domain))
    return Verdict(holds=members(resources, test.comparator, test.value), seen=brief(", ".join(resources)))


_OTHERS: dict[tuple[str, str], Callable[[EvmBasic, Inquiry], Awaitable[Verdict]]] = {
    ("", "eth_getBalance"): _balance,
    ("", ""): _caller,
    ("timestamp", "eth_getBlockByNumber"): _time,
    ("SIWE", ""): _message,
    ("POAP", "tokenURI"): poap.judge,
    ("POAP", "eventId"): poap.judge,
}


async def _contract(condition: EvmBasic, standard: Standard, asked: Inquiry) -> Verdict:
    name, _, inside = standard.signature.partition("(")
    types = [type_of(part) for part in inside.removesuffix(")").split(",")]
    values = [_VALUES[kind](text, asked) for kind, text in zip(standard.parameters, condition.parameters, strict=True)]
    returned = await asked.called(condition.chain, condition.contract_address, call_data(name, types, values))
    try:
        seen = _answers(condition, standard, returned)
    except AbiError as error:
        raise Absent(f"the contract's answer is no {', '.join(standard.returns)}: {error}") from error
    return Verdict(holds=_compare(condition, standard, seen, asked), seen=brief(seen), block=await asked.block(condition.chain))


def _addresses(text: str, asked: Inquiry) -> list[str]:
    return [address_in(part, asked.who) for part in text.split(",")]


_VALUES: dict[Parameter, Callable[[str, Inquiry], Any]] = {
    Parameter.ADDRESS: lambda text, asked: address_in(text, asked.who),
    Parameter.USER: lambda text, asked: address_in(text, asked.who),
    Parameter.ID: lambda text, _: number_of(text),
    Parameter.PLAN: lambda text, _: int(text),
    Parameter.MULTIHASH: lambda text, _: bytes_of(text),
    Parameter.ADDRESSES: _addresses,
    Parameter.IDS: lambda text, _: [number_of(part) for part in text.split(",")],
}


def _answers(condition: EvmBasic, standard: Standard, returned: bytes) -> Any:
    """Read what the contract answered; yes or no where the type of contract says what that is."""
    kinds = [type_of(name) for name in standard.returns]
    if condition.standard_contract_type == "MolochDAOv2.1":  # a member that exists and is not jailed
        return decode_one(kinds, returned, 3) and decode_one(kinds, returned, 5) == 0
    value = decode_one(kinds, returned, 0)
    return value == 1 if condition.standard_contract_type == "Creaton" else value


def _compare(condition: EvmBasic, standard: Standard, seen: Any, asked: Inquiry) -> bool:
    test = condition.test
    if isinstance(seen, list):  # balanceOfBatch: any of the balances
        return any(integers(balance, test.comparator, test.value) for balance in seen)
    if standard.answer is Answer.TRUTH:
        return equal(seen, test.comparator, test.value.lower() == "true")
    if standard.answer is Answer.ADDRESS:
        return equal(seen.lower(), test.comparator, address_in(test.value, asked.who))
    return integers(seen, test.comparator, test.value)
