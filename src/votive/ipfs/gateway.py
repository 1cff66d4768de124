"""Fetching from trustless gateways: raw blocks, each verified, so that no gateway has to be believed.

Protocol: https://specs.ipfs.tech/http-gateways/trustless-gateway/ (``GET /ipfs/{cid}?format=raw``). The gateways are asked
in the order given; one that lies, fails or stalls is skipped, asked last for the rest of the file, and named if no other has a block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import aiohttp

from votive.ipfs.blocks import BLOCK_LIMIT, BlockStore, verify_block
from votive.ipfs.cid import Cid
from votive.ipfs.dag import assemble
from votive.ipfs.errors import BadBlock, IpfsError, TooLarge

_RAW = "application/vnd.ipld.raw"


class Gateways:
    """An ordered list of gateways with an optional store of the blocks fetched before. Use as an async context manager."""

    def __init__(self, urls: Sequence[str], store: BlockStore | None = None, timeout: float = 10.0) -> None:
        """``urls`` are bases such as ``https://ipfs.example``; ``timeout`` is in seconds, for each block and gateway."""
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._store = store
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, auto_decompress=False)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close the connection pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(self, cid: str, limit: int) -> bytes:
        """Return the file that ``cid`` names, every block verified.

        InvalidCid if ``cid`` is none; TooLarge past ``limit`` bytes; IpfsError if no gateway has it, with what each did.
        """
        doubted: set[str] = set()

        async def block(wanted: Cid) -> bytes:
            return await self._block(wanted, doubted)

        return await assemble(Cid.parse(cid), block, limit)

    async def _block(self, cid: Cid, doubted: set[str]) -> bytes:
        stored = await asyncio.to_thread(self._stored, cid)
        if stored is not None:
            return stored
        block = await self._from_gateways(cid, doubted)
        if self._store is not None:
            await asyncio.to_thread(self._store.put, cid, block)
        return block

    def _stored(self, cid: Cid) -> bytes | None:
        if self._store is None:
            return None
        try:
            return self._store.get(cid)
        except BadBlock:
            return None  # a cache heals itself: the block is fetched again and put over the damaged one

    async def _from_gateways(self, cid: Cid, doubted: set[str]) -> bytes:
        """Ask one gateway after the other; those that failed for another block of this file, the ``doubted``, come last."""
        failures: list[str] = []
        for url in sorted(self._urls, key=doubted.__contains__):
            try:
                return await self._from_gateway(url, cid)
            except (aiohttp.ClientError, TimeoutError, IpfsError) as error:
                doubted.add(url)
                failures.append(f"{url}: {_reason(error)}")
        if not failures:
            raise IpfsError(f"{cid} is not stored here and no gateway is configured.", retryable=False)
        raise IpfsError(f"no gateway delivered {cid}: {'; '.join(failures)}. Was it published (`votive action publish`)?", details=failures)

    async def _from_gateway(self, url: str, cid: Cid) -> bytes:
        if self._session is None:
            raise RuntimeError("Gateways is an async context manager: use it within 'async with'")
        address = f"{url}/ipfs/{cid}?format=raw"
        async with self._session.get(address, headers={"Accept": _RAW, "Accept-Encoding": "identity"}) as response:
            if response.status != 200:
                raise IpfsError(f"answered with status {response.status}")
            block = await _read(response)
        verify_block(cid, block)
        return block


async def _read(response: aiohttp.ClientResponse) -> bytes:
    received = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        received += piece
        if len(received) > BLOCK_LIMIT:
            raise TooLarge(f"sent more than the {BLOCK_LIMIT} bytes that a block may have")
    return bytes(received)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "did not answer in time"
        case BadBlock():
            return f"lied: {error}"
        case _:
            return str(error) or type(error).__name__
