"""Encrypting to conditions, which needs no node, and decrypting with the key that t nodes give."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from votive.client import envelope
from votive.client.encrypted import Encrypted, Envelope
from votive.client.envelope import Progress, unwatched
from votive.client.errors import BadArgument
from votive.client.recipient import Recipient
from votive.client.whole_file import writing
from votive.core import ContentKey, ibe_decrypt, ibe_encrypt

DIRECT_BYTES = 1024 * 1024
"""Up to here content is encrypted as Lit's SDK does it, and readable by it; larger content gets an envelope."""
HEAD_BYTES = 1024 * 1024
"""Everything of a file with an envelope but the envelope's content is within these."""
WHOLE_BYTES = 256 * 1024 * 1024
"""The largest file that is read in one piece: one that another program has formatted anew."""
CONTENT = b'"content":"'


def encrypt(recipient: Recipient, data: bytes) -> Encrypted:
    """Encrypt ``data``."""
    if len(data) > DIRECT_BYTES:
        head, pieces = _sealed(recipient, io.BytesIO(data), unwatched)
        content = b"".join(envelope.to_base64(pieces)).decode()
        return msgspec.structs.replace(head, envelope=Envelope(format=envelope.FORMAT, content=content))
    data_hash = hashlib.sha256(data).digest()
    return recipient.encrypted(ibe_encrypt(recipient.public_key, recipient.identity(data_hash), data), data_hash)


def encrypt_file(recipient: Recipient, source: Path, destination: Path, progress: Progress = unwatched) -> Encrypted:
    """Encrypt the file ``source`` into the JSON file ``destination``; return that without its envelope's content.

    Raises:
        BadArgument: a file cannot be read or written.
    """
    with _reading(source) as file, _writing(destination) as written:
        data = file.read(DIRECT_BYTES + 1)
        if len(data) <= DIRECT_BYTES:
            made = encrypt(recipient, data)
            written.write(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
            progress(len(data))
            return made
        file.seek(0)
        head, pieces = _sealed(recipient, file, progress)
        before, _, after = msgspec.json.encode(head).rpartition(b'""')
        written.write(before + b'"')
        for text in envelope.to_base64(pieces):
            written.write(text)
        written.write(b'"' + after + b"\n")
        return head


def decrypt(encrypted: Encrypted, public_key: bytes, key: bytes) -> bytes:
    """Decrypt with ``key``, the network's signature of the identity. InvalidCiphertext if anything does not fit."""
    if encrypted.envelope is None:
        return _checked(encrypted, ibe_decrypt(encrypted.sealed, key))
    blocks = [encrypted.envelope.content.encode(), b'"}}']
    return b"".join(_opened(encrypted, public_key, key, envelope.from_base64(blocks), unwatched))


def decrypt_file(kept: Kept, destination: Path, public_key: bytes, key: bytes, progress: Progress) -> int:
    """Decrypt what ``kept`` is into the file ``destination``, which is there only when all of it was verified; return its size."""
    if kept.content_at is None:
        data = decrypt(kept.encrypted, public_key, key)
        with _writing(destination) as written:
            progress(len(data))
            return written.write(data)
    with _reading(kept.file) as file, _writing(destination) as written:
        file.seek(kept.content_at)
        pieces = _opened(kept.encrypted, public_key, key, envelope.from_base64(envelope.blocks_of(file)), progress)
        return sum(written.write(piece) for piece in pieces)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file with what was encrypted."""

    file: Path
    encrypted: Encrypted
    """Without the envelope's content, if that is read from the file."""
    content_at: int | None = None
    """Where the envelope's content begins in the file."""

    @property
    def size(self) -> int:
        """Bytes that have to be opened, roughly: base64 is a third longer."""
        return (self.file.stat().st_size - (self.content_at or 0)) * 3 // 4


def read(file: Path) -> Kept:
    """Read what ``encrypt_file``, or Lit's SDK, wrote.

    Raises:
        BadArgument: the file cannot be read or is something else.
    """
    with _reading(file) as opened:
        head = opened.read(HEAD_BYTES)
        start = head.find(CONTENT) + len(CONTENT)
        if start >= len(CONTENT) and (found := _decoded(head[:start] + b'"}}')) is not None:
            return Kept(file=file, encrypted=found, content_at=start)
        if file.stat().st_size > WHOLE_BYTES:
            raise BadArgument(f"{file} is too large to be read in one piece, and no longer as `votive encrypt` wrote it.")
        whole = head + opened.read()
    try:
        return Kept(file=file, encrypted=msgspec.json.decode(whole, type=Encrypted))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadArgument(f"{file} is not what `votive encrypt` writes: {error}.") from error


def _sealed(recipient: Recipient, file: BinaryIO, progress: Progress) -> tuple[Encrypted, Iterator[bytes]]:
    """Draw a key, and return what is kept of it and the content sealed under it."""
    key = ContentKey.generate()
    named = recipient.identity(key.data_hash)
    head = recipient.encrypted(key.wrap(recipient.public_key, named), key.data_hash, Envelope(format=envelope.FORMAT, content=""))
    sealer = key.sealer(envelope.header(recipient.public_key, named))
    return head, envelope.through(sealer, envelope.pieces_of(file), progress)


def _opened(encrypted: Encrypted, public_key: bytes, key: bytes, pieces: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    if encrypted.envelope is None or encrypted.envelope.format != envelope.FORMAT:
        raise BadArgument(f"the envelope's format is not {envelope.FORMAT}: a newer version of Votive may know it.")
    content_key = ContentKey.unwrap(encrypted.sealed, key)
    return envelope.through(content_key.opener(envelope.header(public_key, encrypted.identity)), pieces, progress)


def _checked(encrypted: Encrypted, data: bytes) -> bytes:
    if hashlib.sha256(data).digest() != encrypted.data_hash:
        raise BadArgument("what was decrypted is not what dataToEncryptHash names: whoever encrypted it wrote another hash.")
    return data


def _decoded(head: bytes) -> Encrypted | None:
    try:
        return msgspec.json.decode(head, type=Encrypted)
    except (msgspec.MsgspecError, RecursionError):
        return None  # not in our own layout; the whole file is read instead


@contextmanager
def _reading(file: Path) -> Iterator[BinaryIO]:
    try:
        with file.open("rb") as opened:
            yield opened
    except OSError as error:
        raise BadArgument(f"cannot read {file}: {error.strerror}.") from error


@contextmanager
def _writing(file: Path) -> Iterator[BinaryIO]:
    try:
        with writing(file) as opened:
            yield opened
    except OSError as error:
        raise BadArgument(f"cannot write {file}: {error.strerror}.") from error
