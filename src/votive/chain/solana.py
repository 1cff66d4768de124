"""Reads of Solana that conditions ask for, finalized, by a quorum of equal answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from votive.chain.endpoint import Endpoint, Question
from votive.chain.endpoints import Endpoints
from votive.chain.exact import ExactJson
from votive.terms.errors import CallerError

MAX_ANSWER = 1024 * 1024
"""Bytes of a provider's reply; an account holds 10 MiB at most, those that conditions read a few hundred bytes."""
COMMITMENT = "finalized"
ARGUMENTS = {
    "getAccountInfo": 1,
    "getBalance": 1,
    "getBlockHeight": 0,
    "getEpochInfo": 0,
    "getMultipleAccounts": 1,
    "getProgramAccounts": 1,
    "getSlot": 0,
    "getTokenAccountBalance": 1,
    "getTokenAccountsByDelegate": 2,
    "getTokenAccountsByOwner": 2,
    "getTokenLargestAccounts": 1,
    "getTokenSupply": 1,
    "getTransactionCount": 0,
}
"""What may be asked: methods that only read, with the number of their arguments before the object that names the commitment."""


class UnknownSolanaMethod(CallerError):
    """Something else than a read of a finalized state was asked."""


class SolanaChain:
    """Solana behind ``urls``, of which ``quorum`` must give the same answer."""

    kind = "solana"

    def __init__(self, urls: Sequence[str], quorum: int, timeout: float, deadline: float) -> None:
        self._endpoints = Endpoints([Endpoint(url, None, timeout) for url in dict.fromkeys(urls)], quorum, deadline)

    async def read(self, method: str, params: Sequence[Any]) -> Any:
        """Return the result of a JSON-RPC method, read at commitment "finalized" whatever ``params`` say.

        Its ``context`` (slot and version of whoever answered) is left out: two honest providers never agree on it.
        UnknownSolanaMethod if the method is not one of ``ARGUMENTS``; CallRefused if the providers refuse the parameters.
        """
        question = finalized(method, params)

        async def ask(endpoint: Endpoint) -> ExactJson:
            raw = await endpoint.ask(Question(method, question, msgspec.Raw, limit=MAX_ANSWER))
            return ExactJson(_without_context(ExactJson.of(bytes(raw)).value))

        return (await self._endpoints.agreed(ask)).value

    async def close(self) -> None:
        """Close all connections."""
        await self._endpoints.close()


def finalized(method: str, params: Sequence[Any]) -> list[Any]:
    """Return ``params`` with the commitment set to "finalized", in their last object or in one that is added."""
    count = ARGUMENTS.get(method)
    if count is None:
        raise UnknownSolanaMethod(f"{method!r} cannot be asked of Solana; there are {', '.join(ARGUMENTS)}")
    given = params[count] if len(params) == count + 1 else {}
    if len(params) not in (count, count + 1) or not isinstance(given, dict):
        raise UnknownSolanaMethod(f"{method} takes {count} parameters and one object of options, not {len(params)} parameters")
    return [*params[:count], {**given, "commitment": COMMITMENT}]


def _without_context(result: Any) -> Any:
    if isinstance(result, dict) and "value" in result and "context" in result:
        return {name: value for name, value in result.items() if name != "context"}
    return result
