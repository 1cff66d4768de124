"""From a path below a CID to what it names (https://specs.ipfs.tech/http-gateways/path-gateway/)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from votive.ipfs.blocks import BlockStore
from votive.ipfs.car import MissingBlock, stored_block
from votive.ipfs.cid import Cid, Codec
from votive.ipfs.unixfs import Directory, FileNode, decode_node

INDEX = "index.html"
_SHOWN = 20


class Found(msgspec.Struct, frozen=True):
    """What a path names."""

    cid: Cid
    names: tuple[str, ...]
    """The names that led to it."""
    roots: tuple[Cid, ...]
    """The CIDs on the way, from the first to its own."""
    node: FileNode | Directory

    @property
    def file_name(self) -> str:
        """The last name; empty if the CID itself is the file."""
        return self.names[-1] if self.names else ""

    def entry(self, store: BlockStore, name: str) -> Found:
        """Go on to an entry of this directory; MissingBlock if it has none of this name, or is a file."""
        if not isinstance(self.node, Directory):
            raise MissingBlock(f"{self.cid} is a file: there is no {name!r} in it", retryable=False)
        cid = self.node.entry(name)
        if cid is None:
            raise MissingBlock(f"there is no {name!r} in the directory {self.cid}, {_contents(self.node)}", retryable=False)
        return Found(cid, (*self.names, name), (*self.roots, cid), _node(store, cid))


def resolve(store: BlockStore, root: Cid, names: Sequence[str]) -> Found:
    """Follow ``names`` from ``root``.

    Raises:
        MissingBlock: a name names nothing, or a block is not stored here.
        BadBlock: a block is neither a file nor a directory.
    """
    found = Found(root, (), (root,), _node(store, root))
    for name in names:
        found = found.entry(store, name)
    return found


def _node(store: BlockStore, cid: Cid) -> FileNode | Directory:
    block = stored_block(store, cid)
    return FileNode(block, ()) if cid.codec is Codec.RAW else decode_node(block)


def _contents(directory: Directory) -> str:
    names = [link.name for link in directory.links]
    if not names:
        return "which is empty"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"which has {', '.join(map(repr, names[:_SHOWN]))}{more}"
