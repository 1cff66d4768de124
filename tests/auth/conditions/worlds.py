"""Chains and actions made of tables, for tests of conditions. What is not in a table reverts, does not exist, or fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode

from votive.auth.conditions import Subject
from votive.terms.block import BlockFacts
from votive.terms.errors import CallerError, WorldError
from votive.terms.ethereum import keccak

USER = "0x" + "aa" * 20
OTHER = "0x" + "bb" * 20
TOKEN = "0x" + "cc" * 20
CID = "QmcgbVu2sJSPpTeFhBd174FnmYmoVYvUFJeDkS7eYtwoFY"
SOLANA_USER = "88PoAjLoSqrTjH2cdRWq4JEezhSdDBw3g7Qa6qKQurxA"
COSMOS_USER = "cosmos1vn6zl0924yj86jrp330wcwjclzdharljq03a8h"
MINT = "FrYwrqLcGfmXrgJKcZfrzoWsZ3pqQB9pjjUC9PxSq3xT"

WHO = Subject(
    address="0x" + "Aa" * 20,
    action_cid=CID,
    siwe_domain="example.org",
    siwe_resources=("https://example.org/a", "litParam:secret:c2VzYW1l"),
    solana_address=SOLANA_USER,
    cosmos_address=COSMOS_USER,
)
NOBODY = Subject()
BLOCK = BlockFacts(number=1234, hash=b"\x11" * 32, timestamp=1_700_000_000)
KINDS = {"ethereum": "evm", "polygon": "evm", "xdai": "evm", "solana": "solana", "cosmos": "cosmos", "cheqdMainnet": "cosmos"}


def answer(signature: str, arguments: list[Any], returns: list[str], values: list[Any]) -> tuple[bytes, bytes]:
    """Return call data and what comes back, by eth_abi, which the code under test does not use."""
    inside = signature[signature.index("(") + 1 : -1]
    types = inside.split(",") if inside else []
    return keccak(signature.encode())[:4] + encode(types, arguments), encode(returns, values)


@dataclass
class Chains:
    """ReadChains of tables."""

    balances: dict[str, int] = field(default_factory=dict)
    contracts: dict[bytes, bytes] = field(default_factory=dict)
    accounts: Callable[[str, list[Any]], Any] = lambda method, params: None
    documents: dict[str, Any] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(KINDS)

    def kind(self, name: str) -> str:
        if name not in KINDS:
            raise CallerError(f"there is no chain {name!r}.")
        return KINDS[name]

    def _ask(self, *what: Any) -> None:
        self.asked.append(what)
        if what[0] in self.down:
            raise WorldError(f"{what[0]} gives no answer.")

    async def final_block(self, name: str) -> BlockFacts:
        self._ask(name, "final_block")
        return BLOCK

    async def call(self, name: str, to: str, data: bytes, block: BlockFacts) -> bytes | None:
        self._ask(name, "call", to, block)
        return self.contracts.get(data)

    async def balance(self, name: str, address: str, block: BlockFacts) -> int:
        self._ask(name, "balance", address, block)
        return self.balances.get(address, 0)

    async def solana(self, name: str, method: str, params: list[Any]) -> Any:
        self._ask(name, method, *params)
        return self.accounts(method, params)

    async def cosmos(self, name: str, path: str) -> Any:
        self._ask(name, path)
        return self.documents[path]


@dataclass
class Actions:
    """RunAction that answers from a table by the CID, and remembers what it was asked."""

    answers: dict[str, str]
    asked: list[tuple[str, str, Subject]] = field(default_factory=list)

    async def __call__(self, cid: str, ending: str, who: Subject) -> str:
        self.asked.append((cid, ending, who))
        if cid not in self.answers:
            raise CallerError("the action failed.")
        return self.answers[cid]


def basic(
    kind: str = "", method: str = "eth_getBalance", parameters: Any = (":userAddress", "latest"), test: Any = (">", "0"), **over: Any
) -> Any:
    """Return an evmBasic condition."""
    condition = {
        "contractAddress": TOKEN if kind else "",
        "standardContractType": kind,
        "chain": "ethereum",
        "method": method,
        "parameters": list(parameters),
        "returnValueTest": {"comparator": test[0], "value": test[1]},
    }
    return condition | over


def contract(signature: str, parameters: Any, returns: Any, test: Any = (">", "0"), key: str = "", **over: Any) -> Any:
    """Return an evmContract condition for ``name(type,type)``."""
    name, inside = signature.removesuffix(")").split("(", 1)
    types = inside.split(",") if inside else []
    named = [item if isinstance(item, tuple) else ("", item) for item in returns]
    abi = {
        "name": name,
        "stateMutability": "view",
        "inputs": [{"name": "", "type": kind} for kind in types],
        "outputs": [{"name": label, "type": kind} for label, kind in named],
    }
    return {
        "contractAddress": TOKEN,
        "functionName": name,
        "functionParams": list(parameters),
        "functionAbi": abi,
        "chain": "ethereum",
        "returnValueTest": {"key": key, "comparator": test[0], "value": test[1]},
    } | over


def sol(method: str, params: Any = (":userAddress",), test: Any = (">=", "1"), key: str = "", **over: Any) -> Any:
    """Return a solRpc condition of the second version."""
    return {
        "method": method,
        "params": list(params),
        "pdaParams": [],
        "pdaInterface": {"offset": 0, "fields": {}},
        "pdaKey": "",
        "chain": "solana",
        "returnValueTest": {"key": key, "comparator": test[0], "value": test[1]},
    } | over


def cosmos(path: str, test: Any = (">=", "1"), key: str = "", **over: Any) -> Any:
    """Return a cosmos condition."""
    return {"path": path, "chain": "cosmos", "returnValueTest": {"key": key, "comparator": test[0], "value": test[1]}} | over
