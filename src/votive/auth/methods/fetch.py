"""What this room needs of the network: a question to an identity provider that the operator named, answered in bounded time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

ANSWER_LIMIT = 256 * 1024
"""Bytes of an answer; the key sets of the largest providers have some thousand."""


class Fetch(Protocol):
    """Fetches from configured addresses only."""

    async def fetch(self, url: str, *, bearer: str | None = None, form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Return status and body of ``url``: GET, or POST of ``form``; ``bearer`` goes into the Authorization header.

        Raises:
            ProviderSilent: no answer in time, too long an answer, or a redirect. The message has no token in it.
        """
        ...
