"""Publishing through the RPC of a Kubo-compatible node: ``POST /api/v0/add``."""

from __future__ import annotations

from io import BytesIO

import aiohttp
import msgspec

from votive.ipfs.errors import IpfsError
from votive.ipfs.layout import cid_of
from votive.terms.errors import IS_IT_UP, reason_of

_TIMEOUT = aiohttp.ClientTimeout(total=60.0)
_PARAMETERS = {"cid-version": "0", "raw-leaves": "false", "chunker": "size-262144", "pin": "true"}
_ANSWER_LIMIT = 64 * 1024


class _Added(msgspec.Struct):
    hash: str = msgspec.field(name="Hash")


async def publish(api_url: str, data: bytes, name: str = "file") -> str:
    """Publish ``data`` and return its CIDv0, which is computed here and compared with the answer.

    ``api_url`` is the base of ``/api/v0/add``. IpfsError if the node refuses, cannot be reached, or stored something else.
    """
    expected = cid_of(data)
    answered = await _add(api_url.rstrip("/"), data, name)
    if answered != expected:
        raise IpfsError(f"{api_url} stored the file as {answered}, but its CID is {expected}", retryable=False)
    return expected


async def _add(api_url: str, data: bytes, name: str) -> str:
    form = aiohttp.FormData()
    form.add_field("file", BytesIO(data), filename=name, content_type="application/octet-stream")
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(f"{api_url}/api/v0/add", params=_PARAMETERS, data=form) as response,
        ):
            body = await response.content.read(_ANSWER_LIMIT)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise IpfsError(f"cannot publish to {api_url}: nobody answers there ({reason_of(error)}). {IS_IT_UP}") from error
    if response.status != 200:
        raise IpfsError(f"{api_url} refused the file with status {response.status}: {body[:500].decode(errors='replace')}")
    return _last_hash(api_url, body)


def _last_hash(api_url: str, body: bytes) -> str:
    # The answer is one JSON object a line; with several files the last line is the root.
    try:
        return msgspec.json.decode(b"".join(body.splitlines()[-1:]), type=_Added).hash
    except msgspec.DecodeError as error:
        raise IpfsError(f"{api_url} gave an answer that is not Kubo's: {body[:200]!r}") from error
