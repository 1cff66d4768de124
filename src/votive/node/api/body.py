"""Bodies: limited while they stream in, parsed once, strictly, then turned into the type that everything behind trusts."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from votive.terms.errors import CallerError, ErrorCode

EXECUTE_LIMIT = 24 * 1024 * 1024
"""Bytes of an execute body: 16 MiB of code in base64 and its parameters."""
ENCRYPTION_LIMIT = 256 * 1024
"""Bytes of a body with conditions, which may take 64 KiB by themselves in their shortest form."""
BODY_LIMIT = 64 * 1024
"""Bytes of every other body."""
MAX_DEPTH = 64
"""Objects and arrays may be nested so deep."""
RECURSION = 1000
"""Python's own limit. Libraries raise it for the whole process (py_ecc, which eth_account imports: to 100 000), and then a
stranger's brackets would overflow the parser's stack and end the node."""
MAX_VALUES = 50_000
"""Values of all kinds in one body: each costs some hundred bytes, and time while it is put into canonical form."""
MAX_COMMAS = 1_000_000
"""Counted before parsing, so that no body grows to a multiple of its size in memory; those within text count too."""
LARGE = 256 * 1024
"""Bodies above this are parsed in a thread."""

HELD = 256 * 1024 * 1024
"""Bytes of unfinished bodies that a node holds at a time."""

_LOOKED_AT = frozenset({dict, list, float})
"""The parser gives exactly these types."""

Body = TypeVar("Body", bound=msgspec.Struct)

Incoming: TypeAlias = bytes | AsyncIterator[bytes]
"""A body: whole, or in pieces as it comes."""


class Budget:
    """Counts the bytes of all bodies that are being read, so that many large ones together stay bounded too."""

    def __init__(self, total: int = HELD) -> None:
        self._free = total

    def take(self, size: int) -> None:
        """Count ``size`` bytes more; CallerError 429 if there is no room."""
        if size > self._free:
            raise CallerError("this node is reading too many large requests. Try again.", code=ErrorCode.CONCURRENCY_OVERLOAD, status=429)
        self._free -= size

    def give_back(self, size: int) -> None:
        """Count ``size`` bytes less."""
        self._free += size


async def read_json(body: Incoming, length: int | None, limit: int, budget: Budget) -> dict[str, Any]:
    """Read a JSON object of at most ``limit`` bytes; ``length`` is what was announced.

    Raises:
        CallerError: 413 beyond the limit; 429 beyond the budget;
            400 for anything that is not strict JSON with distinct keys, or not an object.
    """
    if length is not None and length > limit:
        raise too_large(limit)
    data = body if isinstance(body, bytes) else await read_limited(body, limit, budget)
    if len(data) > limit:
        raise too_large(limit)
    budget.take(len(data))
    try:
        value = await asyncio.to_thread(parse, data) if len(data) > LARGE else parse(data)
    finally:
        budget.give_back(len(data))
    if not isinstance(value, dict):
        raise CallerError("the body must be a JSON object. Send {…} with Content-Type: application/json.")
    return value


async def read_limited(pieces: AsyncIterator[bytes], limit: int, budget: Budget) -> bytes:
    """Collect ``pieces`` up to ``limit`` bytes; never holds more than the limit and one piece."""
    data = bytearray()
    try:
        async for piece in pieces:
            budget.take(len(piece))
            data += piece  # from here on the piece is given back below
            if len(data) > limit:
                raise too_large(limit)
    finally:
        budget.give_back(len(data))
    return bytes(data)


def announced(header: str | None) -> int | None:
    """Read a Content-Length header; None if there is none, or if it is no number."""
    return int(header[:20]) if header is not None and header.isascii() and header.isdigit() else None


def is_large(length: int | None) -> bool:
    """Return whether a body that was announced to be so long may be large; one that was not announced may."""
    return length is None or length > LARGE


def too_large(limit: int) -> CallerError:
    """The refusal of a body beyond ``limit`` bytes."""
    return CallerError(
        f"the body is larger than {limit} bytes. Send less.", code=ErrorCode.BODY_TOO_LARGE, status=413, details=[{"limit": limit}]
    )


def parse(data: bytes) -> Any:
    """Parse strict JSON: UTF-8, distinct keys, finite numbers, Unicode text, at most ``MAX_DEPTH`` deep and ``MAX_VALUES`` wide."""
    if data.count(b",") > MAX_COMMAS:
        raise too_many()
    if sys.getrecursionlimit() > RECURSION:
        sys.setrecursionlimit(RECURSION)
    try:
        value = _decoder.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CallerError(f"the body is not UTF-8: byte {error.start} is wrong. Encode it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise CallerError(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:  # an integer of thousands of digits
        raise CallerError("the body holds a number that is too long. Send it as a string.") from error
    check_shape(value)
    if b"\\u" in data:
        check_text(value)
    return value


def check_text(value: Any) -> None:
    """Refuse halves of surrogate pairs, which JSON can escape but UTF-8 cannot carry: no answer could name them."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CallerError("the body holds half of a surrogate pair, which is not Unicode. Correct the text.") from error


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object, refusing a key that stands twice: two parsers could read two different requests."""
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() returns None
        shown = twice[:64].encode("utf-8", "replace").decode()
        raise CallerError(f"the key {shown!r} stands twice in one JSON object. Send it once.", details=[{"field": shown}])
    return result


def refuse_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which are not JSON."""
    raise CallerError(f"{name} is not JSON. Send a number or a string.")


_decoder = json.JSONDecoder(object_pairs_hook=distinct, parse_constant=refuse_constant)


def too_deep() -> CallerError:
    """The refusal of a body that is nested too deep."""
    return CallerError(f"the body is nested more than {MAX_DEPTH} levels deep. Send it flatter.")


def too_many() -> CallerError:
    """The refusal of a body with too many values."""
    return CallerError(f"the body holds more than {MAX_VALUES} values. Send fewer, or put them into one string.")


def check_shape(value: Any) -> None:
    """Check depth, width and numbers of a parsed value, level by level."""
    level, left = [value], MAX_VALUES
    for _ in range(MAX_DEPTH):
        if not level:
            return
        left -= sum(len(parent) for parent in level if isinstance(parent, (dict, list)))
        if left < 0:
            raise too_many()
        level = [child for parent in level for child in children(parent)]
    if level:
        raise too_deep()


def children(value: Any) -> list[Any]:
    """Return what is nested in ``value`` and has to be looked at."""
    if isinstance(value, dict):
        items: Any = value.values()
    elif isinstance(value, list):
        items = value
    else:
        return []
    found = [item for item in items if type(item) in _LOOKED_AT]
    if any(type(item) is float and not math.isfinite(item) for item in found):
        raise CallerError("the body holds a number too large to be exact. Send it as a string.")
    return [item for item in found if type(item) is not float]


def typed(body: Mapping[str, Any], kind: type[Body]) -> Body:
    """Turn a parsed body into ``kind``; fields it does not know are ignored, as clients send them.

    Raises:
        CallerError: 400, naming the field that is missing or has another type.
    """
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise bad_field(str(error)) from error


def bad_field(complaint: str) -> CallerError:
    """Turn msgspec's complaint into one that names the field as the caller wrote it."""
    reason, _, where = complaint.partition(" - at ")
    path = where.strip("`").removeprefix("$").removeprefix(".")
    if "missing required field" in reason:
        field = ".".join(part for part in (path, reason.rpartition("field ")[2].strip("`")) if part)
        return CallerError(f"the field {field!r} is missing.", details=[{"field": field}])
    return CallerError(f"the field {path!r} is wrong: {reason[:1].lower()}{reason[1:]}.", details=[{"field": path}])
