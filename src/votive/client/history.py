"""What the chain's logs say of one key, from its mint on."""

from __future__ import annotations

from typing import Any

import msgspec

from votive.client import abi
from votive.client.registry import Registry
from votive.client.results import Transaction
from votive.terms.auth_method import MethodType
from votive.terms.encoding import bytes_of

SCOPE_ADDED = "PermittedAuthMethodScopeAdded(uint256,uint256,bytes,uint256)"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Mint, permissions and burn of one key."""

    minted: Transaction | None
    granted: tuple[bytes, ...]
    """Ids (multihashes) of all actions ever permitted, in order."""
    granted_in_mint: bool
    """Whether all of these were permitted in the transaction that minted it."""
    only_grants_in_mint: bool
    """Whether all that ever happened to its permissions is that actions were permitted, in the transaction that minted it."""
    burned: bool
    burned_in_mint: bool
    """Whether the token existed only within the transaction that minted it."""


async def history_of(registry: Registry, token_id: int) -> History:
    """Read all logs that name ``token_id``. Every event of PKPPermissions has the token as its first topic."""
    token, nft, permissions = abi.word(token_id), registry.contracts.pkp_nft, registry.contracts.pkp_permissions
    mints = await registry.rpc.logs(nft, [abi.topic(abi.PKP_MINTED), token])
    transfers = await registry.rpc.logs(nft, [abi.topic(abi.TRANSFER), None, None, token])
    changes = await registry.rpc.logs(permissions, [None, token])
    minted = Transaction(hash=mints[0]["transactionHash"], block=int(mints[0]["blockNumber"], 16)) if mints else None
    burned = bool(transfers) and int(transfers[-1]["topics"][2], 16) == 0
    grants = [(grant[1], log["transactionHash"]) for log in changes if (grant := _grant(log)) is not None and grant[0] == MethodType.ACTION]
    return History(
        minted=minted,
        granted=tuple(identifier for identifier, _ in grants),
        granted_in_mint=minted is not None and all(at == minted.hash for _, at in grants),
        only_grants_in_mint=minted is not None and all(_harmless(log, minted) for log in changes),
        burned=burned,
        burned_in_mint=burned and minted is not None and all(log["transactionHash"] == minted.hash for log in transfers),
    )


def _grant(log: dict[str, Any]) -> tuple[int, bytes] | None:
    """Return type and id of what a log says was permitted."""
    if log["topics"][0] != abi.topic(abi.METHOD_ADDED):
        return None
    kind, identifier, _ = abi.decode(["uint256", "bytes", "bytes"], bytes_of(log["data"]))
    return int(kind), bytes(identifier)


def _harmless(log: dict[str, Any], minted: Transaction) -> bool:
    """Whether a change of permissions belongs to the mint and permits an action, or a scope of one."""
    if log["transactionHash"] != minted.hash:
        return False
    if log["topics"][0] == abi.topic(SCOPE_ADDED):
        return int(abi.decode(["uint256", "bytes", "uint256"], bytes_of(log["data"]))[0]) == MethodType.ACTION
    grant = _grant(log)
    return grant is not None and grant[0] == MethodType.ACTION
