"""A host that is no part of the sandbox: it records what it is asked, and refuses what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from votive.action import Pool, Warm
from votive.terms.action import ActionLimits, AuthContext, RunResult

CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
PUBLIC_KEY = "0x04" + "ab" * 64
AUTH = AuthContext(action_ipfs_ids=(CID,), action_ipfs_id_stack=(CID,), auth_sig_address="0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
LIMITS = ActionLimits(time_seconds=20)

Act = Callable[..., Awaitable[RunResult]]


class RecordingHost:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.raises: Exception | None = None

    def _record(self, *call: Any) -> None:
        self.asked.append(call)
        if self.raises is not None:
            raise self.raises

    async def sign_ecdsa(self, to_sign: bytes, public_key: str, sig_name: str) -> None:
        self._record("sign_ecdsa", to_sign, public_key, sig_name)

    async def personal_sign(self, message: bytes, public_key: str, sig_name: str) -> None:
        self._record("personal_sign", message, public_key, sig_name)

    async def is_permitted_action(self, token_id: int, ipfs_id: str) -> bool:
        self._record("is_permitted_action", token_id, ipfs_id)
        return ipfs_id == CID

    async def is_permitted_address(self, token_id: int, address: str) -> bool:
        self._record("is_permitted_address", token_id, address)
        return address.startswith("0x7")

    async def permitted_actions(self, token_id: int) -> tuple[str, ...]:
        self._record("permitted_actions", token_id)
        return (CID,)

    async def permitted_addresses(self, token_id: int) -> tuple[str, ...]:
        self._record("permitted_addresses", token_id)
        return ("0x70997970C51812dc3A010C7d01b50e0d17dc79C8",)

    async def pubkey_to_token_id(self, public_key: str) -> int:
        self._record("pubkey_to_token_id", public_key)
        return 0xABC


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0)) as pool:
        yield pool


@pytest.fixture
def act(pool: Pool, host: RecordingHost) -> Act:
    """Run a source with parameters."""

    async def run(source: str, limits: ActionLimits | None = None, **params: Any) -> RunResult:
        return await pool.run(source.encode(), params, AUTH, host, limits)

    return run


@pytest.fixture
def answer(act: Act) -> Callable[..., Awaitable[str]]:
    """Evaluate an expression in an action, awaiting it, and return it as a string."""

    async def evaluate(expression: str, **params: Any) -> str:
        source = f"(async () => {{ Lit.Actions.setResponse({{ response: String(await ({expression})) }}); }})();"
        return (await act(source, **params)).response

    return evaluate
