"""Conditions of the kind evmBasic: which questions there are, what each must look like, and what kind of answer it has.

A question is a pair of ``standardContractType`` and ``method``. A pair that is not here is refused, as are parameters that Lit's
nodes would ignore, or whose meaning they leave open.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from votive.terms.conditions.comparing import Answer, check_test, read_test
from votive.terms.conditions.errors import InvalidConditions, shown
from votive.terms.conditions.fields import Fields
from votive.terms.conditions.kinds import Comparator, EvmBasic
from votive.terms.conditions.special import (
    CURRENT_ACTION,
    LIT_PARAM,
    SIWE_DOMAIN,
    SIWE_RESOURCES,
    USER_ADDRESS,
    check_special,
    is_address,
    special_address,
)
from votive.terms.conditions.standard_contract import FITS, STANDARDS, Parameter, standard_of

STANDARD_TYPES = (
    *("", "ERC20", "ERC721", "ERC1155", "CASK", "Creaton", "MolochDAOv2.1", "ProofOfHumanity", "POAP"),
    *("timestamp", "SIWE", "PKPPermissions", "LitAction"),
)
_NAME = r"[A-Za-z_$][A-Za-z0-9_$]{0,63}"
_CID = r"Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{20,100}"
_RESERVED = (
    "arguments|async|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for"
    "|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this"
    "|throw|true|try|typeof|undefined|var|void|while|with|yield"
)
"""Words of JavaScript that name no function of an action's."""


def action_cid(condition: EvmBasic) -> str:
    """Return the CID of a LitAction condition: its ``contractAddress``, with ``ipfs://`` or without."""
    return condition.contract_address.removeprefix("ipfs://")


def read_evm_basic(fields: Fields, _unified: bool) -> EvmBasic:
    """Take the fields of a condition of this kind and check what it asks."""
    condition = EvmBasic(
        contract_address=fields.text("contractAddress"),
        chain=fields.text("chain"),
        standard_contract_type=fields.text("standardContractType"),
        method=fields.text("method"),
        parameters=fields.texts("parameters"),
        test=read_test(fields, keyed=False),
    )
    check_chain(condition.chain, fields.at("chain"))
    answer = _checker(condition, fields)(condition, fields)
    check_test(condition.test, answer, fields.at("returnValueTest"))
    return condition


def check_chain(name: str, where: str) -> None:
    """Refuse what can be no chain's name; whether a network knows the chain is found out by asking it."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name) is None:
        raise InvalidConditions(where, f"a chain's name has letters and digits, not {shown(name)}")


def _checker(condition: EvmBasic, fields: Fields) -> Callable[[EvmBasic, Fields], Answer]:
    standard = standard_of(condition)
    if standard is not None:
        return _contract
    checker = _OTHERS.get((condition.standard_contract_type, condition.method))
    if checker is None and condition.standard_contract_type == "LitAction":
        return _action
    if checker is None:
        raise InvalidConditions(*_unknown(condition, fields))
    return checker


def _unknown(condition: EvmBasic, fields: Fields) -> tuple[str, str]:
    if condition.standard_contract_type not in STANDARD_TYPES:
        known = ", ".join(name or "''" for name in STANDARD_TYPES)
        return fields.at("standardContractType"), f"there is no {shown(condition.standard_contract_type)} here. There are {known}"
    pairs = [method for kind, method in (*STANDARDS, *_OTHERS) if kind == condition.standard_contract_type]
    known = ", ".join(method or "''" for method in pairs)
    kind = condition.standard_contract_type or "no contract type"
    return fields.at("method"), f"{kind} has no method {shown(condition.method)}. It has {known}"


def _contract(condition: EvmBasic, fields: Fields) -> Answer:
    standard = standard_of(condition)
    assert standard is not None  # noqa: S101  # _checker saw it
    check_address(condition.contract_address, fields.at("contractAddress"))
    check_count(condition.parameters, {len(standard.parameters)}, fields)
    for index, (text, expected) in enumerate(zip(condition.parameters, standard.parameters, strict=True)):
        if not FITS[expected](text):
            raise InvalidConditions(f"{fields.at('parameters')}[{index}]", f"{expected.value} belongs here, not {shown(text)}")
    if standard.fixed and (condition.test.comparator is not Comparator.EQUAL or condition.test.value.lower() != "true"):
        where = fields.at("returnValueTest")
        raise InvalidConditions(where, f"{condition.standard_contract_type} answers yes or no; only the test '=' 'true' says so")
    if Parameter.ADDRESSES in standard.parameters and len(condition.parameters[0].split(",")) != len(condition.parameters[1].split(",")):
        raise InvalidConditions(fields.at("parameters"), "there must be as many addresses as token ids")
    return standard.answer


def check_address(text: str, where: str) -> None:
    """Refuse what is no EVM address."""
    if not is_address(text):
        raise InvalidConditions(where, f"an address (0x and 40 hex digits) belongs here, not {shown(text)}")


def check_count(parameters: tuple[str, ...], counts: set[int], fields: Fields) -> None:
    """Refuse another number of parameters."""
    if len(parameters) not in counts:
        expected = " or ".join(str(count) for count in sorted(counts))
        raise InvalidConditions(fields.at("parameters"), f"{expected} parameters belong here, not {len(parameters)}")


def _native_balance(condition: EvmBasic, fields: Fields) -> Answer:
    check_count(condition.parameters, {1, 2}, fields)
    _check_block(condition.parameters[1:], fields, 1)
    if not special_address(condition.parameters[0]):
        where = f"{fields.at('parameters')}[0]"
        raise InvalidConditions(where, f"{Parameter.ADDRESS.value} belongs here, not {shown(condition.parameters[0])}")
    return Answer.UNSIGNED


def _check_block(parameters: tuple[str, ...], fields: Fields, index: int) -> None:
    if parameters and parameters[0] != "latest":
        where = f"{fields.at('parameters')}[{index}]"
        raise InvalidConditions(where, f"only 'latest' can be asked (nodes read the last final block), not {shown(parameters[0])}")


def _signature(condition: EvmBasic, fields: Fields) -> Answer:
    check_count(condition.parameters, {1}, fields)
    asked, where = condition.parameters[0], f"{fields.at('parameters')}[0]"
    if asked == USER_ADDRESS:
        return Answer.ADDRESS
    check_special(asked, where)
    if asked == CURRENT_ACTION or asked.startswith(LIT_PARAM):
        return Answer.TEXT
    raise InvalidConditions(where, f"{shown(asked)} is the same for every caller. Ask :userAddress, :currentActionIpfsId or :litParam:NAME")


def _timestamp(condition: EvmBasic, fields: Fields) -> Answer:
    check_count(condition.parameters, {0, 1}, fields)
    _check_block(condition.parameters, fields, 0)
    return Answer.UNSIGNED


def _siwe(condition: EvmBasic, fields: Fields) -> Answer:
    answers = {(SIWE_DOMAIN,): Answer.TEXT, (SIWE_RESOURCES,): Answer.TEXTS}
    if condition.parameters not in answers:
        complaint = f"[':domain'] or [':resources'] belongs here, not {shown(', '.join(condition.parameters))}"
        raise InvalidConditions(fields.at("parameters"), complaint)
    return answers[condition.parameters]


def _poap(condition: EvmBasic, fields: Fields) -> Answer:
    check_address(condition.contract_address, fields.at("contractAddress"))
    check_count(condition.parameters, {0}, fields)
    wanted = {Comparator.EQUAL, Comparator.CONTAINS} if condition.method == "tokenURI" else {Comparator.EQUAL}
    if condition.test.comparator not in wanted:
        raise InvalidConditions(fields.at("returnValueTest.comparator"), f"use one of {' '.join(sorted(wanted))} here")
    return Answer.TEXT if condition.method == "tokenURI" else Answer.UNSIGNED


def _action(condition: EvmBasic, fields: Fields) -> Answer:
    if re.fullmatch(_CID, action_cid(condition)) is None:
        complaint = f"ipfs:// and the action's CID belong here, not {shown(condition.contract_address)}"
        raise InvalidConditions(fields.at("contractAddress"), complaint)
    if re.fullmatch(_NAME, condition.method) is None or re.fullmatch(_RESERVED, condition.method):
        raise InvalidConditions(fields.at("method"), f"the name of a function of the action belongs here, not {shown(condition.method)}")
    for index, text in enumerate(condition.parameters):
        check_special(text, f"{fields.at('parameters')}[{index}]")
    return Answer.TEXT


_OTHERS: dict[tuple[str, str], Callable[[EvmBasic, Fields], Answer]] = {
    ("", "eth_getBalance"): _native_balance,
    ("", ""): _signature,
    ("timestamp", "eth_getBlockByNumber"): _timestamp,
    ("SIWE", ""): _siwe,
    ("POAP", "tokenURI"): _poap,
    ("POAP", "eventId"): _poap,
}
