"""The blocks of a file: UnixFS data inside dag-pb nodes, written and read byte for byte.

dag-pb: https://ipld.io/specs/codecs/dag-pb/spec/ (Links, field 2, stand before Data, field 1). UnixFS:
https://specs.ipfs.tech/unixfs/. Protobuf is small enough here to be written by hand, and a hand-written reader can be
strict: one block has one reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from votive.ipfs.cid import Cid
from votive.ipfs.errors import BadBlock

_RAW_TYPE = 0
_FILE_TYPE = 2
_TYPE_NAMES = {1: "a directory", 3: "metadata", 4: "a symbolic link", 5: "a sharded directory"}
_VARINT, _BYTES = 0, 2
_LONGEST_VARINT = 9


class Link(msgspec.Struct, frozen=True):
    """A child of a file node, in file order."""

    cid: Cid
    file_size: int
    """Bytes of the file below this link (UnixFS blocksizes)."""
    tree_size: int
    """Bytes of all blocks below this link (dag-pb Tsize); a hint, never verified."""


class FileNode(msgspec.Struct, frozen=True):
    """What one block says of a file: its own bytes, then those of its children."""

    data: bytes
    links: tuple[Link, ...]

    @property
    def file_size(self) -> int:
        """Bytes of the file below this node."""
        return len(self.data) + sum(link.file_size for link in self.links)


def encode_file_node(node: FileNode) -> bytes:
    """Return the dag-pb block of ``node``, as every importer of the unixfs-v0-2015 profile writes it."""
    links = b"".join(_field_bytes(2, _encode_link(link)) for link in node.links)
    data = _field_bytes(2, node.data) if node.data else b""
    sizes = b"".join(_field_varint(4, link.file_size) for link in node.links)
    unixfs = _field_varint(1, _FILE_TYPE) + data + _field_varint(3, node.file_size) + sizes
    return links + _field_bytes(1, unixfs)


def _encode_link(link: Link) -> bytes:
    return _field_bytes(1, link.cid.to_bytes()) + _field_bytes(2, b"") + _field_varint(3, link.tree_size)


def decode_file_node(block: bytes) -> FileNode:
    """Read a dag-pb block as a node of a file; BadBlock if it is malformed or not a file."""
    try:
        links, unixfs = _read_node(block)
        return _read_unixfs(unixfs, links)
    except ValueError as error:
        raise BadBlock(f"the block is not a well-formed dag-pb file node: {error}", retryable=False) from error


def _read_node(block: bytes) -> tuple[list[tuple[Cid, int]], bytes]:
    links: list[tuple[Cid, int]] = []
    unixfs: bytes | None = None
    for number, value in _fields(block):
        match number, value:
            case 2, bytes() if unixfs is None:
                links.append(_read_link(value))
            case 1, bytes() if unixfs is None:
                unixfs = value
            case _:
                raise ValueError(f"field {number} is unknown, repeated or out of order")
    if unixfs is None:
        raise ValueError("it has no data, so it is no file")
    return links, unixfs


def _read_link(data: bytes) -> tuple[Cid, int]:
    fields = list(_fields(data))
    numbers = [number for number, _ in fields]
    found = dict(fields)
    if not numbers or numbers[0] != 1 or numbers != sorted(set(numbers)) or numbers[-1] > 3:
        raise ValueError(f"a link has fields {numbers}, not hash, name and size")
    match found[1], found.get(2, b""), found.get(3, 0):
        case bytes(cid), b"", int(tree_size):
            return Cid.from_bytes(cid), tree_size
        case _:
            raise ValueError("a link is malformed, or has a name as entries of directories have")


def _read_unixfs(data: bytes, links: Sequence[tuple[Cid, int]]) -> FileNode:
    fields = list(_fields(data))
    kind = _only(fields, 1)
    if kind not in (_FILE_TYPE, _RAW_TYPE):
        raise ValueError(f"it is {_TYPE_NAMES.get(kind, 'of an unknown type') if isinstance(kind, int) else 'malformed'}, not a file")
    own = _only(fields, 2)
    sizes = [value for number, value in fields if number == 4]
    if not isinstance(own, bytes | None) or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError("its data or block sizes are malformed")
    if len(sizes) != len(links):
        raise ValueError(f"it has {len(links)} links and {len(sizes)} block sizes")
    children = tuple(Link(cid, int(size), tree_size) for (cid, tree_size), size in zip(links, sizes, strict=True))
    node = FileNode(own or b"", children)
    stated = _only(fields, 3)
    if stated != node.file_size and not (stated is None and not links):
        raise ValueError(f"it states the size {stated!r}, its parts add up to {node.file_size}")
    return node


def _only(fields: Sequence[tuple[int, int | bytes]], number: int) -> int | bytes | None:
    values = [value for found, value in fields if found == number]
    if len(values) > 1:
        raise ValueError(f"field {number} is repeated")
    return values[0] if values else None


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            yield number, value
        elif wire == _BYTES:
            if value > len(data) - at:
                raise ValueError(f"field {number} reaches past the end")
            yield number, data[at : at + value]
            at += value
        else:
            raise ValueError(f"field {number} has wire type {wire}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_LONGEST_VARINT):
        if at >= len(data):
            raise ValueError("it ends within a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            if byte == 0 and shift:
                raise ValueError("a number is written longer than needed")
            return value, at
    raise ValueError("a number is longer than 63 bits")


def varint(value: int) -> bytes:
    """Return ``value`` as an unsigned LEB128 number."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _field_varint(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _field_bytes(number: int, value: bytes) -> bytes:
    return varint(number << 3 | _BYTES) + varint(len(value)) + value
