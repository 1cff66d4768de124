"""A pool under short limits, and a host that refuses nothing and remembers what reached it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from votive.action import Pool, Warm
from votive.terms.action import ActionLimits, AuthContext, PermittedMethod

AUTH = AuthContext(action_ipfs_ids=("QmHostile",), action_ipfs_id_stack=("QmHostile",), auth_sig_address=None)
LIMITS = ActionLimits(time_seconds=1.5, cpu_seconds=1, memory_bytes=128 * 1024 * 1024)


class OpenHost:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    async def sign_ecdsa(self, *call: Any) -> None:
        self.asked.append(call)

    personal_sign = sign_ecdsa

    async def is_permitted_action(self, *call: Any) -> bool:
        self.asked.append(call)
        return True

    is_permitted_address = is_permitted_action

    async def permitted_actions(self, *call: Any) -> list[str]:
        self.asked.append(call)
        return ["QmHostile"]

    permitted_addresses = permitted_actions

    async def permitted_auth_methods(self, *call: Any) -> list[PermittedMethod]:
        self.asked.append(call)
        return [PermittedMethod(type=1, id=b"1", user_pubkey=b"")]

    async def permitted_auth_method_scopes(self, *call: Any) -> list[bool]:
        self.asked.append(call)
        return [True]

    is_permitted_auth_method = check_conditions = is_permitted_action

    async def encrypt(self, *call: Any) -> tuple[str, str]:
        self.asked.append(call)
        return "", "00" * 32

    async def decrypt_and_combine(self, *call: Any) -> bytes:
        self.asked.append(call)
        return b"plaintext"

    async def pubkey_to_token_id(self, *call: Any) -> int:
        self.asked.append(call)
        return 1


@pytest.fixture
def host() -> OpenHost:
    return OpenHost()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0)) as pool:
        yield pool
