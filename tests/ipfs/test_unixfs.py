from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from votive.ipfs import BadBlock, Cid, Codec
from votive.ipfs.dagpb import varint
from votive.ipfs.unixfs import FileNode, Link, decode_file_node, encode_file_node

CHILD = Cid(1, Codec.RAW, b"\x07" * 32)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def link(cid: bytes = CHILD.to_bytes(), name: bytes = b"", size: int = 5) -> bytes:
    return field(2, field(1, cid) + field(2, name) + field(3, size))


LEAF = field(1, field(1, 2) + field(2, b"hello") + field(3, 5))
PARENT = link() + field(1, field(1, 2) + field(3, 5) + field(4, 5))


def test_well_formed_blocks_are_read() -> None:
    assert decode_file_node(LEAF) == FileNode(b"hello", ())
    assert decode_file_node(PARENT) == FileNode(b"", (Link(CHILD, 5, 5),))


def test_a_raw_leaf_in_a_dag_pb_node_is_a_file() -> None:
    assert decode_file_node(field(1, field(1, 0) + field(2, b"hello") + field(3, 5))).data == b"hello"


def test_a_leaf_may_leave_out_its_size_as_the_format_allows() -> None:
    assert decode_file_node(field(1, field(1, 2) + field(2, b"hello"))).data == b"hello"


def test_mode_and_time_of_a_file_are_ignored() -> None:
    assert (
        decode_file_node(field(1, field(1, 2) + field(2, b"hello") + field(3, 5) + field(7, 0o644) + field(8, b"\x08\x01"))).data
        == b"hello"
    )


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x00",
        b"hello world",
        LEAF[:-1],
        LEAF + b"\x00",
        LEAF + LEAF,
        LEAF + link(),
        field(3, 1) + LEAF,
        link(),
        b"\x0d" + LEAF,
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x8a\x80\x00" + LEAF[1:],
        field(1, b""),
        field(1, field(2, b"hello") + field(3, 5)),
        field(1, field(1, 2) + field(1, 2) + field(3, 0)),
        field(1, field(1, 2) + field(2, b"hello") + field(3, 4)),
        field(1, field(1, 2) + field(2, b"hello") + field(3, 5) + field(4, 5)),
        field(1, field(1, 2) + field(2, 5) + field(3, 5)),
        field(1, field(1, b"\x02") + field(3, 0)),
        PARENT + link(),
        link() + link() + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        link() + field(1, field(1, 2) + field(3, 6) + field(4, 5)),
        link() + field(1, field(1, 2) + field(4, 5)),
        link() + field(1, field(1, 2) + field(3, 0) + field(4, 0)),
        link() + field(1, field(1, 2) + field(3, 5) + field(4, b"\x05")),
        link(name=b"a") + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        link(cid=b"") + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        link(cid=b"\x00\x05hello") + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        field(2, field(2, b"") + field(3, 5)) + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        field(2, field(3, 5) + field(1, CHILD.to_bytes())) + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        field(2, field(1, CHILD.to_bytes()) + field(4, 5)) + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
        field(2, field(1, 5)) + field(1, field(1, 2) + field(3, 5) + field(4, 5)),
    ],
)
def test_a_malformed_block_is_refused(block: bytes) -> None:
    with pytest.raises(BadBlock, match="not a well-formed"):
        decode_file_node(block)


@pytest.mark.parametrize(
    ("kind", "name"), [(1, "directory"), (3, "metadata"), (4, "symbolic link"), (5, "sharded directory"), (9, "unknown")]
)
def test_what_is_no_file_is_named(kind: int, name: str) -> None:
    with pytest.raises(BadBlock, match=name):
        decode_file_node(field(1, field(1, kind) + field(3, 0)))


links = st.builds(
    Link,
    st.builds(Cid, st.just(1), st.sampled_from(Codec), st.binary(min_size=32, max_size=32)),
    st.integers(1, 2**40),
    st.integers(0, 2**40),
)


@given(data=st.binary(max_size=20), children=st.lists(links, max_size=4).map(tuple))
def test_a_node_written_is_read_back_the_same(data: bytes, children: tuple[Link, ...]) -> None:
    node = FileNode(data, children)
    assert decode_file_node(encode_file_node(node)) == node


@given(block=st.binary(max_size=60))
def test_random_bytes_are_read_or_refused(block: bytes) -> None:
    try:
        node = decode_file_node(block)
    except BadBlock:
        return
    assert node.file_size >= len(node.data)


@given(at=st.integers(0, len(PARENT) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_what_is_read(at: int, bit: int) -> None:
    altered = bytearray(PARENT)
    altered[at] ^= 1 << bit
    try:
        node = decode_file_node(bytes(altered))
    except BadBlock:
        return
    assert node != decode_file_node(PARENT) or node.file_size == 5
