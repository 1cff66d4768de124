"""Large content: sealed in pieces under a random key, so that neither end ever holds all of it.

    {"ciphertext": …, …, "envelope": {"format": "votive/stream/v1", "content": "<base64 of the sealed pieces>"}}

The pieces are STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance"):
AES-256-GCM, 64 KiB each, numbered, the last one marked, all bound to the network's key and to the identity. ``content`` is the last field,
so that a file can be written and read in one pass.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol

from votive.client.errors import BadArgument
from votive.core import STREAM_CHUNK, STREAM_SALT, STREAM_TAG
from votive.terms.encoding import HashInput, tagged_hash

FORMAT = "votive/stream/v1"
PIECE = STREAM_CHUNK
SEALED_PIECE = STREAM_CHUNK + STREAM_TAG
FIRST_PIECE = STREAM_SALT + SEALED_PIECE
"""The first one has the stream's salt before it."""
BASE64_READ = 4 * SEALED_PIECE
END, AFTERWARDS = b'"', b"}}"
LONGEST_END = 64

Progress = Callable[[int], None]
"""Is told of so many bytes more that are done."""


def unwatched(_: int) -> None:
    """The progress of work that nobody watches."""


class Stream(Protocol):
    """A sealer or an opener of the core: takes pieces in their order, the last one marked."""

    def update(self, chunk: bytes, last: bool) -> bytes:  # as the core has it
        """Seal or open one piece."""
        ...


class _Header(HashInput, frozen=True, kw_only=True, tag="votive/envelope/v1"):
    public_key: bytes
    identity: bytes


def header(public_key: bytes, identity: bytes) -> bytes:
    """Return what every piece is bound to, 32 bytes."""
    return tagged_hash(_Header(public_key=public_key, identity=identity))


def through(stream: Stream, pieces: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    """Seal or open ``pieces``; content without a byte is one empty piece."""
    ahead = iter(pieces)
    piece: bytes | None = next(ahead, b"")
    while piece is not None:
        following = next(ahead, None)
        yield stream.update(piece, following is None)
        progress(len(piece))
        piece = following


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """Read ``file`` in pieces."""
    return iter(lambda: file.read(PIECE), b"")


def to_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Write ``pieces`` as one base64 text."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(rest)


def from_base64(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Read one base64 text that comes in ``blocks``, up to its closing quotation mark and the two braces behind it, as sealed pieces.

    Raises:
        BadArgument: it is not canonical base64, does not end, or more follows.
    """
    text, data, coming, size = b"", b"", iter(blocks), FIRST_PIECE
    for block in coming:
        before, mark, after = (text + block).partition(END)
        whole = len(before) if mark else max(0, len(before) - 1) // 4 * 4  # the last four may be padded
        data += _decoded(before[:whole], last=bool(mark))
        text = before[whole:]
        while len(data) >= size:
            yield data[:size]
            data, size = data[size:], SEALED_PIECE
        if mark:
            yield from [data] if data else []
            return _must_end(after, coming)
    raise BadArgument("the envelope's content breaks off. Is the file whole?")


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """Read the rest of ``file`` in blocks."""
    return iter(lambda: file.read(BASE64_READ), b"")


def _must_end(after: bytes, coming: Iterator[bytes]) -> None:
    while len(after) <= LONGEST_END and (more := next(coming, b"")):
        after += more
    if after.strip() != AFTERWARDS:
        raise BadArgument("there is something behind the envelope's content, which must be the last field. Is the file whole?")


def _decoded(text: bytes, *, last: bool) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadArgument("the envelope's content is not base64. Is the file whole?") from error
    if base64.b64encode(data) != text or (text.endswith(b"=") and not last):
        raise BadArgument("the envelope's content is not canonical base64. Is the file whole?")
    return data
