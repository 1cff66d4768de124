"""What a method that opened a session may do with which key: the attacks that a session of a PKP invites."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from votive.auth import Grant, decide
from votive.auth.grant import ProvenMethod
from votive.terms.auth_method import LIT_APP, MethodType, method_id, wallet_ids
from votive.terms.block import Block
from votive.terms.capability import EVERYTHING

BLOCK = Block(number=5, hash=b"\x05" * 32)
MINE, THEIRS = "0x" + "1" * 40, "0x" + "2" * 40
ALICE = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
PASSKEY = ProvenMethod(type=3, id=method_id("victim", LIT_APP), user_id="victim", app_id=LIT_APP, for_session=True)
WALLET = ProvenMethod(type=1, id=wallet_ids(ALICE)[0], user_id=ALICE, app_id=LIT_APP, for_session=True)
ACTION = ProvenMethod(type=2, id=b"\x12\x20" + b"\x03" * 32, user_id="Qm", app_id="", for_session=True)


class Ledger:
    """One token: who owns it, and the methods that it permits."""

    def __init__(self, owner: str | None = ALICE, permitted: dict[tuple[int, bytes], set[int]] | None = None) -> None:
        self.owner_address, self.permitted = owner, permitted or {}

    async def owner(self, token_id: int, block: Block) -> str | None:
        return self.owner_address

    async def is_permitted_action(self, token_id: int, multihash: bytes, block: Block) -> tuple[bool, Collection[int]]:
        return await self.is_permitted_method(token_id, MethodType.ACTION, multihash, block)

    async def is_permitted_address(self, token_id: int, address: str, block: Block) -> tuple[bool, Collection[int]]:
        return await self.is_permitted_method(token_id, MethodType.ETH_WALLET, wallet_ids(address)[0], block)

    async def is_permitted_method(self, token_id: int, method_type: int, method_id: bytes, block: Block) -> tuple[bool, Collection[int]]:
        scopes = self.permitted.get((method_type, method_id))
        return scopes is not None, scopes or set()


async def permits(ledger: Ledger, *methods: ProvenMethod, session_of: str | None = MINE, key: str = MINE, personal: bool = False) -> bool:
    grant = Grant(address=session_of, capabilities=EVERYTHING, issued_at=0, expires_at=1, methods=methods)
    return (await decide(ledger, grant, token_id=9, block=BLOCK, personal_sign=personal, key_address=key)).permitted


@pytest.mark.parametrize("method", [PASSKEY, ACTION, WALLET])
async def test_what_opened_a_session_counts_for_that_key_only(method: ProvenMethod) -> None:
    ledger = Ledger(permitted={(method.type, method.id): {1}})
    assert await permits(ledger, method, session_of=MINE, key=MINE)
    assert not await permits(ledger, method, session_of=MINE, key=THEIRS)


async def test_the_owner_of_one_key_does_not_open_his_others_with_its_session() -> None:
    assert await permits(Ledger(owner=ALICE), WALLET, session_of=MINE, key=MINE)
    assert not await permits(Ledger(owner=ALICE), WALLET, session_of=MINE, key=THEIRS)


@pytest.mark.parametrize("owned_by", [MINE, ALICE])
async def test_a_method_for_messages_only_signs_nothing_else_even_if_the_key_owns_itself(owned_by: str) -> None:
    ledger = Ledger(owner=owned_by, permitted={(3, PASSKEY.id): {2}, (1, wallet_ids(MINE)[0]): {1}})
    assert await permits(ledger, PASSKEY, personal=True)
    assert not await permits(ledger, PASSKEY, personal=False)


async def test_a_method_without_a_scope_does_nothing() -> None:
    ledger = Ledger(owner=None, permitted={(3, PASSKEY.id): set()})
    assert not await permits(ledger, PASSKEY, personal=True)


async def test_an_action_opens_no_session_of_a_key_that_nobody_owns() -> None:
    permitted: Any = {(2, ACTION.id): {1}}
    assert await permits(Ledger(ALICE, permitted), ACTION)
    assert not await permits(Ledger(None, permitted), ACTION)


@pytest.mark.parametrize("number", range(3))
async def test_a_wallet_is_found_under_each_id_that_clients_grant(number: int) -> None:
    ledger = Ledger(owner=None, permitted={(1, wallet_ids(ALICE)[number]): {1}})
    assert await permits(ledger, WALLET)
    assert not await permits(ledger, WALLET, key=THEIRS)
