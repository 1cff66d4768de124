"""``POST /api/v0/add`` as Kubo answers it, so that existing IPFS clients can publish here.

Reference: https://docs.ipfs.tech/reference/kubo/rpc/#api-v0-add. What cannot be honoured is refused by name, never ignored:
a client that asked for another chunker would otherwise get another CID than it expects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import unquote

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from votive.ipfs.dag import MAX_DEPTH
from votive.ipfs.errors import InvalidCid, TooLarge
from votive.ipfs.layout import Profile
from votive.ipfs.unixfs import is_name
from votive.terms.errors import CallerError

MAX_FILES = 1000
_SHOWN = 100
_TRUE, _FALSE = frozenset({"true", "1", "t"}), frozenset({"false", "0", "f", ""})
_UNSUPPORTED_FLAGS = ("trickle", "nocopy", "fscache", "inline", "preserve-mode", "preserve-mtime")
_FIXED = {"chunker": "size-262144", "hash": "sha2-256", "max-file-links": "174"}


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The query parameters of an add that change what happens."""

    profile: Profile
    only_hash: bool
    wrap: bool
    """Put everything into one more directory, which has no name (wrap-with-directory)."""

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
        return cls(
            profile=Profile((int(version), raw_leaves)),
            only_hash=_flag(query, "only-hash", default=False),
            wrap=_flag(query, "wrap-with-directory", default=False),
        )


def _flag(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in _TRUE | _FALSE:
        raise CallerError(f"{name} must be true or false, not {text!r}")
    return text.lower() in _TRUE


class Part(msgspec.Struct, frozen=True):
    """One part of a body: a file, or a directory that has no data."""

    path: tuple[str, ...]
    """Its name after those of the directories that it is in; empty if it has none."""
    data: bytes | None


async def parts_of(content_type: str, body: AsyncIterator[bytes], limit: int) -> list[Part]:
    """Read the parts of a multipart body; CallerError if it is malformed, TooLarge past ``limit`` bytes."""
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise CallerError("send the files as multipart/form-data with a boundary, as IPFS clients do")
    try:
        with PushMultipartParser(options["boundary"], max_segment_count=MAX_FILES, strict=True) as parser:
            return await _read_parts(parser, body, limit)
    except MultipartError as error:
        raise CallerError(f"the multipart body is malformed: {error}") from error


async def _read_parts(parser: PushMultipartParser, body: AsyncIterator[bytes], limit: int) -> list[Part]:
    parts: list[tuple[MultipartSegment, bytearray]] = []
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > limit:
            raise TooLarge(f"the body is larger than the {limit} bytes that this server takes")
        if not chunk:
            continue
        for event in parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                parts.append((event, bytearray()))
            elif event is not None:
                parts[-1][1].extend(event)
    if not parts:
        raise CallerError("the body holds no file")
    return [_part(segment, bytes(data)) for segment, data in parts]


def _part(segment: MultipartSegment, data: bytes) -> Part:
    path = _path(unquote(segment.filename or ""))
    match segment.content_type:
        case "application/symlink":
            raise CallerError("symbolic links are not offered; publish what they lead to")
        case "application/x-directory" if not path or data:
            raise CallerError("a directory needs a name, and has no bytes of its own")
        case "application/x-directory":
            return Part(path, None)
        case _:
            return Part(path, data)


def _path(name: str) -> tuple[str, ...]:
    names = tuple(name.removeprefix("/").split("/")) if name else ()
    if len(names) > MAX_DEPTH or not all(is_name(each) for each in names):
        raise CallerError(f"{name[:_SHOWN]!r} is no path of at most {MAX_DEPTH} names")
    return names
