"""What can go wrong with a chain: all of it is the world's doing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from votive.terms.errors import WorldError


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``.

    Providers put API keys into the rest of it, and errors go to callers.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class ChainUnavailable(WorldError):
    """Fewer endpoints answered in time than the quorum needs."""

    status = 503


class QuorumNotReached(WorldError):
    """Enough endpoints answered, but not enough of them the same. ``details`` says who answered what."""

    status = 503


class WrongChain(WorldError):
    """An endpoint serves another chain than the configured one."""

    status = 503

    def __init__(self, url: str, expected: int, found: int) -> None:
        super().__init__(
            f"{origin_of(url)} serves chain id {found}, but this network is on chain id {expected}; correct rpc_url or chain_id",
            retryable=False,
        )


class BlockGone(WorldError):
    """The endpoints cannot read the state of the pinned block (any more): take a new final block and start again."""

    status = 503


class CallRefused(WorldError):
    """An endpoint understood a request and refused it with a JSON-RPC error."""

    def __init__(self, message: str, *, rpc_code: int, **rest: Any) -> None:
        super().__init__(message, retryable=False, **rest)
        self.rpc_code = rpc_code


class CallReverted(CallRefused):
    """A contract reverted. ``data`` is what it said: a 4-byte selector of a custom error and its arguments, or empty."""

    def __init__(self, message: str, *, rpc_code: int, data: bytes) -> None:
        super().__init__(message, rpc_code=rpc_code)
        self.data = data


class AnswerTooLarge(WorldError):
    """The answer is larger than the question allows. It comes from what was asked, so a quorum can agree on it, as on a revert."""

    def __init__(self, method: str, limit: int) -> None:
        super().__init__(f"the answer to {method} has more than {limit} bytes; ask for less", retryable=False)


class TransactionFailed(WorldError):
    """A transaction was mined and reverted, or was never mined in time."""


class DeadlinePassed(WorldError):
    """The batch's deadline block has passed: the contract refuses all further votes for it."""

    def __init__(self, deadline_block: int, head: int) -> None:
        super().__init__(f"votes of this batch ended at block {deadline_block}; the chain is at {head}", retryable=False)


class MalformedAnswer(WorldError):
    """A contract's answer cannot be decoded: the endpoint lies, or another contract is at the address."""


class UnknownNetwork(WorldError):
    """There is no Votive network at the configured ContractResolver."""
