"""Changing a key that is not one's own: the refusal says whose it is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.client.town import ACCOUNT, CHAIN_ID, NOWHERE, TOKEN

from votive.client.errors import BadArgument, TransactionFailed
from votive.client.owner import change
from votive.client.registry import Registry
from votive.client.rpc import Refusal, Rpc, RpcError
from votive.client.transactions import Sender
from votive.client.wallet import Wallet
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.errors import ErrorCode
from votive.terms.ethereum import selector_of, token_text

OTHER = "0x" + "0B" * 20


class Chain(Registry):
    """What the chain says of one key."""

    def __init__(self, rpc: Rpc, *, known: bool, owned_by: str | None, minted: bool) -> None:
        super().__init__(rpc, Contracts.from_dict(dict.fromkeys(("ContractResolver", *RESOLVER_KEYS), NOWHERE)), CHAIN_ID)
        self.known, self.owned_by, self.minted_once = known, owned_by, minted

    async def public_key(self, token_id: int) -> bytes:
        if not self.known:
            raise BadArgument("no key of this network", code=ErrorCode.UNKNOWN_KEY)
        return bytes(65)

    async def owner(self, token_id: int) -> str | None:
        return self.owned_by

    async def was_minted(self, token_id: int) -> bool:
        return self.minted_once


class Refusing(Sender):
    """A chain that reverts everything with one error."""

    error = "NotPkpOwner(uint256,address)"

    async def send(self, wallet: Wallet, to: str, data: bytes, value: int = 0) -> dict[str, Any]:
        raise Refusal("eth_estimateGas", RpcError(message="reverted", data="0x" + selector_of(self.error).hex() + "00" * 64))


async def refused(*, known: bool = True, owned_by: str | None = None, minted: bool = True, error: str = Refusing.error) -> Exception:
    rpc = Rpc(None, "http://127.0.0.1:9")  # type: ignore[arg-type]  # nothing is asked over it
    sender = Refusing(rpc, CHAIN_ID)
    sender.error = error
    with pytest.raises((TransactionFailed, BadArgument)) as caught:
        await change(Chain(rpc, known=known, owned_by=owned_by, minted=minted), sender, ACCOUNT, TOKEN, to=NOWHERE, data=b"")
    return caught.value


@pytest.mark.parametrize(
    "error", [Refusing.error, "ERC721InsufficientApproval(address,uint256)", "ERC721IncorrectOwner(address,uint256,address)"]
)
async def test_of_anothers_key_owner_and_asker_are_named(error: str) -> None:
    said = str(await refused(owned_by=OTHER, error=error))
    assert f"{token_text(TOKEN)} is owned by {OTHER}; you act as {ACCOUNT.address}" in said
    assert "--as" in said


@pytest.mark.parametrize("error", [Refusing.error, "ERC721NonexistentToken(uint256)"])
async def test_a_burned_key_is_called_burned(error: str) -> None:
    assert "was burned: what it was granted stays" in str(await refused(error=error))


async def test_a_key_of_the_stock_was_not_minted() -> None:
    assert "was not minted yet" in str(await refused(minted=False))


async def test_a_key_that_there_is_not_is_unknown() -> None:
    unknown = await refused(known=False)
    assert isinstance(unknown, BadArgument)
    assert unknown.code == ErrorCode.UNKNOWN_KEY


async def test_another_reason_of_the_chain_stays_as_it_is() -> None:
    assert "nothing to revoke" in str(await refused(owned_by=OTHER, error="NotPermitted(uint256,uint256,bytes)"))
    assert isinstance(await refused(owned_by=ACCOUNT.address), Refusal)
