"""Minting a key: pay the price, wait for the stock if it is empty, and read what the transaction minted. Claimed keys need no stock."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from votive.client import abi
from votive.client.errors import BadArgument, TransactionFailed, Unreachable, WrongNetwork
from votive.client.registry import ECDSA, Registry
from votive.client.results import KeyClaim, Minted, Pkp
from votive.client.transactions import Sender, transaction_of
from votive.client.wallet import Wallet
from votive.terms.encoding import bytes_of

POLL_SECONDS = 0.2


async def mint(registry: Registry, sender: Sender, wallet: Wallet, call: bytes, *, patience: float) -> Minted:
    """Mint the oldest key of the stock by ``call`` of PKPNFT, paid by ``wallet``; the stock may stay empty for ``patience`` seconds.

    Raises:
        Unreachable: the stock stays empty.
        TransactionFailed: the chain refuses, or mints nothing.
    """
    nft = registry.contracts.pkp_nft
    (cost,) = await registry.read(nft, abi.MINT_COST)
    await _wait_for_stock(registry, patience)
    return await _minted(registry, await sender.send(wallet, nft, call, value=cost))


async def mint_claimed(registry: Registry, sender: Sender, wallet: Wallet, claim: KeyClaim) -> Minted:
    """Mint the key of ``claim`` to ``wallet``, which pays.

    Raises:
        BadArgument: the claim is another account's.
        TransactionFailed: the chain refuses: the key was minted before.
        WrongNetwork: the chain minted another key than the one that its root keys give.
    """
    if claim.minter not in (None, wallet.address):
        raise BadArgument(f"the nodes signed this claim for {claim.minter}; {wallet.address} cannot mint with it.")
    nft = registry.contracts.pkp_nft
    (cost,) = await registry.read(nft, abi.MINT_COST)
    signatures = [(data[:32], data[32:64], data[64]) for data in map(bytes_of, claim.signatures)]
    call = abi.CLAIM_AND_MINT.call(ECDSA, bytes_of(claim.derived_key_id), signatures)
    minted = await _minted(registry, await sender.send(wallet, nft, call, value=cost))
    if minted.public_key != claim.public_key:
        raise WrongNetwork(f"the chain minted {minted.public_key}, but its root keys give {claim.public_key}.", retryable=False)
    return minted


async def _wait_for_stock(registry: Registry, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not await registry.stock():
        if time.monotonic() >= deadline:
            raise Unreachable(
                f"the nodes have had no unminted key in stock for {patience:.0f} s. Making keys needs all nodes: see `votive status`."
            )
        await asyncio.sleep(POLL_SECONDS)


async def _minted(registry: Registry, receipt: dict[str, Any]) -> Minted:
    nft, minted = registry.contracts.pkp_nft.lower(), abi.topic(abi.PKP_MINTED)
    tokens = [int(log["topics"][1], 16) for log in receipt["logs"] if log["address"].lower() == nft and log["topics"][0] == minted]
    if not tokens:
        raise TransactionFailed(f"transaction {receipt['transactionHash']} minted nothing. Is this a Votive PKPNFT?", retryable=False)
    pkp = Pkp.of(await registry.public_key(tokens[0]))
    return Minted(**msgspec.structs.asdict(pkp), owner=await registry.owner(tokens[0]), transaction=transaction_of(receipt))
