"""A host that is no part of the sandbox: it records what it is asked, and refuses what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from votive.action import Pool, Warm
from votive.terms.action import ActionLimits, AuthContext, PermittedMethod, RunResult

CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"
PUBLIC_KEY = "0x04" + "ab" * 64
AUTH = AuthContext(action_ipfs_ids=(CID,), action_ipfs_id_stack=(CID,), auth_sig_address="0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
CONDITIONS = [
    {
        "contractAddress": "",
        "standardContractType": "",
        "chain": "ethereum",
        "method": "",
        "parameters": [":currentActionIpfsId"],
        "returnValueTest": {"comparator": "=", "value": CID},
    }
]
LIMITS = ActionLimits(time_seconds=20)

Act = Callable[..., Awaitable[RunResult]]


class RecordingHost:
    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.raises: Exception | None = None
        self.plaintext = "geheim ✓".encode()

    def _record(self, *call: Any) -> None:
        self.asked.append(call)
        if self.raises is not None:
            raise self.raises

    async def claim_key(self, key_id: str, minter: str | None) -> None:
        self._record("claim_key", key_id, minter)

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

    async def is_permitted_auth_method(self, token_id: int, method_type: int, method_id: bytes) -> bool:
        self._record("is_permitted_auth_method", token_id, method_type, method_id)
        return method_type == 6

    async def permitted_auth_methods(self, token_id: int) -> tuple[PermittedMethod, ...]:
        self._record("permitted_auth_methods", token_id)
        return (PermittedMethod(type=6, id=b"\xab" * 32, user_pubkey=b""),)

    async def permitted_auth_method_scopes(self, token_id: int, method_type: int, method_id: bytes, max_scope_id: int) -> list[bool]:
        self._record("permitted_auth_method_scopes", token_id, method_type, method_id, max_scope_id)
        return [scope == 2 for scope in range(max_scope_id)]

    async def check_conditions(self, conditions: list[Any], auth_sig: dict[str, Any] | None, chain: str | None) -> bool:
        self._record("check_conditions", conditions, auth_sig, chain)
        return conditions == CONDITIONS

    async def encrypt(self, conditions: list[Any], plaintext: bytes) -> tuple[str, str]:
        self._record("encrypt", conditions, plaintext)
        return "Y2lwaGVy", "ab" * 32

    async def decrypt_and_combine(
        self, conditions: list[Any], ciphertext: str, data_hash: str, auth_sig: dict[str, Any] | None, chain: str | None
    ) -> bytes:
        self._record("decrypt_and_combine", conditions, ciphertext, data_hash, auth_sig, chain)
        return self.plaintext


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
