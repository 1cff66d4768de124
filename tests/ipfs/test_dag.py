from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest

from votive.ipfs import BadBlock, Cid, Codec, IpfsError, Profile, TooLarge, blocks_of
from votive.ipfs.blocks import BLOCK_LIMIT
from votive.ipfs.dag import MAX_BLOCKS, MAX_DEPTH, assemble
from votive.ipfs.layout import CHUNK_BYTES
from votive.ipfs.unixfs import FileNode, Link, encode_file_node

MIB = 1024 * 1024


class Blocks:
    """Blocks in a dictionary; counts what was asked for."""

    def __init__(self) -> None:
        self.blocks: dict[Cid, bytes] = {}
        self.asked: Counter[Cid] = Counter()

    def add(self, data: bytes, profile: Profile = Profile.V0) -> Cid:
        for block in blocks_of(data, profile):
            self.blocks[block.cid] = block.data
        return block.cid

    def node(self, node: FileNode) -> Link:
        block = encode_file_node(node)
        cid = Cid.of_block(block, Codec.DAG_PB, 1)
        self.blocks[cid] = block
        return Link(cid, node.file_size, len(block))

    def leaf(self, data: bytes) -> Link:
        cid = Cid.of_block(data, Codec.RAW, 1)
        self.blocks[cid] = data
        return Link(cid, len(data), len(data))

    async def fetch(self, cid: Cid) -> bytes:
        self.asked[cid] += 1
        if cid not in self.blocks:
            raise IpfsError(f"no {cid}")
        return self.blocks[cid]


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 46 * MIB])
@pytest.mark.parametrize("profile", Profile)
async def test_a_file_comes_back_as_it_was(length: int, profile: Profile, mod251: Callable[[int], bytes]) -> None:
    blocks, data = Blocks(), mod251(length)
    assert await assemble(blocks.add(data, profile), blocks.fetch, length) == data


async def test_each_distinct_block_of_a_level_is_asked_for_once() -> None:
    blocks = Blocks()
    await assemble(blocks.add(bytes(10 * CHUNK_BYTES)), blocks.fetch, 10 * CHUNK_BYTES)
    assert set(blocks.asked.values()) == {1}
    assert len(blocks.asked) == 2


async def test_a_file_over_the_limit_is_refused_before_its_parts_are_asked_for() -> None:
    blocks = Blocks()
    root = blocks.add(os.urandom(3 * CHUNK_BYTES))
    with pytest.raises(TooLarge, match="786432 bytes"):
        await assemble(root, blocks.fetch, 3 * CHUNK_BYTES - 1)
    assert blocks.asked == {root: 1}


async def test_a_block_that_hashes_to_another_cid_is_refused_wherever_it_is() -> None:
    data = os.urandom(2 * CHUNK_BYTES)
    for lying in range(3):
        blocks = Blocks()
        root = blocks.add(data)
        cid = list(blocks.blocks)[lying]
        blocks.blocks[cid] = blocks.blocks[cid][:-1] + b"x"
        with pytest.raises(BadBlock, match=str(cid)):
            await assemble(root, blocks.fetch, len(data))


async def test_a_missing_block_is_reported_as_it_was_found_missing() -> None:
    blocks = Blocks()
    root = blocks.add(os.urandom(9 * CHUNK_BYTES))
    del blocks.blocks[next(iter(blocks.blocks))]
    with pytest.raises(IpfsError, match="no Qm"):
        await assemble(root, blocks.fetch, 9 * CHUNK_BYTES)


@pytest.mark.parametrize("stated", [4, 6])
async def test_a_child_must_have_the_size_that_its_parent_states(stated: int) -> None:
    blocks = Blocks()
    leaf = blocks.leaf(b"hello")
    root = blocks.node(FileNode(b"", (Link(leaf.cid, stated, 5),)))
    with pytest.raises((BadBlock, TooLarge)):
        await assemble(root.cid, blocks.fetch, 100)


async def test_a_block_over_two_mebibytes_is_refused() -> None:
    blocks = Blocks()
    with pytest.raises(TooLarge, match="2097153"):
        await assemble(blocks.leaf(bytes(BLOCK_LIMIT + 1)).cid, blocks.fetch, 10 * MIB)
    assert len(await assemble(blocks.leaf(bytes(BLOCK_LIMIT)).cid, blocks.fetch, 10 * MIB)) == BLOCK_LIMIT


async def test_data_and_children_of_one_node_are_read_in_order() -> None:
    blocks = Blocks()
    inner = blocks.node(FileNode(b"b", (blocks.leaf(b"c"), blocks.leaf(b"d"))))
    root = blocks.node(FileNode(b"a", (inner, blocks.leaf(b"e"))))
    assert await assemble(root.cid, blocks.fetch, 5) == b"abcde"


async def test_a_file_nested_too_deeply_is_refused() -> None:
    blocks = Blocks()
    link = blocks.leaf(b"x")
    for _ in range(MAX_DEPTH - 1):
        link = blocks.node(FileNode(b"", (link,)))
    assert await assemble(link.cid, blocks.fetch, 1) == b"x"
    for _ in range(2):
        link = blocks.node(FileNode(b"", (link,)))
    with pytest.raises(BadBlock, match="deeper"):
        await assemble(link.cid, blocks.fetch, 1)


async def test_a_file_of_too_many_blocks_is_refused() -> None:
    blocks = Blocks()
    link = blocks.leaf(b"x")
    while link.file_size <= MAX_BLOCKS:
        link = blocks.node(FileNode(b"", (link,) * 100))
    with pytest.raises(TooLarge, match="65536 blocks"):
        await assemble(link.cid, blocks.fetch, 100 * MAX_BLOCKS)
    assert sum(blocks.asked.values()) < 10
