"""The program of a run: its bytes, and the CID this node computed from exactly these bytes."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from votive.ipfs import Cid, cid_of
from votive.terms.errors import CallerError, ErrorCode

THREAD_BYTES = 1024 * 1024
"""Larger programs are hashed in a thread."""


@dataclass(frozen=True)
class Program:
    """Code and its name."""

    code: bytes
    cid: str
    """CIDv0 of ``code`` in IPFS's default profile."""


class Fetch(Protocol):
    """IPFS gateways, every block verified."""

    async def fetch(self, cid: str, limit: int) -> bytes:
        """Return the file named ``cid``, of at most ``limit`` bytes."""


class Programs:
    """Finds programs, and remembers those it fetched."""

    def __init__(self, gateways: Fetch, *, code_limit: int, cache_bytes: int) -> None:
        self._gateways, self._limit, self._cache_bytes = gateways, code_limit, cache_bytes
        self._fetched: OrderedDict[str, Program] = OrderedDict()

    async def find(self, code: str | None, ipfs_id: str | None) -> Program:
        """Return the program given as base64 ``code``, or named by ``ipfs_id``; if both are given they must agree.

        Raises:
            CallerError: neither, too large, not base64, or code that is not what ``ipfs_id`` names.
            WorldError: no gateway has it.
        """
        if code is None and ipfs_id is None:
            raise CallerError("give either 'code' (base64) or 'ipfsId'.", details=[{"field": "code"}])
        named = None if ipfs_id is None else Cid.parse(ipfs_id)
        program = await self._inline(code) if code is not None else await self._fetch(str(named))
        if named is not None and named.multihash != Cid.parse(program.cid).multihash:
            raise CallerError(
                f"the program's CID is {program.cid}, not {ipfs_id}. Send the bytes that the CID names, or that CID.",
                code=ErrorCode.CID_MISMATCH,
                details=[{"given": ipfs_id, "computed": program.cid}],
            )
        return program

    async def _inline(self, code: str) -> Program:
        if len(code) // 4 * 3 > self._limit + 3:
            raise code_too_large(self._limit)
        try:
            data = base64.b64decode(code, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CallerError("the field 'code' is not base64. Encode the program's UTF-8 bytes.", details=[{"field": "code"}]) from error
        return await self._named(data)

    async def _fetch(self, cid: str) -> Program:
        if cid not in self._fetched:
            self._keep(cid, await self._named(await self._gateways.fetch(cid, self._limit)))
        self._fetched.move_to_end(cid)
        return self._fetched[cid]

    async def _named(self, data: bytes) -> Program:
        if len(data) > self._limit:
            raise code_too_large(self._limit)
        return Program(data, await asyncio.to_thread(cid_of, data) if len(data) > THREAD_BYTES else cid_of(data))

    def _keep(self, cid: str, program: Program) -> None:
        self._fetched[cid] = program
        while len(self._fetched) > 1 and sum(len(kept.code) for kept in self._fetched.values()) > self._cache_bytes:
            self._fetched.popitem(last=False)


def code_too_large(limit: int) -> CallerError:
    """The refusal of a program beyond ``limit`` bytes."""
    return CallerError(
        f"the program is larger than {limit} bytes.", code=ErrorCode.CODE_TOO_LARGE, details=[{"limit": "code_bytes", "value": limit}]
    )
