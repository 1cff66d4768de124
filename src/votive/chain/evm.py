"""Reads of any EVM chain that conditions ask about: calls and balances at a final block."""

from __future__ import annotations

from typing import Protocol

from votive.chain.errors import BlockGone, CallRefused
from votive.chain.finality import Block
from votive.chain.rpc import Rpc, pin_of
from votive.chain.shapes import Quantity
from votive.terms import block

CALL_GAS = 25_000_000
"""Gas of a call, the same for every provider, so that a contract cannot answer some of them otherwise."""
MAX_CALL_ANSWER = 256 * 1024
"""Bytes of a provider's reply to a call: about half as many bytes of a contract's answer."""
MAX_ANSWER = 1024
"""Bytes of a provider's reply to a question for one number."""


class FindFinalBlock(Protocol):
    """Knows which block is final."""

    async def final_block(self) -> Block:
        """Return the newest final block."""
        ...


class EvmChain:
    """A chain behind ``rpc`` whose final blocks are known by ``blocks``."""

    kind = "evm"

    def __init__(self, rpc: Rpc, blocks: FindFinalBlock) -> None:
        self._rpc = rpc
        self._blocks = blocks

    async def final_block(self) -> Block:
        """Return the newest final block that a quorum has reached."""
        return await self._blocks.final_block()

    async def call(self, to: str, data: bytes, at: block.Block) -> bytes:
        """Return what the contract ``to`` returns in the state of block ``at``; CallReverted, AnswerTooLarge or BlockGone else."""
        return await self._rpc.eth_call(to, data, at.hash, gas=CALL_GAS, limit=MAX_CALL_ANSWER)

    async def balance(self, address: str, at: block.Block) -> int:
        """Return the balance in wei of ``address`` in the state of block ``at``; BlockGone if it cannot be read."""
        try:
            return int(await self._rpc.read("eth_getBalance", (address, pin_of(at.hash)), Quantity, limit=MAX_ANSWER), 16)
        except CallRefused as error:
            raise BlockGone(f"no endpoint can read the state of block {at.number}: {error.message}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._rpc.close()
