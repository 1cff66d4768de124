"""From a CID to a file's bytes: walk its DAG block by block, verify everything, stay within limits.

A file is verified by walking the tree that its CID names, never by chunking it again: who published it may have used
another chunk size. Sizes are checked before a child is asked for, so nobody is made to fetch more than the limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from votive.ipfs.blocks import verify_block
from votive.ipfs.cid import Cid, Codec
from votive.ipfs.errors import BadBlock, TooLarge
from votive.ipfs.unixfs import FileNode, Link, decode_file_node

MAX_DEPTH = 16
MAX_BLOCKS = 65_536
PARALLEL_FETCHES = 8

FetchBlock = Callable[[Cid], Awaitable[bytes]]
"""Gives the bytes of one block, verified against its CID by whoever fetched it and again here."""


async def assemble(root: Cid, fetch: FetchBlock, limit: int) -> bytes:
    """Return the bytes of the file ``root``; BadBlock if its DAG is malformed, TooLarge past ``limit`` bytes."""
    parts: list[bytes | Link] = list(_parts(await _verified(root, fetch), root, limit))
    blocks = 1
    for _ in range(MAX_DEPTH):
        pending = [part for part in parts if isinstance(part, Link)]
        if not pending:
            return b"".join(part for part in parts if isinstance(part, bytes))
        blocks += len(pending)
        if blocks > MAX_BLOCKS:
            raise TooLarge(f"{root} consists of more than {MAX_BLOCKS} blocks")
        parts = _replaced(parts, await _fetch_level(pending, fetch))
    raise BadBlock(f"{root} is nested deeper than {MAX_DEPTH} levels", retryable=False)


def _parts(block: bytes, cid: Cid, limit: int) -> Sequence[bytes | Link]:
    node = FileNode(block, ()) if cid.codec is Codec.RAW else decode_file_node(block)
    if node.file_size > limit:
        raise TooLarge(f"the file {cid} has {node.file_size} bytes, more than the {limit} allowed")
    return (node.data, *node.links)


def _replaced(parts: Sequence[bytes | Link], fetched: Sequence[bytes]) -> list[bytes | Link]:
    blocks = iter(fetched)
    replaced: list[bytes | Link] = []
    for part in parts:
        if isinstance(part, bytes):
            replaced.append(part)
        else:
            replaced.extend(_child_parts(next(blocks), part))
    return replaced


def _child_parts(block: bytes, link: Link) -> Sequence[bytes | Link]:
    child = _parts(block, link.cid, link.file_size)
    size = sum(len(part) if isinstance(part, bytes) else part.file_size for part in child)
    if size != link.file_size:
        raise BadBlock(f"{link.cid} has {size} bytes, its parent says {link.file_size}", retryable=False)
    return child


async def _fetch_level(links: Sequence[Link], fetch: FetchBlock) -> list[bytes]:
    """Fetch the blocks of one level in order, each distinct block once, a few at a time."""
    distinct = list(dict.fromkeys(link.cid for link in links))
    found: dict[Cid, bytes] = {}
    for start in range(0, len(distinct), PARALLEL_FETCHES):
        window = distinct[start : start + PARALLEL_FETCHES]
        found.update(zip(window, await _fetch_window(window, fetch), strict=True))
    return [found[link.cid] for link in links]


async def _fetch_window(cids: Sequence[Cid], fetch: FetchBlock) -> list[bytes]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_verified(cid, fetch)) for cid in cids]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _verified(cid: Cid, fetch: FetchBlock) -> bytes:
    block = await fetch(cid)
    verify_block(cid, block)
    return block
