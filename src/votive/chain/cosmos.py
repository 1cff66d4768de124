"""Reads of Cosmos chains by their REST interface (LCD), by a quorum of equal answers. Their blocks are final at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from votive.chain.endpoint import EndpointFailed, Health, no_answer
from votive.chain.endpoints import Endpoints
from votive.chain.errors import CallRefused
from votive.chain.exact import ExactJson
from votive.chain.line import ExchangeFailed, Line, Reply
from votive.terms.errors import CallerError

MAX_ANSWER = 1024 * 1024
"""Bytes of a provider's reply."""
LONGEST_PATH = 2048
NEWEST_BLOCK = "/cosmos/base/tendermint/v1beta1/blocks/latest"
TOO_MANY_REQUESTS = 429

_PATH = re.compile(r"(/[A-Za-z0-9_.~!$&'()*+,;=:@%-]+)+/?(\?[A-Za-z0-9/?_.~!$&'()*+,;=:@%-]*)?")
"""RFC 3986's path and query; no segment is empty."""


class InvalidCosmosPath(CallerError):
    """This is no path of the REST interface, or it leads out of it."""


class RestEndpoint(Health):
    """A REST endpoint at ``url``; each request may take ``timeout`` seconds."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        self.url = url
        self._line = Line(url, timeout)
        self._timeout = timeout

    async def get(self, path: str) -> ExactJson:
        """Return the JSON at ``path``, or raise EndpointFailed, AnswerTooLarge, or CallRefused if the chain knows no such thing."""
        try:
            answer = self._judged(*await self._reply(path))
        except EndpointFailed:
            self.failed()
            raise
        self.answered()
        return answer

    async def _reply(self, path: str) -> Reply:
        try:
            return await self._line.get(path, MAX_ANSWER)
        except (ExchangeFailed, OSError, ValueError) as error:
            raise no_answer(path, error, self._timeout) from error

    def _judged(self, status: int, content: bytes) -> ExactJson:
        if 400 <= status < 500 and status != TOO_MANY_REQUESTS:
            raise CallRefused(f"the chain refused it with HTTP status {status}", rpc_code=status)
        if status != 200:
            raise EndpointFailed(f"HTTP status {status}")
        return ExactJson.of(content)

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()


class CosmosChain:
    """A chain behind the REST endpoints ``urls``, of which ``quorum`` must give the same answer."""

    kind = "cosmos"

    def __init__(self, urls: Sequence[str], quorum: int, timeout: float, deadline: float) -> None:
        self._endpoints = Endpoints([RestEndpoint(url, timeout) for url in dict.fromkeys(urls)], quorum, deadline)

    async def read(self, path: str) -> Any:
        """Return the JSON at ``path`` ("/cosmos/…?…"); InvalidCosmosPath, or CallRefused if the providers know no such thing."""
        check_path(path)
        if path == NEWEST_BLOCK and self._endpoints.quorum > 1:
            # Providers are at different heights for a moment after each block.
            path = path.replace("latest", str(await self._endpoints.reached(_height)))
        return (await self._endpoints.agreed(lambda endpoint: endpoint.get(path))).value

    async def close(self) -> None:
        """Close all connections."""
        await self._endpoints.close()


async def _height(endpoint: RestEndpoint) -> int:
    block = (await endpoint.get(NEWEST_BLOCK)).value
    try:
        text = block["block"]["header"]["height"]
    except (KeyError, TypeError) as error:
        raise EndpointFailed("the newest block has no height") from error
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,19}", text):
        raise EndpointFailed("the newest block's height is no number")
    return int(text)


def check_path(path: str) -> None:
    """Refuse what is no path with a query, or would climb out of the endpoint's own."""
    if len(path) > LONGEST_PATH or _PATH.fullmatch(path) is None or _climbs(path):
        raise InvalidCosmosPath(f"a path of the chain's REST interface, such as /cosmos/…, belongs here, not {path[:100]!r}")


def _climbs(path: str) -> bool:
    """Whether a segment is "." or "..", also if percent-encoded; an encoded slash or backslash would hide one."""
    plain = path.partition("?")[0].lower().replace("%2e", ".")
    return any(segment in (".", "..") for segment in plain.split("/")) or "%2f" in plain or "%5c" in plain
