"""A chain account that this process may sign with, and how its transactions get mined."""

from __future__ import annotations

import asyncio
import time

import msgspec
from coincurve import PrivateKey

from votive.chain.errors import CallRefused, TransactionFailed
from votive.chain.rpc import Rpc
from votive.chain.shapes import Quantity
from votive.chain.token import eth_address
from votive.terms import rlp
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import keccak

FALLBACK_TIP = 10**9
"""Priority fee in wei per gas where the chain suggests none."""
TYPE_2 = b"\x02"
FIRST_POLL = 0.02
SLOWEST_POLL = 1.0


class Wallet:
    """The account of a 32-byte private key; ``repr`` never shows the key.

    Signs by itself, with coincurve: importing eth-account costs a second of processor time at the start of every node.
    """

    def __init__(self, private_key: bytes) -> None:
        self._key = PrivateKey(private_key)
        self.address: str = eth_address(self._key.public_key.format())

    def __repr__(self) -> str:
        return f"Wallet({self.address})"

    def signed(self, transaction: Transaction, chain_id: int) -> tuple[bytes, str]:
        """Return the raw signed transaction (type 2: EIP-1559) and its hash as 0x text."""
        unsigned = transaction.fields(chain_id)
        signature = self._key.sign_recoverable(TYPE_2 + rlp.encode(unsigned), hasher=keccak)
        r, s, parity = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), signature[64]
        raw = TYPE_2 + rlp.encode([*unsigned, parity, r, s])
        return raw, hex0x(keccak(raw))


class Fees(msgspec.Struct, frozen=True):
    """Wei per gas: what goes to the block's producer, and the most that is paid in all."""

    tip: int
    most: int

    def raised(self, times: int) -> Fees:
        """Return the fees raised by a quarter, ``times`` times: enough to replace a transaction that is stuck."""
        return Fees(self.tip * 5**times // 4**times, self.most * 5**times // 4**times)


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """An unsigned transaction; ``to`` None creates a contract."""

    to: str | None
    data: bytes = b""
    value: int = 0
    gas: int
    nonce: int
    fees: Fees

    def fields(self, chain_id: int) -> list[rlp.Item]:
        """Return what EIP-1559 says is signed, in its order; the access list is empty."""
        to = b"" if self.to is None else bytes_of(self.to)
        head: list[rlp.Item] = [chain_id, self.nonce, self.fees.tip, self.fees.most, self.gas]
        return [*head, to, self.value, self.data, []]


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a transaction, as JSON-RPC words it (numbers are hex text)."""

    status: Quantity
    block_number: Quantity
    gas_used: Quantity
    contract_address: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it was executed without reverting."""
        return int(self.status, 16) == 1


class Mining:
    """Sends transactions and waits until they are mined, in a block that may still be reorganised away."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def nonce(self, address: str) -> int:
        """Return how many transactions of ``address`` are mined, which is the next one's nonce."""
        return await self._rpc.reached("eth_getTransactionCount", (address, "latest"))

    async def fees(self) -> Fees:
        """Return fees that stay sufficient while the price of gas doubles."""
        price = await self._rpc.reached("eth_gasPrice")
        try:
            tip = await self._rpc.reached("eth_maxPriorityFeePerGas")
        except CallRefused:
            tip = FALLBACK_TIP
        return Fees(tip, 2 * price + tip)

    async def send(self, wallet: Wallet, transaction: Transaction) -> str:
        """Sign and send, and return the hash; CallRefused if the chain does not take it."""
        raw, transaction_hash = wallet.signed(transaction, self._rpc.chain_id)
        await self._rpc.send_raw(raw)
        return transaction_hash

    async def receipt(self, transaction_hash: str, within: float) -> Receipt:
        """Wait at most ``within`` seconds until the transaction is mined; TransactionFailed if it was not."""
        until, pause = time.monotonic() + within, FIRST_POLL
        while True:
            receipt = await self._rpc.read("eth_getTransactionReceipt", (transaction_hash,), Receipt | None)  # type: ignore[arg-type]  # a union is a shape
            if receipt is not None:
                return receipt
            if time.monotonic() + pause > until:
                raise TransactionFailed(f"transaction {transaction_hash} was not mined within {within} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, SLOWEST_POLL)
