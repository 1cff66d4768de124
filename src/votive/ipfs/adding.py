"""What an add stores: each file, then the directories that their paths name, the innermost first, as Kubo does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from votive.ipfs.blocks import BlockStore
from votive.ipfs.cid import Cid, Codec
from votive.ipfs.dagpb import PbLink
from votive.ipfs.kubo import AddOptions, Part
from votive.ipfs.layout import Block, blocks_of
from votive.ipfs.unixfs import Directory, encode_directory
from votive.terms.errors import CallerError

SHARDING_BYTES = 262_144
"""Kubo shards a directory whose names and CIDs have as many bytes; here it is refused, so that no CID ever differs."""


class Added(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of the answer. Kubo writes the size, that of all blocks, as a string."""

    name: str
    hash: str
    size: str


class Folder:
    """A directory while it is put together."""

    def __init__(self) -> None:
        self.entries: dict[str, Folder | PbLink] = {}

    def place(self, path: Sequence[str], entry: Folder | PbLink) -> None:
        """Put ``entry`` where ``path`` says; CallerError if something else is there."""
        name, *rest = path
        if rest:
            self._within(name).place(rest, entry)
        elif isinstance(entry, Folder):
            self._within(name)
        elif self.entries.setdefault(name, entry) is not entry:
            raise CallerError(f"there are two parts named {name!r} in one directory")

    def _within(self, name: str) -> Folder:
        found = self.entries.setdefault(name, Folder())
        if not isinstance(found, Folder):
            raise CallerError(f"{name!r} is a file and a directory at once")
        return found


def add(store: BlockStore, parts: Sequence[Part], options: AddOptions) -> list[Added]:
    """Store the parts of a body, durable on return, and say what each file and each directory is called.

    Raises:
        CallerError: two parts have one path, or a directory is so large that Kubo would shard it.
    """
    adding, root = _Adding(store, options), Folder()
    for part in parts:
        entry = Folder() if part.data is None else adding.file(part.path, part.data)
        if options.wrap or len(part.path) > 1 or isinstance(entry, Folder):
            root.place(part.path or (adding.lines[-1].name,), entry)
    if options.wrap:
        adding.folder((), root)
    else:
        for name, entry in root.entries.items():
            if isinstance(entry, Folder):
                adding.folder((name,), entry)
    return adding.lines


class _Adding:
    """One add: where its blocks go, and the lines of its answer so far."""

    def __init__(self, store: BlockStore, options: AddOptions) -> None:
        self.lines: list[Added] = []
        self._store = store
        self._options = options

    def file(self, path: Sequence[str], data: bytes) -> PbLink:
        """Store a file; one without a name is called by its CID."""
        root, size = self._put(blocks_of(data, self._options.profile))
        self.lines.append(Added("/".join(path) or str(root), str(root), str(size)))
        return PbLink(root, path[-1] if path else str(root), size)

    def folder(self, path: Sequence[str], folder: Folder) -> PbLink:
        """Store a directory, after all that is in it."""
        links = [self.folder((*path, name), entry) if isinstance(entry, Folder) else entry for name, entry in folder.entries.items()]
        if sum(len(link.name.encode()) + len(link.cid.to_bytes()) for link in links) >= SHARDING_BYTES:
            raise CallerError(f"the directory {'/'.join(path)!r} has too many entries ({len(links)}); put them into several")
        data = encode_directory(Directory(tuple(links)))
        root, own = self._put([Block(Cid.of_block(data, Codec.DAG_PB, self._options.profile.version), data)])
        size = own + sum(link.tree_size for link in links)
        self.lines.append(Added("/".join(path), str(root), str(size)))
        return PbLink(root, path[-1] if path else "", size)

    def _put(self, blocks: Iterable[Block]) -> tuple[Cid, int]:
        """Store blocks, of which the last is the root; return its CID and how many bytes they have."""
        size, root = 0, None
        for block in blocks:
            size, root = size + len(block.data), block.cid
            if not self._options.only_hash:
                self._store.put(block.cid, block.data)
        if root is None:
            raise ValueError("an add has at least one block")
        return root, size
