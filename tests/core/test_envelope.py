"""Large files: a content key encrypted to an identity, and streams under it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.bls import SEATS, BlsKey, identity

from votive.core import STREAM_CHUNK, STREAM_SALT, STREAM_TAG, ContentKey, InvalidCiphertext, InvalidInput, Spent, ibe_encrypt


def sealed(key: ContentKey, plaintext: bytes, header: bytes = b"header") -> list[bytes]:
    """The pieces of a stream, as a file would be read and written."""
    chunks = [plaintext[at : at + STREAM_CHUNK] for at in range(0, len(plaintext), STREAM_CHUNK)] or [b""]
    sealer = key.sealer(header)
    return [sealer.update(chunk, at == len(chunks) - 1) for at, chunk in enumerate(chunks)]


def opened(key: ContentKey, pieces: list[bytes], header: bytes = b"header") -> bytes:
    opener = key.opener(header)
    return b"".join(opener.update(piece, at == len(pieces) - 1) for at, piece in enumerate(pieces))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3 * STREAM_CHUNK))
def test_a_stream_comes_back_and_its_length_is_known(length: int) -> None:
    key, plaintext = ContentKey.generate(), bytes(length)
    pieces = sealed(key, plaintext)
    assert opened(key, pieces) == plaintext
    assert sum(map(len, pieces)) == STREAM_SALT + length + len(pieces) * STREAM_TAG


def test_a_stream_cut_off_at_a_chunk_does_not_open() -> None:
    key = ContentKey.generate()
    pieces = sealed(key, bytes(2 * STREAM_CHUNK))
    with pytest.raises(InvalidCiphertext):
        opened(key, pieces[:1])
    with pytest.raises(InvalidCiphertext):
        opened(key, pieces, b"another header")


def test_a_stream_ends_with_its_last_chunk_and_with_a_failure() -> None:
    key = ContentKey.generate()
    sealer = key.sealer(b"")
    sealer.update(b"all", True)
    with pytest.raises(Spent):
        sealer.update(b"more", True)
    opener = key.opener(b"")
    with pytest.raises(InvalidCiphertext):
        opener.update(bytes(100), True)
    with pytest.raises(Spent):
        opener.update(sealed(key, b"all", b"")[0], True)
    with pytest.raises(InvalidInput):
        key.sealer(b"").update(b"too short to go on", False)


def test_a_content_key_goes_through_the_network_like_any_plaintext(encryption: BlsKey) -> None:
    key = ContentKey.generate()
    name = identity(data_hash=key.data_hash)
    wrapped = key.wrap(encryption.public_key, name)
    pieces = sealed(key, b"a large file")
    again = ContentKey.unwrap(wrapped, encryption.decryption_key(name, SEATS[1:]))
    assert again.data_hash == key.data_hash
    assert opened(again, pieces) == b"a large file"
    with pytest.raises(InvalidCiphertext):
        ContentKey.unwrap(wrapped, encryption.decryption_key(identity(data_hash=bytes(32))))
    with pytest.raises(InvalidInput):
        key.wrap(encryption.public_key, identity(data_hash=bytes(32)))


def test_what_is_no_key_does_not_unwrap(encryption: BlsKey) -> None:
    name = identity()
    with pytest.raises(InvalidCiphertext):
        ContentKey.unwrap(ibe_encrypt(encryption.public_key, name, bytes(31)), encryption.decryption_key(name))
