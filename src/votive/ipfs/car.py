"""Whole files as one stream of blocks: CARv1 (https://ipld.io/specs/transport/car/carv1/), depth first, each block once."""

from __future__ import annotations

from collections.abc import Iterator

from votive.ipfs.blocks import BlockStore
from votive.ipfs.cid import Cid, Codec
from votive.ipfs.dag import MAX_BLOCKS, MAX_DEPTH
from votive.ipfs.dagpb import varint
from votive.ipfs.errors import BadBlock, TooLarge
from votive.ipfs.unixfs import decode_node

CAR_TYPE = "application/vnd.ipld.car; version=1; order=dfs; dups=n"


class MissingBlock(BadBlock):
    """A block that a file needs is not stored here."""


def stored_block(store: BlockStore, cid: Cid) -> bytes:
    """Return a block of ``store``; MissingBlock if it is not there."""
    block = store.get(cid)
    if block is None:
        raise MissingBlock(f"{cid} is not stored here", retryable=False)
    return block


def cids_of(store: BlockStore, root: Cid) -> list[Cid]:
    """List the blocks of a stored file, depth first, each once; MissingBlock if one is not there."""
    found: dict[Cid, None] = {}
    pending = [(root, 0)]
    while pending:
        cid, depth = pending.pop()
        if cid in found:
            continue
        found[cid] = None
        if depth > MAX_DEPTH or len(found) > MAX_BLOCKS:
            raise TooLarge(f"{root} has more than {MAX_BLOCKS} blocks or {MAX_DEPTH} levels")
        pending.extend((child, depth + 1) for child in reversed(_children(store, cid)))
    return list(found)


def _children(store: BlockStore, cid: Cid) -> list[Cid]:
    if cid.codec is Codec.RAW:
        if cid not in store:
            raise MissingBlock(f"{cid} is not stored here", retryable=False)
        return []
    return [link.cid for link in decode_node(stored_block(store, cid)).links]


def car_of(store: BlockStore, root: Cid, cids: list[Cid]) -> Iterator[bytes]:
    """Yield the archive of ``cids`` piece by piece."""
    yield _section(_header(root))
    for cid in cids:
        yield _section(cid.to_bytes() + stored_block(store, cid))


def _section(data: bytes) -> bytes:
    return varint(len(data)) + data


def _header(root: Cid) -> bytes:
    """Write {"roots": [root], "version": 1} as DAG-CBOR: a CID is tag 42 over a byte string that begins with zero."""
    name = b"\x00" + root.to_bytes()
    roots = b"\x65roots\x81\xd8\x2a\x58" + bytes([len(name)]) + name
    return b"\xa2" + roots + b"\x67version\x01"
