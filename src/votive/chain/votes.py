"""A node's votes for the keys it helped to generate.

Safe to repeat: what the node has voted for already is left out, so that a vote that was lost, or that a reorganisation took back,
is simply sent again.
"""

from __future__ import annotations

import asyncio

from votive.chain.abi import Function
from votive.chain.errors import CallRefused, DeadlinePassed, TransactionFailed
from votive.chain.keys import Keys, purpose_bytes
from votive.chain.rpc import Rpc
from votive.chain.token import token_id
from votive.chain.wallet import Mining, Transaction, Wallet
from votive.terms.contracts import Contracts
from votive.terms.key import BatchVote, KeyVote

KEYS_PER_TRANSACTION = 25
GAS_BASE = 150_000
GAS_PER_KEY = 250_000
"""Gas of a key whose vote is the deciding one, with a margin. Never estimated: whether a vote decides is known only when mined."""
MINED_WITHIN = 30.0
ATTEMPTS = 5

_VOTE = Function("voteForKeys((uint64,uint64,bytes32,uint256,uint64,bytes32),(bytes,bytes32)[])", "")


class Votes:
    """Votes with one wallet, which nothing else may use: its nonces are counted from mined transactions."""

    def __init__(self, rpc: Rpc, contracts: Contracts, wallet: Wallet) -> None:
        self._rpc = rpc
        self._router = contracts.pubkey_router
        self._wallet = wallet
        self._keys = Keys(rpc, contracts)
        self._mining = Mining(rpc)
        self._turn = asyncio.Lock()

    async def vote(self, vote: BatchVote) -> tuple[str, ...]:
        """Vote for all keys of a batch and return the hashes of the transactions, mined but not yet final.

        Empty if this node had voted for all of them. Raises DeadlinePassed, or TransactionFailed with the contract's reason.
        """
        hashes: list[str] = []
        async with self._turn:
            for start in range(0, len(vote.keys), KEYS_PER_TRANSACTION):
                hashes.extend(await self._vote_for(vote, vote.keys[start : start + KEYS_PER_TRANSACTION]))
        return tuple(hashes)

    async def _vote_for(self, vote: BatchVote, keys: tuple[KeyVote, ...]) -> list[str]:
        """Send until mined: each attempt offers a quarter more, and first looks whether an earlier one was mined after all."""
        last: TransactionFailed | CallRefused | None = None
        for attempt in range(ATTEMPTS):
            missing = await self._missing(keys)
            if not missing:
                return []
            await self._check_deadline(vote)
            try:
                return [await self._send(vote, missing, attempt)]
            except (TransactionFailed, CallRefused) as error:
                last = error
        if not await self._missing(keys):
            return []
        raise TransactionFailed(f"the vote for batch {vote.batch} failed {ATTEMPTS} times, the last time so: {last}")

    async def _missing(self, keys: tuple[KeyVote, ...]) -> list[KeyVote]:
        by_token = {token_id(key.public_key): key for key in keys}
        voted = await self._keys.has_voted(self._wallet.address, list(by_token))
        return [key for token, key in by_token.items() if not voted[token]]

    async def _check_deadline(self, vote: BatchVote) -> None:
        head = await self._rpc.reached("eth_blockNumber")
        if head >= vote.deadline_block:
            raise DeadlinePassed(vote.deadline_block, head)

    async def _send(self, vote: BatchVote, keys: list[KeyVote], attempt: int) -> str:
        fees = await self._mining.fees()
        transaction = Transaction(
            to=self._router,
            data=encode_vote(vote, keys),
            gas=GAS_BASE + GAS_PER_KEY * len(keys),
            nonce=await self._mining.nonce(self._wallet.address),
            fees=fees.raised(attempt),
        )
        transaction_hash = await self._mining.send(self._wallet, transaction)
        receipt = await self._mining.receipt(transaction_hash, MINED_WITHIN)
        if not receipt.succeeded:
            raise TransactionFailed(f"transaction {transaction_hash} reverted in block {int(receipt.block_number, 16)}")
        return transaction_hash


def encode_vote(vote: BatchVote, keys: list[KeyVote]) -> bytes:
    """Return the data of the transaction that votes for ``keys`` of the batch."""
    header = (
        vote.epoch,
        vote.batch,
        purpose_bytes(vote.purpose),
        vote.scheme.value,
        vote.deadline_block,
        vote.transcript_hash,
    )
    return _VOTE.call(header, [(key.public_key, key.verification_hash) for key in keys])
