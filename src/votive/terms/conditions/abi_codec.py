"""Values in Solidity's ABI: from the texts of a condition, into a call, and out of what a contract returned.

A contract is a stranger: whatever it returns either decodes exactly, within a budget of elements, or is refused as an AbiError.
(Node and client speak to the network's own contracts by ``eth_abi``; tests hold the two against each other.)
Contract ABI Specification of Solidity 0.8, "Formal Specification of the Encoding".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from votive.terms.conditions.abi_types import AbiError, AbiType
from votive.terms.encoding import bytes_of
from votive.terms.ethereum import checksum_address, selector_of

MAX_ELEMENTS = 1024
"""Elements of all arrays of one value: offsets may point to one place again and again, and a few bytes unfold to millions."""
_DECIMAL = r"0|-?[1-9][0-9]{0,77}"


def call_data(name: str, types: Sequence[AbiType], values: Sequence[Any]) -> bytes:
    """Return the call of a function: 4 bytes of selector, then its arguments."""
    signature = f"{name}({','.join(str(kind) for kind in types)})"
    return selector_of(signature) + encode(types, values)


def encode(types: Sequence[AbiType], values: Sequence[Any]) -> bytes:
    """Encode arguments: heads first, then what is dynamic."""
    head, tail = b"", b""
    offset = 32 * sum(kind.words for kind in types)
    for kind, value in zip(types, values, strict=True):
        encoded = _encoded(kind, value)
        head += _word(offset + len(tail)) if kind.is_dynamic else encoded
        tail += encoded if kind.is_dynamic else b""
    return head + tail


def _encoded(kind: AbiType, value: Any) -> bytes:
    if kind.is_array:
        length = _word(len(value)) if kind.dimensions[0] is None else b""
        return length + encode([kind.element] * len(value), value)
    if kind.base in {"string", "bytes"} and kind.size is None:
        data = value.encode() if kind.base == "string" else value
        return _word(len(data)) + _padded(data)
    if kind.base == "bytes":
        return _padded(value)
    return _word(int.from_bytes(bytes_of(value)) if kind.base == "address" else int(value))


def _word(number: int) -> bytes:
    return (number % 2**256).to_bytes(32)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)


def value_of(text: str, kind: AbiType) -> Any:
    """Read a value from the text of a condition; AbiError if it has none of this type.

    Integers are decimal, or hex with 0x; bytes are hex; arrays are ``[a,b]``, texts in arrays in double quotes.
    """
    if kind.is_array:
        return _array_of(text, kind)
    if kind.base in {"uint", "int"}:
        return _integer_of(text, kind)
    if kind.base == "bool":
        return _truth_of(text)
    if kind.base == "string":
        return _text_of(text)
    return _hex_of(text, kind)


def _integer_of(text: str, kind: AbiType) -> int:
    if len(text) == 64 and text.isdecimal():
        raise AbiError(f"64 digits are hex to some readers and decimal to others: {text}. Write hex with 0x")
    if re.fullmatch(_DECIMAL, text):
        number = int(text)
    elif re.fullmatch(r"0x[0-9a-fA-F]{1,64}", text):
        number = int(text, 16)
    else:
        raise AbiError(f"{text[:80]!r} is no integer: write decimal digits, or hex with 0x")
    low, high = _range(kind)
    if not low <= number < high:
        raise AbiError(f"{text[:80]} does not fit into {kind}")
    return number


def _range(kind: AbiType) -> tuple[int, int]:
    bits = kind.size or 256
    return (0, 1 << bits) if kind.base == "uint" else (-(1 << (bits - 1)), 1 << (bits - 1))


def _truth_of(text: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise AbiError(f"{text[:80]!r} is neither true nor false")
    return text in {"true", "1"}


def _text_of(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise AbiError("a text holds half of a surrogate pair") from error
    return text


def _hex_of(text: str, kind: AbiType) -> Any:
    try:
        data = bytes_of(text) if text.isascii() else None
    except ValueError:
        data = None
    if data is None:
        raise AbiError(f"{text[:80]!r} is no hex")
    size = 20 if kind.base == "address" else kind.size
    if size is not None and len(data) != size:
        raise AbiError(f"{kind} has {size} bytes, {text[:80]!r} has {len(data)}")
    return checksum_address(data) if kind.base == "address" else data


def _array_of(text: str, kind: AbiType) -> list[Any]:
    if not (text.startswith("[") and text.endswith("]")):
        raise AbiError(f"an array is written [a,b], not {text[:80]!r}")
    parts = _parts(text[1:-1])
    wanted = kind.dimensions[0]
    if (wanted is not None and len(parts) != wanted) or len(parts) > MAX_ELEMENTS:
        raise AbiError(f"{kind} has {wanted or f'at most {MAX_ELEMENTS}'} elements, not {len(parts)}")
    return [value_of(_unquoted(part, kind.element), kind.element) for part in parts]


def _unquoted(part: str, kind: AbiType) -> str:
    if kind.base != "string" or kind.is_array:
        return part.strip()
    quoted = re.fullmatch(r'\s*"([^"\\]*)"\s*', part)
    if quoted is None:
        raise AbiError(f'a text in an array stands in double quotes, without \\ and ": {part[:80]!r}')
    return quoted[1]


def _parts(inside: str) -> list[str]:
    """Split at the commas that stand in no inner array and in no quotes."""
    parts, start, depth, quoted = [], 0, 0, False
    for place, letter in enumerate(inside):
        quoted ^= letter == '"'
        depth += 0 if quoted else {"[": 1, "]": -1}.get(letter, 0)
        if depth < 0:
            raise AbiError("a bracket is closed that was not opened")
        if letter == "," and depth == 0 and not quoted:
            parts.append(inside[start:place])
            start = place + 1
    if depth or quoted:
        raise AbiError("a bracket or a quote is not closed")
    return [*parts, inside[start:]] if inside.strip() else []


def decode_one(types: Sequence[AbiType], data: bytes, index: int) -> Any:
    """Return the value at ``index`` of what a function returned: int, bool, str (also addresses, EIP-55), bytes, or a list of these.

    Raises:
        AbiError: the bytes are no encoding of such values.
    """
    head = 32 * sum(kind.words for kind in types[:index])
    if len(data) < 32 * sum(kind.words for kind in types):
        raise AbiError(f"{len(data)} bytes are fewer than ({', '.join(str(kind) for kind in types)}) has")
    return _Decoder(data).value(types[index], head, 0)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_ELEMENTS

    def value(self, kind: AbiType, head: int, start: int) -> Any:
        """Decode the value whose head is at ``head``; offsets count from ``start``."""
        place = start + self._size(head) if kind.is_dynamic else head
        if kind.is_array:
            return self._array(kind, place)
        if kind.base in {"string", "bytes"} and kind.size is None:
            return self._blob(kind, place)
        return self._elementary(kind, self._take(place, 32))

    def _array(self, kind: AbiType, place: int) -> list[Any]:
        fixed = kind.dimensions[0]
        length, start = (fixed, place) if fixed is not None else (self._size(place), place + 32)
        self._left -= length
        if self._left < 0:
            raise AbiError(f"an array has more than {MAX_ELEMENTS} elements")
        element = kind.element
        return [self.value(element, start + 32 * element.words * index, start) for index in range(length)]

    def _blob(self, kind: AbiType, place: int) -> Any:
        data = self._take(place + 32, self._size(place))
        if kind.base == "bytes":
            return data
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AbiError("a string is not UTF-8") from error

    def _elementary(self, kind: AbiType, word: bytes) -> Any:
        number = int.from_bytes(word, signed=kind.base == "int")
        if kind.base == "bytes":
            return self._left_aligned(word, kind.size or 32)
        low, high = _range(kind) if kind.base in {"uint", "int"} else (0, 2 if kind.base == "bool" else 1 << 160)
        if not low <= number < high:
            raise AbiError(f"0x{word.hex()} is no {kind}")
        if kind.base == "address":
            return checksum_address(word[12:])
        return bool(number) if kind.base == "bool" else number

    def _left_aligned(self, word: bytes, size: int) -> bytes:
        if any(word[size:]):
            raise AbiError(f"0x{word.hex()} is no bytes{size}")
        return word[:size]

    def _size(self, place: int) -> int:
        """Read an offset or a length: never more than there are bytes."""
        size = int.from_bytes(self._take(place, 32))
        if size > len(self._data):
            raise AbiError("an offset or a length points behind the end")
        return size

    def _take(self, place: int, size: int) -> bytes:
        if place + size > len(self._data):
            raise AbiError("the bytes end too early")
        return self._data[place : place + size]
