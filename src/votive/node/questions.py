"""An action as a condition: it is asked a question, in a run that has no rights, beside the runs of callers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from votive.action import Pool
from votive.auth.conditions import Subject
from votive.node.host import ChainHost
from votive.node.source import Programs
from votive.terms.action import ActionLimits, AuthContext
from votive.terms.errors import CallerError

SECONDS = 10.0
"""For one question: a request may ask thirty."""


class NotInQuestions(CallerError):
    """An action that a condition asks may look at the world and answer, and nothing else."""

    def __init__(self, what: str) -> None:
        super().__init__(f"an action that is asked by a condition cannot {what}. Let it answer from what it fetches and reads.")


class QuestionHost(ChainHost):
    """The host of a run that has no rights: it reads the chain's permissions, which are public."""

    async def sign_ecdsa(self, to_sign: bytes, public_key: str, sig_name: str) -> None:
        """Refuse."""
        raise NotInQuestions("sign")

    async def personal_sign(self, message: bytes, public_key: str, sig_name: str) -> None:
        """Refuse."""
        raise NotInQuestions("sign")

    async def claim_key(self, key_id: str, minter: str | None) -> None:
        """Refuse."""
        raise NotInQuestions("claim keys")

    async def check_conditions(self, conditions: Sequence[Any], auth_sig: Mapping[str, Any] | None, chain: str | None) -> bool:
        """Refuse: a condition that asks an action that asks a condition could go on for ever."""
        raise NotInQuestions("check conditions")

    async def encrypt(self, conditions: Sequence[Any], plaintext: bytes) -> tuple[str, str]:
        """Refuse."""
        raise NotInQuestions("encrypt")

    async def decrypt_and_combine(
        self, conditions: Sequence[Any], ciphertext: str, data_hash: str, auth_sig: Mapping[str, Any] | None, chain: str | None
    ) -> bytes:
        """Refuse."""
        raise NotInQuestions("decrypt")


class Questions:
    """Asks actions, in a pool of their own: a run that asks one must not wait for the place that it holds itself.

    The pool is opened when the first question is asked, and closed with ``stack``.
    """

    def __init__(self, pool: Pool, stack: AsyncExitStack, *, programs: Programs, host: QuestionHost, limits: ActionLimits) -> None:
        self._pool, self._stack, self._programs, self._host = pool, stack, programs, host
        self._limits = msgspec.structs.replace(limits, time_seconds=min(SECONDS, limits.time_seconds))
        self._opening = asyncio.Lock()
        self._opened = False

    async def __call__(self, cid: str, ending: str, who: Subject) -> str:
        """Run the action of this CID with ``ending`` behind its own code, for ``who``, and return its response."""
        program = await self._programs.find(None, cid)
        await self._open()
        context = AuthContext(action_ipfs_ids=(program.cid,), action_ipfs_id_stack=(program.cid,), auth_sig_address=who.address)
        result = await self._pool.run(program.code + ending.encode(), {}, context, self._host, self._limits)
        return result.response

    async def _open(self) -> None:
        async with self._opening:
            if not self._opened:
                await self._stack.enter_async_context(self._pool)
                self._opened = True
