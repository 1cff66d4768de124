"""What a block says of a file or a directory: UnixFS data inside dag-pb nodes, written and read byte for byte.

UnixFS: https://specs.ipfs.tech/unixfs/. Of directories only those in one block are known, not sharded ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from votive.ipfs.cid import Cid
from votive.ipfs.dagpb import Field, PbLink, encode_node, field_bytes, field_varint, fields, only, read_node
from votive.ipfs.errors import BadBlock

_RAW_TYPE = 0
_DIRECTORY_TYPE = 1
_FILE_TYPE = 2
_TYPE_NAMES = {3: "metadata", 4: "a symbolic link", 5: "a sharded directory"}


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


class Directory(msgspec.Struct, frozen=True):
    """The entries of a directory, each with a name of its own."""

    links: tuple[PbLink, ...]

    def entry(self, name: str) -> Cid | None:
        """Return what ``name`` names here, or None."""
        return next((link.cid for link in self.links if link.name == name), None)


def encode_file_node(node: FileNode) -> bytes:
    """Return the dag-pb block of ``node``, as every importer of the unixfs-v0-2015 profile writes it."""
    links = [PbLink(link.cid, "", link.tree_size) for link in node.links]
    data = field_bytes(2, node.data) if node.data else b""
    sizes = b"".join(field_varint(4, link.file_size) for link in node.links)
    return encode_node(links, field_varint(1, _FILE_TYPE) + data + field_varint(3, node.file_size) + sizes)


def encode_directory(directory: Directory) -> bytes:
    """Return the dag-pb block of ``directory``: its entries in the order of the bytes of their names."""
    links = sorted(directory.links, key=lambda link: link.name.encode())
    return encode_node(links, field_varint(1, _DIRECTORY_TYPE))


def decode_file_node(block: bytes) -> FileNode:
    """Read a dag-pb block as a node of a file; BadBlock if it is malformed or not a file."""
    node = decode_node(block)
    if isinstance(node, Directory):
        raise BadBlock("the block is a directory, not a file: name the file within it", retryable=False)
    return node


def decode_node(block: bytes) -> FileNode | Directory:
    """Read a dag-pb block as what it is; BadBlock if it is malformed or neither a file nor a directory."""
    try:
        links, data = read_node(block)
        unixfs = list(fields(data))
        return _read_directory(links) if only(unixfs, 1) == _DIRECTORY_TYPE else _read_file(links, unixfs)
    except ValueError as error:
        raise BadBlock(f"the block is not a well-formed dag-pb file node: {error}", retryable=False) from error


def _read_directory(links: Sequence[PbLink]) -> Directory:
    names = {link.name for link in links}
    if len(names) != len(links):
        raise ValueError("a directory has two entries of one name")
    if any(not is_name(name) for name in names):
        raise ValueError("a directory has an entry whose name is none")
    return Directory(tuple(links))


def is_name(text: str) -> bool:
    """Say whether ``text`` can name an entry of a directory."""
    return text not in ("", ".", "..") and not set(text) & {"/", "\0"}


def _read_file(links: Sequence[PbLink], unixfs: Sequence[Field]) -> FileNode:
    kind = only(unixfs, 1)
    if kind not in (_FILE_TYPE, _RAW_TYPE):
        raise ValueError(f"it is {_TYPE_NAMES.get(kind, 'of an unknown type') if isinstance(kind, int) else 'malformed'}, not a file")
    if any(link.name for link in links):
        raise ValueError("a link has a name, as entries of directories have")
    own = only(unixfs, 2)
    sizes = [value for number, value in unixfs if number == 4]
    if not isinstance(own, bytes | None) or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise ValueError("its data or block sizes are malformed")
    if len(sizes) != len(links):
        raise ValueError(f"it has {len(links)} links and {len(sizes)} block sizes")
    children = tuple(Link(link.cid, int(size), link.tree_size) for link, size in zip(links, sizes, strict=True))
    node = FileNode(own or b"", children)
    stated = only(unixfs, 3)
    if stated != node.file_size and not (stated is None and not links):
        raise ValueError(f"it states the size {stated!r}, its parts add up to {node.file_size}")
    return node
