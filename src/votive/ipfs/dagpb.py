"""dag-pb, the node of files and directories: links first, then data (https://ipld.io/specs/codecs/dag-pb/spec/).

Protobuf is small enough here to be written by hand, and a hand-written reader can be strict: one block has one reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from votive.ipfs.cid import Cid

Field = tuple[int, int | bytes]
"""A field of a protobuf message: its number, and its value."""

_VARINT, _BYTES = 0, 2
_LONGEST_VARINT = 9


class PbLink(msgspec.Struct, frozen=True):
    """A link as it stands in a node."""

    cid: Cid
    name: str
    """Empty in files; in directories, of the entry."""
    tree_size: int
    """Bytes of all blocks below this link (Tsize); a hint, never verified."""


def encode_node(links: Sequence[PbLink], data: bytes) -> bytes:
    """Return the block of a node: ``Links``, field 2, stand before ``Data``, field 1."""
    return b"".join(field_bytes(2, _encode_link(link)) for link in links) + field_bytes(1, data)


def _encode_link(link: PbLink) -> bytes:
    return field_bytes(1, link.cid.to_bytes()) + field_bytes(2, link.name.encode()) + field_varint(3, link.tree_size)


def read_node(block: bytes) -> tuple[list[PbLink], bytes]:
    """Return the links and the data of a node; ValueError says in what it is malformed."""
    links: list[PbLink] = []
    data: bytes | None = None
    for number, value in fields(block):
        match number, value:
            case 2, bytes() if data is None:
                links.append(_read_link(value))
            case 1, bytes() if data is None:
                data = value
            case _:
                raise ValueError(f"field {number} is unknown, repeated or out of order")
    if data is None:
        raise ValueError("it has no data, so it is no file and no directory")
    return links, data


def _read_link(data: bytes) -> PbLink:
    found = list(fields(data))
    numbers = [number for number, _ in found]
    values = dict(found)
    if not numbers or numbers[0] != 1 or numbers != sorted(set(numbers)) or numbers[-1] > 3:
        raise ValueError(f"a link has fields {numbers}, not hash, name and size")
    match values[1], values.get(2, b""), values.get(3, 0):
        case bytes(cid), bytes(name), int(tree_size):
            return PbLink(Cid.from_bytes(cid), name.decode(), tree_size)
        case _:
            raise ValueError("a link is malformed")


def only(found: Sequence[Field], number: int) -> int | bytes | None:
    """Return the one value of a field, or None; ValueError if it is repeated."""
    values = [value for each, value in found if each == number]
    if len(values) > 1:
        raise ValueError(f"field {number} is repeated")
    return values[0] if values else None


def fields(data: bytes) -> Iterator[Field]:
    """Read a protobuf message field by field; ValueError where it is malformed."""
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


def field_varint(number: int, value: int) -> bytes:
    """Write a field that holds a number."""
    return varint(number << 3) + varint(value)


def field_bytes(number: int, value: bytes) -> bytes:
    """Write a field that holds bytes."""
    return varint(number << 3 | _BYTES) + varint(len(value)) + value
