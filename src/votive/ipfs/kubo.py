"""``POST /api/v0/add`` as Kubo answers it, so that existing IPFS clients can publish here.

Reference: https://docs.ipfs.tech/reference/kubo/rpc/#api-v0-add. What cannot be honoured is refused by name, never ignored:
a client that asked for another chunker would otherwise get another CID than it expects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import unquote

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from votive.ipfs.blocks import BlockStore
from votive.ipfs.errors import InvalidCid, TooLarge
from votive.ipfs.layout import Profile, blocks_of
from votive.terms.errors import CallerError

MAX_FILES = 1000
_TRUE, _FALSE = frozenset({"true", "1", "t"}), frozenset({"false", "0", "f", ""})
_UNSUPPORTED_FLAGS = ("trickle", "nocopy", "fscache", "inline", "wrap-with-directory", "preserve-mode", "preserve-mtime")
_FIXED = {"chunker": "size-262144", "hash": "sha2-256", "max-file-links": "174"}


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The query parameters of an add that change what happens."""

    profile: Profile
    only_hash: bool

    @classmethod
    def read(cls, query: Mapping[str, str]) -> AddOptions:
        """Read them as Kubo does (CIDv1 implies raw leaves unless told otherwise); CallerError names what is not offered."""
        for name, only in _FIXED.items():
            if query.get(name, only) != only:
                raise CallerError(f"{name}={query[name]} is not offered; only {only} is")
        for name in _UNSUPPORTED_FLAGS:
            if _flag(query, name, default=False):
                raise CallerError(f"{name} is not offered; leave it out")
        version = query.get("cid-version", "0")
        if version not in ("0", "1"):
            raise InvalidCid(f"cid-version must be 0 or 1, not {version!r}")
        raw_leaves = _flag(query, "raw-leaves", default=version == "1")
        return cls(profile=Profile((int(version), raw_leaves)), only_hash=_flag(query, "only-hash", default=False))


def _flag(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in _TRUE | _FALSE:
        raise CallerError(f"{name} must be true or false, not {text!r}")
    return text.lower() in _TRUE


class Added(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of the answer. Kubo writes the size, that of all blocks of the file, as a string."""

    name: str
    hash: str
    size: str


def add_file(store: BlockStore, name: str, data: bytes, options: AddOptions) -> Added:
    """Store one file, durable on return, and say what it is called."""
    size, root = 0, ""
    for block in blocks_of(data, options.profile):
        size += len(block.data)
        root = str(block.cid)
        if not options.only_hash:
            store.put(block.cid, block.data)
    return Added(name or root, root, str(size))


async def files_of(content_type: str, body: AsyncIterator[bytes], limit: int) -> list[tuple[str, bytes]]:
    """Read the files of a multipart body as (name, bytes); CallerError if it is malformed, TooLarge past ``limit`` bytes."""
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise CallerError("send the files as multipart/form-data with a boundary, as IPFS clients do")
    try:
        with PushMultipartParser(options["boundary"], max_segment_count=MAX_FILES, strict=True) as parser:
            return await _read_parts(parser, body, limit)
    except MultipartError as error:
        raise CallerError(f"the multipart body is malformed: {error}") from error


async def _read_parts(parser: PushMultipartParser, body: AsyncIterator[bytes], limit: int) -> list[tuple[str, bytes]]:
    parts: list[tuple[str, bytearray]] = []
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > limit:
            raise TooLarge(f"the body is larger than the {limit} bytes that this server takes")
        if not chunk:
            continue
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                parts.append((_file_name(event), bytearray()))
            elif event is not None:
                parts[-1][1].extend(event)
    if not parts:
        raise CallerError("the body holds no file")
    return [(name, bytes(data)) for name, data in parts]


def _file_name(segment: MultipartSegment) -> str:
    kind = segment.content_type or "application/octet-stream"
    if kind in ("application/x-directory", "application/symlink"):
        raise CallerError("directories and symbolic links are not offered; publish files one by one")
    return unquote(segment.filename or "").rsplit("/", 1)[-1]
