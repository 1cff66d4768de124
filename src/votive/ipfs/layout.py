"""From a file's bytes to its blocks and CID: the balanced layout of the profile unixfs-v0-2015 (IPIP-499).

Chunks of 262,144 bytes, at most 174 children a node, SHA-256. ``ipfs add`` and pinning services use it by default, so it is
the profile under which the CIDs of actions are computed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from votive.ipfs.cid import Cid, Codec
from votive.ipfs.unixfs import FileNode, Link, encode_file_node

CHUNK_BYTES = 262_144
MAX_CHILDREN = 174


class Profile(Enum):
    """How leaves and CIDs are written; the value is (CID version, raw leaves)."""

    V0 = (0, False)
    V0_RAW_LEAVES = (0, True)
    V1 = (1, False)
    V1_RAW_LEAVES = (1, True)

    @property
    def version(self) -> int:
        """CID version of the nodes."""
        return self.value[0]

    @property
    def raw_leaves(self) -> bool:
        """Whether leaves are the bare bytes (codec raw) rather than dag-pb nodes."""
        return self.value[1]


class Block(msgspec.Struct, frozen=True):
    """A block and its name."""

    cid: Cid
    data: bytes


def blocks_of(data: bytes, profile: Profile = Profile.V0) -> Iterator[Block]:
    """Yield the blocks of a file, children before parents; the last one is the root."""
    level: list[Link] = []
    for start in range(0, max(len(data), 1), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        block = _leaf(chunk, profile)
        level.append(Link(block.cid, len(chunk), len(block.data)))
        yield block
    while len(level) > 1:
        groups = [level[start : start + MAX_CHILDREN] for start in range(0, len(level), MAX_CHILDREN)]
        level = []
        for group in groups:
            block = _node(FileNode(b"", tuple(group)), profile)
            level.append(_link_to(block, group))
            yield block


def _leaf(chunk: bytes, profile: Profile) -> Block:
    if profile.raw_leaves:
        return Block(Cid.of_block(chunk, Codec.RAW, 1), chunk)
    return _node(FileNode(chunk, ()), profile)


def _node(node: FileNode, profile: Profile) -> Block:
    block = encode_file_node(node)
    return Block(Cid.of_block(block, Codec.DAG_PB, profile.version), block)


def _link_to(block: Block, children: Sequence[Link]) -> Link:
    tree_size = len(block.data) + sum(child.tree_size for child in children)
    return Link(block.cid, sum(child.file_size for child in children), tree_size)


def cid_of(data: bytes, profile: Profile = Profile.V0) -> str:
    """Return the CID of a file; with the default profile a CIDv0 as ``ipfs add`` prints it."""
    [root] = deque(blocks_of(data, profile), maxlen=1)
    return str(root.cid)
