"""From a CID to a file's bytes: walk its DAG block by block, verify everything, stay within limits.

A file is verified by walking the tree that its CID names, never by chunking it again: who published it may have used
another chunk size. Sizes are checked before a child is asked for, so nobody is made to fetch more than the limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

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
    node = _node_of(root, await _verified(root, fetch))
    if node.file_size > limit:
        raise TooLarge(f"the file {root} has {node.file_size} bytes, more than the {limit} allowed")
    parts: list[bytes | Link] = [node.data, *node.links]
    for _ in range(MAX_DEPTH):
        pending = dict.fromkeys(part.cid for part in parts if isinstance(part, Link))
        if not pending:
            return b"".join(part for part in parts if isinstance(part, bytes))
        parts = _expanded(parts, await _fetch_level(list(pending), fetch), root)
    raise BadBlock(f"{root} is nested deeper than {MAX_DEPTH} levels", retryable=False)


def _node_of(cid: Cid, block: bytes) -> FileNode:
    return FileNode(block, ()) if cid.codec is Codec.RAW else decode_file_node(block)


def _expanded(parts: Sequence[bytes | Link], children: Mapping[Cid, FileNode], root: Cid) -> list[bytes | Link]:
    """Put each link's node in its place. One small block may be linked a million times, so the parts are counted here."""
    expanded: list[bytes | Link] = []
    for part in parts:
        if isinstance(part, bytes):
            expanded.append(part)
            continue
        child = children[part.cid]
        if child.file_size != part.file_size:
            raise BadBlock(f"{part.cid} has {child.file_size} bytes, its parent says {part.file_size}", retryable=False)
        expanded.extend([child.data, *child.links] if child.data else child.links)
        if len(expanded) > MAX_BLOCKS:
            raise TooLarge(f"{root} consists of more than {MAX_BLOCKS} blocks")
    return expanded


async def _fetch_level(cids: Sequence[Cid], fetch: FetchBlock) -> dict[Cid, FileNode]:
    """Fetch the distinct blocks of one level, a few at a time."""
    found: dict[Cid, FileNode] = {}
    for start in range(0, len(cids), PARALLEL_FETCHES):
        window = cids[start : start + PARALLEL_FETCHES]
        blocks = await _fetch_window(window, fetch)
        found.update((cid, _node_of(cid, block)) for cid, block in zip(window, blocks, strict=True))
    return found


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
