"""The network's own keys as the chain states them, and what its nodes' shares of them must look like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from votive.client.ask import Node, decoded, read
from votive.terms.encoding import bytes_of
from votive.terms.key import verification_hash
from votive.terms.participant import Seat

if TYPE_CHECKING:
    import aiohttp

SECONDS = 5.0
"""How long one node may take to tell the verification shares."""
LIMIT = 256 * 1024
_is_seat = re.compile("[1-9][0-9]{0,2}").fullmatch


class NetworkKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the network's own, which more than two thirds of its nodes voted for."""

    public_key: bytes
    """A point of G1 on BLS12-381, compressed, 48 bytes."""
    verification_hash: bytes
    """Hash of all verification shares, 32 bytes: see ``terms.key.verification_hash``."""


class Holders(msgspec.Struct, frozen=True, kw_only=True):
    """The nodes as holders of one of the network's own keys: t of their shares make its signature."""

    public_key: bytes
    """48 bytes."""
    threshold: int
    verification_shares: Callable[[], Awaitable[Mapping[int, bytes] | None]]
    """Reads share_j·G of every seat j, 48 bytes each; None if no node tells them as the chain has them. Asked only if a share is wrong."""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    verification_shares: dict[str, str]


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    encryption: _Told | None = None
    session: _Told | None = None


class _Description(msgspec.Struct, frozen=True, kw_only=True):
    keys: _Keys = _Keys()


_descriptions = msgspec.json.Decoder(_Description)


async def verification_shares(session: aiohttp.ClientSession, nodes: Sequence[Node], key: NetworkKey) -> Mapping[int, bytes] | None:
    """Ask the nodes for share_j·G of every seat j, and believe the first whose answer has the hash that was voted on chain.

    Returns:
        None if no node told what the chain confirms.
    """
    asking = [asyncio.create_task(_told_by(session, node)) for node in nodes]
    try:
        for answer in asyncio.as_completed(asking):
            for shares in await answer:
                if verification_hash(shares) == key.verification_hash:
                    return {int(seat): share for seat, share in shares.items()}
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return None


async def _told_by(session: aiohttp.ClientSession, node: Node) -> tuple[dict[Seat, bytes], ...]:
    """Return what a node says the verification shares of each key are; nothing if it says nothing that can be read."""
    import aiohttp  # noqa: PLC0415  # loaded when first needed

    try:
        async with asyncio.timeout(SECONDS), session.get(f"{node.url}/votive/network", allow_redirects=False) as response:
            keys = decoded(await read(response, LIMIT), _descriptions).keys
            told = (one.verification_shares for one in (keys.encryption, keys.session) if one is not None)
            return tuple({_seat(seat): bytes_of(share) for seat, share in shares.items()} for shares in told)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return ()


def _seat(text: str) -> Seat:
    if _is_seat(text) is None:
        raise ValueError(f"{text[:8]!r} is no seat")
    return Seat(int(text))
