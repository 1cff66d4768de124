"""What can be asked in the readable language, and what each question becomes in Lit's unified JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from votive.client.conditions.phrases import Compared, Phrase
from votive.client.conditions.tokens import Token
from votive.terms.multibase import from_base58

_TRUE = Compared("=", "true")
_SOME = Compared(">", "0")
_SIGNATURE = r"\s*([A-Za-z_$][A-Za-z0-9_$]*)\s*\(([^()]*)\)\s*(pure|view|nonpayable|payable)?\s*returns\s*\(([^()]*)\)\s*"
_PARAMETER = r"\s*([a-z0-9]+(?:\[[0-9]*\])*)(?:\s+([A-Za-z_][A-Za-z0-9_]*))?\s*"


def _basic(kind: str, method: str, parameters: list[str], test: Compared, *, chain: str, contract: str = "") -> dict[str, Any]:
    return {
        "conditionType": "evmBasic",
        "contractAddress": contract,
        "chain": chain,
        "standardContractType": kind,
        "method": method,
        "parameters": parameters,
        "returnValueTest": {"comparator": test.comparator, "value": test.value},
    }


def _balance(phrase: Phrase) -> dict[str, Any]:
    """``balance(CHAIN, HOLDER) >= 1 ether``; both may be left out."""
    phrase.count(0, 1, 2)
    names = [token for token in phrase.arguments if _is_chain(token)]
    holders = [phrase.said(token) for token in phrase.arguments if not _is_chain(token)]
    if len(names) > 1 or len(holders) > 1:
        raise phrase.tokens.wrong("balance(…) takes one chain and one holder", phrase.arguments[1])
    test = phrase.compared_amount()
    chain = names[0].text if names else phrase.chain()
    return _basic("", "eth_getBalance", [*(holders or [":userAddress"]), "latest"], test, chain=chain)


def _is_chain(token: Token) -> bool:
    return token.kind == "word" and token.text not in {"user", "action"} and not token.text.startswith("0x")


def _fungible(phrase: Phrase) -> dict[str, Any]:
    """``erc20(CONTRACT, HOLDER) >= 10``."""
    phrase.count(1, 2)
    holder = phrase.value(1) if len(phrase.arguments) == 2 else ":userAddress"
    return _token_balance(phrase, [holder], phrase.compared_amount())


def _single(phrase: Phrase) -> dict[str, Any]:
    """``erc721(CONTRACT, HOLDER) >= 2``: how many tokens of a contract."""
    return _fungible(phrase)


def _multiple(phrase: Phrase) -> dict[str, Any]:
    """``erc1155(CONTRACT, HOLDER, ID) >= 10``."""
    phrase.count(3)
    return _token_balance(phrase, [phrase.value(1), phrase.number(2)], phrase.compared_amount())


def _token_balance(phrase: Phrase, parameters: list[str], test: Compared) -> dict[str, Any]:
    return _basic(phrase.name.text.upper(), "balanceOf", parameters, test, chain=phrase.chain(), contract=phrase.address(0))


def _owns(phrase: Phrase) -> dict[str, Any]:
    """``owns(CONTRACT, erc721)``, ``owns(CONTRACT, erc721, ID)``, ``owns(CONTRACT, erc1155, ID)``, ``owns(CONTRACT, erc20)``."""
    phrase.count(2, 3)
    kind, contract, token = phrase.arguments[1], phrase.address(0), [phrase.number(2)] if len(phrase.arguments) == 3 else []
    if kind.kind != "word" or kind.text not in {"erc20", "erc721", "erc1155"}:
        raise phrase.tokens.wrong("erc20, erc721 or erc1155 belongs here", kind)
    if (kind.text == "erc1155") != bool(token) and kind.text != "erc721":
        raise phrase.tokens.wrong("a token's number belongs to erc1155, and none to erc20", kind)
    if kind.text == "erc721" and token:
        return _basic("ERC721", "ownerOf", token, Compared("=", ":userAddress"), chain=phrase.chain(), contract=contract)
    return _basic(kind.text.upper(), "balanceOf", [":userAddress", *token], _SOME, chain=phrase.chain(), contract=contract)


def _owner(phrase: Phrase) -> dict[str, Any]:
    """``owner(CONTRACT, ID) = ADDRESS``."""
    phrase.count(2)
    return _basic("ERC721", "ownerOf", [phrase.number(1)], phrase.compared(), chain=phrase.chain(), contract=phrase.address(0))


def _permitted(phrase: Phrase) -> dict[str, Any]:
    """``permitted(CONTRACT, TOKEN, user)`` or ``permitted(CONTRACT, TOKEN, CID)``, by PKPPermissions."""
    phrase.count(3)
    contract, token, who = phrase.address(0), phrase.number(1), phrase.arguments[2]
    if who.kind == "word" and who.text == "user":
        return _basic("PKPPermissions", "isPermittedAddress", [token, ":userAddress"], _TRUE, chain=phrase.chain(), contract=contract)
    return _basic("PKPPermissions", "isPermittedAction", [token, _multihash(phrase, who)], _TRUE, chain=phrase.chain(), contract=contract)


def _multihash(phrase: Phrase, token: Token) -> str:
    if token.text.startswith("0x"):
        return token.text
    try:
        data = from_base58(token.text[:64]) if token.kind == "word" else b""
    except ValueError:
        data = b""
    if len(data) != 34:
        raise phrase.tokens.wrong("user, or the CID of an action (Qm…, or its multihash as 0x1220…), belongs here", token)
    return f"0x{data.hex()}"


def _caller(phrase: Phrase) -> dict[str, Any]:
    """``user = ADDRESS``: the wallet that asks."""
    phrase.count(0)
    return _basic("", "", [":userAddress"], phrase.compared(), chain=phrase.chain())


def _action(phrase: Phrase) -> dict[str, Any]:
    """``action = CID``: the action that asks."""
    phrase.count(0)
    return _basic("", "", [":currentActionIpfsId"], phrase.compared_action(), chain=phrase.chain())


def _parameter(phrase: Phrase) -> dict[str, Any]:
    """``param(NAME) = "text"``: what the caller's own sign-in message carries."""
    phrase.count(1)
    name = phrase.arguments[0].text
    return _basic("", "", [f":litParam:{name}"], phrase.compared_text(), chain=phrase.chain())


def _time(phrase: Phrase) -> dict[str, Any]:
    """``time >= 2026-01-31``: of the last final block."""
    phrase.count(0)
    return _basic("timestamp", "eth_getBlockByNumber", ["latest"], phrase.compared_time(), chain=phrase.chain())


def _message(phrase: Phrase) -> dict[str, Any]:
    """``domain = "example.org"``, ``resources contains "https://example.org/a"``: of the caller's sign-in message."""
    phrase.count(0)
    return _basic("SIWE", "", [f":{phrase.name.text}"], phrase.compared_text(), chain=phrase.chain())


def _run(phrase: Phrase) -> dict[str, Any]:
    """``run(CID, "function", ARGUMENTS…) = "true"``: what an action answers."""
    phrase.count(*range(2, 34))
    cid = phrase.arguments[0]
    parameters = [phrase.value(index) for index in range(2, len(phrase.arguments))]
    test = phrase.compared_text()
    return _basic(
        "LitAction", phrase.text(1), parameters, test, chain=phrase.chain(), contract=f"ipfs://{cid.text.removeprefix('ipfs://')}"
    )


def _call(phrase: Phrase) -> dict[str, Any]:
    """``call(CONTRACT, "f(address) view returns (uint256)", ARGUMENTS…) at "output" >= 1``."""
    phrase.count(*range(2, 35))
    contract, abi = phrase.address(0), _abi(phrase)
    parameters = [phrase.value(index) for index in range(2, len(phrase.arguments))]
    test = phrase.compared()
    return {
        "conditionType": "evmContract",
        "contractAddress": contract,
        "functionName": abi["name"],
        "functionParams": parameters,
        "functionAbi": abi,
        "chain": phrase.chain(),
        "returnValueTest": {"key": phrase.key, "comparator": test.comparator, "value": test.value},
    }


def _abi(phrase: Phrase) -> dict[str, Any]:
    found = re.fullmatch(_SIGNATURE, phrase.text(1))
    if found is None:
        raise phrase.tokens.wrong("a signature belongs here, such as balanceOf(address) view returns (uint256)", phrase.arguments[1])
    name, inputs, mutability, outputs = found.groups()
    return {
        "name": name,
        "inputs": _parameters(phrase, inputs),
        "outputs": _parameters(phrase, outputs),
        "constant": False,
        "stateMutability": mutability or "view",
    }


def _parameters(phrase: Phrase, inside: str) -> list[dict[str, str]]:
    found = [re.fullmatch(_PARAMETER, part) for part in inside.split(",")] if inside.strip() else []
    if None in found:
        raise phrase.tokens.wrong(f"types, each with or without a name, belong into the parentheses of ({inside})", phrase.arguments[1])
    return [{"name": one[2] or "", "type": one[1]} for one in found if one]


def _solana(phrase: Phrase) -> dict[str, Any]:
    """``solana("getBalance", user) >= 1``; ``solana("balanceOfToken", "MINT") at "$.amount" > 0``."""
    phrase.count(*range(1, 20))
    params = [phrase.value(index) for index in range(1, len(phrase.arguments))]
    test = phrase.compared()
    return {
        "conditionType": "solRpc",
        "method": phrase.text(0),
        "params": params,
        "pdaParams": [],
        "pdaInterface": {"offset": 0, "fields": {}},
        "pdaKey": "",
        "chain": phrase.chain(),
        "returnValueTest": {"key": phrase.key, "comparator": test.comparator, "value": test.value},
    }


def _cosmos(phrase: Phrase) -> dict[str, Any]:
    """``cosmos("/cosmos/bank/v1beta1/balances/:userAddress") at "$.balances[0].amount" >= 1``."""
    phrase.count(1)
    test = phrase.compared()
    return {
        "conditionType": "cosmos",
        "path": phrase.text(0),
        "chain": phrase.chain(),
        "returnValueTest": {"key": phrase.key, "comparator": test.comparator, "value": test.value},
    }


QUESTIONS: dict[str, Callable[[Phrase], dict[str, Any]]] = {
    "balance": _balance,
    "owns": _owns,
    "owner": _owner,
    "erc20": _fungible,
    "erc721": _single,
    "erc1155": _multiple,
    "user": _caller,
    "action": _action,
    "param": _parameter,
    "time": _time,
    "domain": _message,
    "resources": _message,
    "permitted": _permitted,
    "run": _run,
    "call": _call,
    "solana": _solana,
    "cosmos": _cosmos,
}
"""What a condition may begin with."""
