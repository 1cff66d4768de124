"""Signatures of contract wallets (EIP-1271): the contract itself is asked, at a pinned block, whether it signed.

Whoever asks brings the contract, so it is hostile until it has answered: gas, time and the size of its answer are bounded, and
everything it can look at (caller, origin, gas, gas price, state) is the same wherever it is asked, so that nodes agree. Whatever
the contract does ends in an answer; an exception means that the chain itself could not be asked.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from votive.chain.abi import Function
from votive.chain.endpoint import Endpoint, EndpointFailed, NoAnswerInTime, Question
from votive.chain.errors import AnswerTooLarge, CallRefused, CallReverted
from votive.chain.rpc import Rpc, pin_of
from votive.chain.shapes import Data, Quantity
from votive.terms.block import Block
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.ethereum import NO_ADDRESS

GAS = 500_000
"""Gas of one call, the transaction's own included; enough for wallets that verify a passkey's signature in Solidity."""
SECONDS = 2.0
"""How long an endpoint may work on one call."""
PROBE_SECONDS = 0.5
"""How long an endpoint that did not answer in time may take to show that it is alive."""
DEADLINE = 2.9
"""Seconds for all endpoints together."""
MAX_ANSWER = 4096
"""Bytes of an endpoint's whole reply; a wallet answers with 32 bytes, a revert may give a reason."""
MAX_SIGNATURE = 8192
"""Bytes of a signature; what multi-signature wallets and passkeys need is a few hundred."""
MAGIC = bytes.fromhex("1626ba7e").ljust(32, b"\0")
"""What a wallet answers that signed: the selector of ``isValidSignature``, as the ABI encodes bytes4."""

_IS_VALID_SIGNATURE = Function("isValidSignature(bytes32,bytes)", "bytes4")


class WalletAnswer(msgspec.Struct, frozen=True):
    """Whether the wallet says that it signed; ``why`` is for whoever was refused."""

    valid: bool
    why: str


class ContractWallets:
    """Asks contract wallets on the chain behind ``rpc``."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def is_valid_signature(self, address: str, digest: bytes, signature: bytes, block: Block) -> WalletAnswer:
        """Ask the contract at ``address``, in the state of ``block``, whether ``signature`` is its own over ``digest`` (32 bytes).

        Raises:
            WorldError: no quorum of endpoints could be asked in time, or can read that block.
        """
        if len(signature) > MAX_SIGNATURE:
            return WalletAnswer(False, f"the signature has {len(signature)} bytes; at most {MAX_SIGNATURE} are taken")
        call = {
            "from": NO_ADDRESS,
            "to": address,
            "gas": hex(GAS),
            "gasPrice": "0x0",
            "data": hex0x(_IS_VALID_SIGNATURE.call(digest, signature)),
        }
        pin, whys = pin_of(block.hash), dict[bool, str]()

        async def ask(endpoint: Endpoint) -> bool:
            answer = await _ask(endpoint, call, pin)
            whys.setdefault(answer.valid, answer.why)
            return answer.valid

        valid = await self._rpc.agreed(ask, DEADLINE)
        return WalletAnswer(valid, whys[valid])


async def _ask(endpoint: Endpoint, call: dict[str, Any], pin: dict[str, Any]) -> WalletAnswer:
    """What one endpoint says. Clients word failures differently, so that a quorum agrees on ``valid`` only."""
    try:
        async with asyncio.timeout(SECONDS):
            returned = await endpoint.ask(Question("eth_call", (call, pin), Data, limit=MAX_ANSWER))
    except CallReverted:
        return WalletAnswer(False, "the contract reverted")
    except CallRefused:
        # Out of gas, or a state that this endpoint cannot read: only an endpoint that can read it may speak of the contract.
        await endpoint.ask(Question("eth_getBalance", (call["to"], pin), Quantity))
        return WalletAnswer(False, f"the call could not be executed within {GAS} gas")
    except AnswerTooLarge:
        return WalletAnswer(False, "the contract returned more than a wallet answers")
    except (TimeoutError, NoAnswerInTime):
        await _prove_alive(endpoint)
        return WalletAnswer(False, f"the contract did not answer within {SECONDS} s")
    return _judged(bytes_of(returned))


async def _prove_alive(endpoint: Endpoint) -> None:
    """EndpointFailed unless the endpoint answers a question that costs nothing: then it was the contract that took long."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await endpoint.ask(Question("eth_blockNumber", (), Quantity))
    except TimeoutError as error:
        raise EndpointFailed(f"no answer within {PROBE_SECONDS} s") from error


def _judged(returned: bytes) -> WalletAnswer:
    if returned[:32] == MAGIC:
        return WalletAnswer(True, "the contract says that it signed")
    if not returned:
        return WalletAnswer(False, "there is no contract at this address that answers isValidSignature")
    return WalletAnswer(False, "the contract says that it did not sign")
