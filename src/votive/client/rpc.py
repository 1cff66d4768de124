"""A thin JSON-RPC client: just enough of an EVM chain to read contracts and send transactions."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from votive.client.errors import TransactionFailed, Unreachable
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.errors import IS_IT_UP, reason_of
from votive.terms.ethereum import revert_data

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
ERROR_STRING = bytes.fromhex("08c379a0")
"""Selector of Solidity's ``Error(string)``."""


class RpcError(msgspec.Struct, frozen=True, kw_only=True):
    """The error object of JSON-RPC 2.0."""

    code: int = 0
    message: str = ""
    data: Any = None


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    result: Any = None
    error: RpcError | None = None


class Refusal(TransactionFailed):
    """The chain answered with an error. ``data`` is what a reverted call returned, if any."""

    def __init__(self, method: str, error: RpcError) -> None:
        self.data = revert_data(error.data)
        super().__init__(f"the chain refused this ({method}): {_reason(self.data) or error.message}.", retryable=False)


class Rpc:
    """JSON-RPC over HTTP to one provider."""

    def __init__(self, session: aiohttp.ClientSession, url: str, timeout: float = 10.0) -> None:
        self.url = url
        self._session = session
        self._timeout = timeout
        self._ids = itertools.count(1)
        self._decode = msgspec.json.Decoder(_Reply).decode

    async def call(self, method: str, *params: Any) -> Any:
        """Return the ``result`` of ``method``.

        Raises:
            Unreachable: nobody answers at the URL, or not with JSON-RPC.
            Refusal: the chain answered with an error.
        """
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params})
        reply = self._read(method, await self._post(method, body))
        if reply.error is not None:
            raise Refusal(method, reply.error)
        return reply.result

    async def _post(self, method: str, body: bytes) -> bytes:
        import aiohttp  # noqa: PLC0415  # loading it takes 0.2 s, and not every use needs it

        try:
            async with asyncio.timeout(self._timeout):
                headers = {"Content-Type": "application/json"}
                async with self._session.post(self.url, data=body, headers=headers) as response:
                    return await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"the chain does not answer at {self.url} ({method}: {reason_of(error)}). {IS_IT_UP}") from error

    def _read(self, method: str, raw: bytes) -> _Reply:
        try:
            return self._decode(raw)
        except msgspec.MsgspecError as error:
            raise Unreachable(
                f"{self.url} does not answer {method} with JSON-RPC: {raw[:100]!r}. Is this the URL of an EVM node?"
            ) from error

    async def number(self, method: str, *params: Any) -> int:
        """Call a method that answers with a 0x quantity."""
        return int(await self.call(method, *params), 16)

    async def eth_call(self, to: str, data: bytes, block: str = "latest") -> bytes:
        """Read a contract: ``data`` is selector and arguments; returns what it returned, undecoded."""
        return bytes_of(await self.call("eth_call", {"to": to, "data": hex0x(data)}, block))

    async def logs(self, address: str, topics: Sequence[str | None]) -> list[dict[str, Any]]:
        """Return all logs of ``address`` with ``topics``, from the first block on."""
        filter_ = {"address": address, "topics": list(topics), "fromBlock": "0x0", "toBlock": "latest"}
        return list(await self.call("eth_getLogs", filter_))

    async def receipt(self, transaction: str, patience: float = 60.0) -> dict[str, Any]:
        """Wait until ``transaction`` (0x hash) is in a block and return its receipt.

        Raises:
            TransactionFailed: it was not included in time.
        """
        found = await _poll(lambda: self.call("eth_getTransactionReceipt", transaction), patience)
        if found is None:
            raise TransactionFailed(f"transaction {transaction} is in no block after {patience:.0f} s. Ask the chain for it again later.")
        return dict(found)


async def _poll(ask: Callable[[], Awaitable[T | None]], patience: float) -> T | None:
    """Ask until there is an answer, ever more slowly."""
    deadline, pause = time.monotonic() + patience, 0.01
    while (answer := await ask()) is None and time.monotonic() < deadline:
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)
    return answer


def _reason(data: bytes) -> str:
    """Read a reverted call's data: Solidity's Error(string), or one of the contracts' own errors."""
    from votive.client.abi import decode, error_in_words  # noqa: PLC0415  # loads eth_abi

    if data[:4] == ERROR_STRING:
        return str(decode(["string"], data[4:])[0])
    return error_in_words(data[:4])
