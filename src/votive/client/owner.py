"""Changing a key, which only its owner may: where the chain refuses that, who owns it instead is looked up and said."""

from __future__ import annotations

from functools import cache

from votive.client.errors import BadArgument, TransactionFailed
from votive.client.registry import Registry
from votive.client.results import Transaction
from votive.client.rpc import Refusal
from votive.client.transactions import Sender, transaction_of
from votive.client.wallet import Wallet
from votive.terms.errors import VotiveError
from votive.terms.ethereum import selector_of, token_text


async def change(registry: Registry, sender: Sender, wallet: Wallet, token_id: int, *, to: str, data: bytes) -> Transaction:
    """Send ``data``, which changes something of the key ``token_id``, to the contract at ``to``.

    Raises:
        BadArgument: there is no such key.
        TransactionFailed: it was burned, is another's, or the chain refused for another reason.
    """
    try:
        return transaction_of(await sender.send(wallet, to, data))
    except Refusal as refusal:
        if refusal.data[:4] not in _about_ownership():
            raise
        raise await _reason(registry, wallet, token_id) or refusal from refusal


@cache
def _about_ownership() -> frozenset[bytes]:
    """The errors of the contracts that say no more than that somebody else may do this."""
    errors = (
        "NotPkpOwner(uint256,address)",
        "ERC721InsufficientApproval(address,uint256)",
        "ERC721IncorrectOwner(address,uint256,address)",
        "ERC721NonexistentToken(uint256)",
    )
    return frozenset(map(selector_of, errors))


async def _reason(registry: Registry, wallet: Wallet, token_id: int) -> VotiveError | None:
    """Return why ``wallet`` may not change the key; None if the chain has no reason any more."""
    try:
        await registry.public_key(token_id)
    except BadArgument as unknown:
        return unknown
    key, owner = token_text(token_id), await registry.owner(token_id)
    if owner == wallet.address:
        return None
    if owner is not None:
        why = f"the key {key} is owned by {owner}; you act as {wallet.address}, who may not change it. Act as its owner (--as)."
    elif await registry.was_minted(token_id):
        why = f"the key {key} was burned: what it was granted stays, and nobody can change it."
    else:
        why = f"the key {key} was not minted yet, so nobody owns it; `votive key list` shows those that were."
    return TransactionFailed(why, retryable=False)
