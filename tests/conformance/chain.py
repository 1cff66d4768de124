"""The network's chain, read without Lit's SDK: JSON-RPC, eth-abi, and the artifacts that this package ships."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from tests.contracts.evm import Event, event_of

from votive.terms.ethereum import types_in


@dataclass(frozen=True)
class Chain:
    """A chain behind ``rpc_url`` with a network's contracts, by their names."""

    rpc_url: str
    contracts: dict[str, str]

    def ask(self, method: str, *params: Any) -> Any:
        """Return the result of a JSON-RPC method."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.rpc_url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]

    def read(self, contract: str, signature: str, returns: str, *arguments: Any) -> Any:
        """Call a view of one of the network's contracts at the newest block."""
        data = keccak(text=signature)[:4] + encode(types_in(signature), arguments)
        returned = self.ask("eth_call", {"to": self.contracts[contract], "data": "0x" + data.hex()}, "latest")
        return decode([returns], bytes.fromhex(returned[2:]))[0]

    def events(self, transaction: str) -> list[Event]:
        """Return what a transaction that succeeded logged."""
        receipt = self.ask("eth_getTransactionReceipt", transaction)
        assert receipt["status"] == "0x1", transaction
        return [event_of(log) for log in receipt["logs"]]

    def event(self, transaction: str) -> dict[str, Any]:
        """Return the values of the one event that a transaction logged."""
        (event,) = self.events(transaction)
        return event.values

    def value_of(self, transaction: str) -> int:
        """Return the wei that a transaction sent."""
        return int(self.ask("eth_getTransactionByHash", transaction)["value"], 16)

    def balance(self, address: str) -> int:
        """Return an account's wei."""
        return int(self.ask("eth_getBalance", address, "latest"), 16)
