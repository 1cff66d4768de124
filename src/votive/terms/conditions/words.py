"""Conditions in words: the readable language that the client compiles, and that refusals are explained in.

What the language has no words for is written as the JSON of the condition, which the compiler takes as well; so every text that is
written here compiles to the same conditions again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from votive.terms.conditions.canonical import json_of
from votive.terms.conditions.evm_basic import action_cid
from votive.terms.conditions.kinds import KIND_OF, AbiParameter, Comparator, Condition, Cosmos, EvmBasic, EvmContract, SolRpc
from votive.terms.conditions.meaning import Combined, Meaning
from votive.terms.conditions.special import CURRENT_ACTION, LIT_PARAM, SIWE_DOMAIN, SIWE_RESOURCES, USER_ADDRESS

UNITS = {"ether": 18, "gwei": 9, "wei": 0}
"""Decimal places of amounts."""
_NUMBER = r"0|[1-9][0-9]*"
_ADDRESS = r"0x[0-9a-fA-F]{40}"
ACTION_CID = r"Qm[1-9A-HJ-NP-Za-km-z]{44}"
"""How nodes name an action that runs; no other text is one's name."""
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NOT_SAID = None


def text_of(meaning: Meaning) -> str:
    """Return conditions in words; mixed operators stand in parentheses."""
    if isinstance(meaning, Combined):
        return f" {meaning.operator} ".join(_part(part) for part in meaning.parts)
    return condition_text(meaning.condition)


def _part(meaning: Meaning) -> str:
    return f"({text_of(meaning)})" if isinstance(meaning, Combined) else text_of(meaning)


def condition_text(condition: Condition) -> str:
    """Return one condition in words, or as JSON if there are no words for it."""
    said = _said(condition)
    if said is not _NOT_SAID:
        return said
    return json.dumps({"conditionType": KIND_OF[type(condition)].value} | json_of(condition), ensure_ascii=False)


def _said(condition: Condition) -> str | None:
    if isinstance(condition, EvmBasic):
        say = _BASIC.get((condition.standard_contract_type, condition.method)) or _BASIC.get((condition.standard_contract_type, "*"))
        return say(condition) if say else _NOT_SAID
    if isinstance(condition, EvmContract):
        return _call(condition)
    return _solana(condition) if isinstance(condition, SolRpc) else _cosmos(condition)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _holder(text: str) -> str | None:
    """Write an address, or the word for a special parameter."""
    if text == USER_ADDRESS:
        return "user"
    if text.startswith(LIT_PARAM):
        name = text.removeprefix(LIT_PARAM)
        return f"param({name})" if re.fullmatch(_WORD, name) else _NOT_SAID
    return text if re.fullmatch(_ADDRESS, text) else _NOT_SAID


def _value(text: str) -> str | None:
    """Write any text: bare where it cannot be read as something else."""
    if text == CURRENT_ACTION:
        return "action"
    if text.startswith(":"):
        return _holder(text)
    return text if re.fullmatch(_NUMBER, text) or re.fullmatch(_ADDRESS, text) or text in {"true", "false"} else _quoted(text)


def _amount(text: str) -> str | None:
    """Write an amount of wei in the largest unit that leaves an integer."""
    if re.fullmatch(_NUMBER, text) is None:
        return _NOT_SAID
    for unit, places in UNITS.items():
        if places and text.endswith("0" * places) and len(text) > places:
            return f"{text[:-places]} {unit}"
    return text


def _compared(left: str, comparator: Comparator, right: str | None, chain: str) -> str | None:
    return _NOT_SAID if right is _NOT_SAID else f"{left} {comparator} {right} on {chain}"


def _balance(condition: EvmBasic) -> str | None:
    holder = _holder(condition.parameters[0])
    if condition.contract_address or condition.parameters[1:] != ("latest",) or holder is _NOT_SAID:
        return _NOT_SAID
    amount = _amount(condition.test.value)
    inside = condition.chain if holder == "user" else f"{condition.chain}, {holder}"
    return _NOT_SAID if amount is _NOT_SAID else f"balance({inside}) {condition.test.comparator} {amount}"


def _token(condition: EvmBasic) -> str | None:
    kind = condition.standard_contract_type.lower()
    holder, numbers = _holder(condition.parameters[0]), condition.parameters[1:]
    if holder is _NOT_SAID or not _plain(condition, numbers):
        return _NOT_SAID
    test = condition.test
    if holder == "user" and test.comparator is Comparator.MORE and test.value == "0":
        return f"owns({', '.join((condition.contract_address, kind, *numbers))}) on {condition.chain}"
    amount = _amount(test.value) if kind == "erc20" else test.value if re.fullmatch(_NUMBER, test.value) else _NOT_SAID
    return _compared(f"{kind}({', '.join((condition.contract_address, holder, *numbers))})", test.comparator, amount, condition.chain)


def _plain(condition: EvmBasic, numbers: tuple[str, ...]) -> bool:
    return re.fullmatch(_ADDRESS, condition.contract_address) is not None and all(re.fullmatch(_NUMBER, number) for number in numbers)


def _owner(condition: EvmBasic) -> str | None:
    if not _plain(condition, condition.parameters):
        return _NOT_SAID
    token, test = condition.parameters[0], condition.test
    if test.comparator is Comparator.EQUAL and test.value == USER_ADDRESS:
        return f"owns({condition.contract_address}, erc721, {token}) on {condition.chain}"
    return _compared(f"owner({condition.contract_address}, {token})", test.comparator, _holder(test.value), condition.chain)


def _permitted(condition: EvmBasic) -> str | None:
    token, who = condition.parameters
    fits = _plain(condition, ()) and (re.fullmatch(_NUMBER, token) or re.fullmatch(r"0x[0-9a-f]+", token))
    if not fits or condition.test.comparator is not Comparator.EQUAL or condition.test.value != "true":
        return _NOT_SAID
    asked = "user" if who == USER_ADDRESS else who if who.startswith("0x") else _NOT_SAID
    return _NOT_SAID if asked is _NOT_SAID else f"permitted({condition.contract_address}, {token}, {asked}) on {condition.chain}"


def _caller(condition: EvmBasic) -> str | None:
    asked, test = condition.parameters[0], condition.test
    if condition.contract_address:
        return _NOT_SAID
    if asked == USER_ADDRESS:
        return _compared("user", test.comparator, _holder(test.value), condition.chain)
    if asked == CURRENT_ACTION:
        cid = test.value if re.fullmatch(ACTION_CID, test.value) else _quoted(test.value)
        return _compared("action", test.comparator, cid, condition.chain)
    name = _holder(asked)
    return _NOT_SAID if name is _NOT_SAID else _compared(name, test.comparator, _quoted(test.value), condition.chain)


def _time(condition: EvmBasic) -> str | None:
    if condition.contract_address or condition.parameters != ("latest",) or re.fullmatch(_NUMBER, condition.test.value) is None:
        return _NOT_SAID
    return _compared("time", condition.test.comparator, condition.test.value, condition.chain)


def _siwe(condition: EvmBasic) -> str | None:
    word = {SIWE_DOMAIN: "domain", SIWE_RESOURCES: "resources"}[condition.parameters[0]]
    test = condition.test
    return _NOT_SAID if condition.contract_address else _compared(word, test.comparator, _quoted(test.value), condition.chain)


def _run(condition: EvmBasic) -> str | None:
    arguments = [_value(text) for text in condition.parameters]
    if not condition.contract_address.startswith("ipfs://") or None in arguments:
        return _NOT_SAID
    asked = ", ".join([action_cid(condition), _quoted(condition.method), *(text for text in arguments if text)])
    return _compared(f"run({asked})", condition.test.comparator, _quoted(condition.test.value), condition.chain)


_BASIC: dict[tuple[str, str], Callable[[EvmBasic], str | None]] = {
    ("", "eth_getBalance"): _balance,
    ("", ""): _caller,
    ("ERC20", "balanceOf"): _token,
    ("ERC721", "balanceOf"): _token,
    ("ERC1155", "balanceOf"): _token,
    ("ERC721", "ownerOf"): _owner,
    ("PKPPermissions", "isPermittedAction"): _permitted,
    ("PKPPermissions", "isPermittedAddress"): _permitted,
    ("timestamp", "eth_getBlockByNumber"): _time,
    ("SIWE", ""): _siwe,
    ("LitAction", "*"): _run,
}


def _call(condition: EvmContract) -> str | None:
    abi, test = condition.function_abi, condition.test
    arguments = [_value(text) for text in condition.function_params]
    named = all(not parameter.name or re.fullmatch(_WORD, parameter.name) for parameter in (*abi.inputs, *abi.outputs))
    if abi.constant or not named or None in arguments or re.fullmatch(_ADDRESS, condition.contract_address) is None:
        return _NOT_SAID
    signature = f"{abi.name}({_listed(abi.inputs)}) {abi.state_mutability} returns ({_listed(abi.outputs)})"
    asked = ", ".join([condition.contract_address, _quoted(signature), *(text for text in arguments if text)])
    return _compared(_keyed(f"call({asked})", test.key), test.comparator, _value(test.value), condition.chain)


def _listed(parameters: tuple[AbiParameter, ...]) -> str:
    return ", ".join(f"{parameter.type} {parameter.name}".strip() for parameter in parameters)


def _keyed(asked: str, key: str | None) -> str:
    return f"{asked} at {_quoted(key)}" if key else asked


def _solana(condition: SolRpc) -> str | None:
    """Write a condition of the second version without a PDA, as unified lists hold them."""
    interface, test = condition.pda_interface, condition.test
    bare = condition.pda_params == () and condition.pda_key == "" and interface and not interface.offset and not interface.fields
    arguments = [_value(param) if isinstance(param, str) else _NOT_SAID for param in condition.params]
    if not bare or None in arguments:
        return _NOT_SAID
    asked = ", ".join([_quoted(condition.method), *(text for text in arguments if text)])
    return _compared(_keyed(f"solana({asked})", test.key), test.comparator, _value(test.value), condition.chain)


def _cosmos(condition: Cosmos) -> str | None:
    if condition.method is not None or condition.parameters is not None:
        return _NOT_SAID
    asked = _keyed(f"cosmos({_quoted(condition.path)})", condition.test.key)
    return _compared(asked, condition.test.comparator, _value(condition.test.value), condition.chain)
