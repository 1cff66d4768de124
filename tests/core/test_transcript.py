"""The core's hash inputs, computed a second time by an independent program from the rule they state."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

VECTORS = Path(__file__).parents[2] / "rust" / "core" / "vectors" / "transcript.txt"

A, B = b"\xaa" * 32, b"\xbb" * 32
LOWER, HIGHER = b"\x01" * 16, b"\x02" * 16
SEATS = [3, 37, 200, 255]

Field = int | bytes | list[int]

INPUTS: dict[str, tuple[Field, ...]] = {
    "votive/core/pair-session/v1": (A, 7, 3, LOWER, 200, HIGHER, 5, 1),
    "votive/core/setup-commitment/v1": (A, 3, 200, b"transfer"),
    "votive/core/setup-digest/v1": (A, b"lower", b"higher", B),
    "votive/core/zero-seed/v1": (A, B),
    "votive/core/sealed-message/v1": (A, 2, 3, 200, 9),
    "votive/core/dkg-key/v2": (A, b"encryption-bls", 9, 3, SEATS),
    "votive/core/dkg-commitment/v1": (A, 3, 3, 100, SEATS, b"reveal"),
    "votive/core/engine-session/v1": (A, 7),
    "votive/core/signing-attempt/v1": (A, B),
    "votive/core/stored-value/v1": (1, 2, b"ad"),
    "votive/core/storage-key/v1": (1, 2, b"salt"),
    "votive/core/passphrase-salt/v1": (b"salt",),
    "votive/core/stream-key/v1": (b"salt", b"header"),
}


def encoding(field: Field) -> bytes:
    """A type byte, the length as u32 big-endian, the content."""
    if isinstance(field, int):
        kind, content = b"u", struct.pack(">Q", field)
    elif isinstance(field, list):
        kind, content = b"s", bytes(field)
    else:
        kind, content = b"b", field
    return kind + struct.pack(">I", len(content)) + content


def test_every_hash_input_has_its_known_answer_here_too() -> None:
    def line(tag: str, fields: tuple[Field, ...]) -> str:
        domain = hashlib.sha256(tag.encode()).digest()
        return f"{tag} {hashlib.sha256(domain + domain + b''.join(map(encoding, fields))).hexdigest()}\n"

    assert "".join(line(tag, fields) for tag, fields in INPUTS.items()) == VECTORS.read_text()
