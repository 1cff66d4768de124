"""Types of Solidity's ABI, as far as one text can give a value and one test can judge it: all but tuples, fixed-point numbers, functions.

Lit's canonical form drops the components of a tuple, so a condition with one would not be bound by its hash.
Contract ABI Specification of Solidity 0.8, "Types" and "Function Selector and Argument Encoding".
"""

from __future__ import annotations

import re
from math import prod

import msgspec

MAX_DIMENSIONS = 3
MAX_FIXED = 256
"""Elements of all fixed dimensions of an array together."""

_TYPE = r"(?P<base>uint|int|bytes|address|bool|string)(?P<size>[1-9][0-9]{0,2})?(?P<dims>(?:\[(?:[1-9][0-9]{0,3})?\])*)"
_DIMENSION = r"\[([0-9]*)\]"


class AbiError(ValueError):
    """A type, a text or returned bytes do not fit Solidity's ABI; says which and why."""


class AbiType(msgspec.Struct, frozen=True):
    """An elementary type (``uint`` 256, ``bytes`` 32, ``address``, …) or an array of one."""

    base: str
    size: int | None = None
    """Bits of a number, bytes of ``bytesN``; None where the type has no size."""
    dimensions: tuple[int | None, ...] = ()
    """Of an array, outermost first; None: as long as it comes."""

    @property
    def is_array(self) -> bool:
        """Say whether this is an array."""
        return bool(self.dimensions)

    @property
    def element(self) -> AbiType:
        """The type of an array's elements."""
        return AbiType(self.base, self.size, self.dimensions[1:])

    @property
    def is_dynamic(self) -> bool:
        """Say whether its encoding has a length of its own."""
        return None in self.dimensions or self.base == "string" or (self.base == "bytes" and self.size is None)

    @property
    def words(self) -> int:
        """Words of 32 bytes that it takes in the head."""
        return 1 if self.is_dynamic else prod(length or 0 for length in self.dimensions)

    def __str__(self) -> str:
        inner = "".join(f"[{length or ''}]" for length in reversed(self.dimensions))
        return f"{self.base}{self.size or ''}{inner}"


def type_of(text: str) -> AbiType:
    """Parse the name of a type; AbiError if it is not one, or not one that conditions can use."""
    found = re.fullmatch(_TYPE, text)
    if found is None:
        raise AbiError(
            f"conditions cannot use the type {text[:64]!r}, only uintN, intN, address, bool, string, bytes, bytesN and arrays of these"
        )
    size = int(found["size"]) if found["size"] else None
    _check_size(found["base"], size)
    dimensions = tuple(int(length) if length else None for length in reversed(re.findall(_DIMENSION, found["dims"])))
    if len(dimensions) > MAX_DIMENSIONS or prod(length or 1 for length in dimensions) > MAX_FIXED:
        raise AbiError(f"arrays have at most {MAX_DIMENSIONS} dimensions and {MAX_FIXED} fixed elements here")
    return AbiType(found["base"], size, dimensions)


def _check_size(base: str, size: int | None) -> None:
    if base in {"uint", "int"} and (size is None or size % 8 or not 8 <= size <= 256):
        raise AbiError(f"write {base}8 to {base}256 in steps of 8")
    if base == "bytes" and size is not None and size > 32:
        raise AbiError("bytesN has at most 32 bytes")
    if base in {"address", "bool", "string"} and size is not None:
        raise AbiError(f"{base} has no size")
