"""Sending transactions: estimate, sign, send, wait, and say why if the chain reverts."""

from __future__ import annotations

import asyncio
from typing import Any

from votive.client.errors import TransactionFailed
from votive.client.results import Transaction
from votive.client.rpc import Rpc
from votive.client.wallet import Eip1559, Wallet
from votive.terms.encoding import hex0x

GAS_MARGIN = 1.2
"""Gas limit over the estimate: state may change until the transaction is in a block."""


class Sender:
    """Sends transactions to one chain; one at a time per wallet, so that nonces follow one another."""

    def __init__(self, rpc: Rpc, chain_id: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._turns: dict[str, asyncio.Lock] = {}

    async def send(self, wallet: Wallet, to: str, data: bytes, value: int = 0) -> dict[str, Any]:
        """Send a transaction and return its receipt.

        Raises:
            TransactionFailed: the chain refused it, with its reason, or it was reverted in its block.
        """
        async with self._turns.setdefault(wallet.address, asyncio.Lock()):
            transaction = await self._complete(wallet.address, to, data, value)
            sent = await self._rpc.call("eth_sendRawTransaction", hex0x(wallet.sign_transaction(transaction)))
        receipt = await self._rpc.receipt(sent)
        if int(receipt["status"], 16) != 1:
            raise TransactionFailed(f"transaction {sent} was reverted in block {int(receipt['blockNumber'], 16)}.", retryable=False)
        return receipt

    async def _complete(self, sender: str, to: str, data: bytes, value: int) -> Eip1559:
        """Add gas, fees and nonce. Estimating runs the call, so a refusal shows here, with its reason."""
        rpc = self._rpc
        call = {"from": sender, "to": to, "data": hex0x(data), "value": hex(value)}
        gas, tip, nonce, head = await asyncio.gather(
            rpc.number("eth_estimateGas", call),
            rpc.number("eth_maxPriorityFeePerGas"),
            rpc.number("eth_getTransactionCount", sender, "pending"),
            rpc.call("eth_getBlockByNumber", "latest", False),
        )
        return Eip1559(
            chain_id=self._chain_id,
            nonce=nonce,
            tip=tip,
            max_fee=2 * int(head["baseFeePerGas"], 16) + tip,
            gas=int(gas * GAS_MARGIN),
            to=to,
            value=value,
            data=data,
        )


def transaction_of(receipt: dict[str, Any]) -> Transaction:
    """Name the transaction of ``receipt``."""
    return Transaction(hash=receipt["transactionHash"], block=int(receipt["blockNumber"], 16))
