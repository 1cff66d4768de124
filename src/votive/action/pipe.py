"""Frames between the node and one sandboxed process, over its standard input and output.

    u32 length (big-endian, of all that follows) ‖ u8 kind ‖ 16 bytes nonce ‖ body

The nonce is drawn for each run and lives in a closure of the runtime: a frame without it was not written by our code.
It is a second line only. The first is that a pipe belongs to one run, and a frame on it asks for nothing that this run may not have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgspec

from votive.action.errors import LimitExceeded, ProtocolViolation
from votive.terms.action import ActionLimits

NONCE_BYTES = 16
_OVERHEAD = 1 + NONCE_BYTES
_KIB = 1024

_json = msgspec.json.Encoder()


class Kind(IntEnum):
    """What a sandboxed process may send."""

    READY = 0
    LOG = 1
    RESPONSE = 2
    CALL = 3
    THREW = 4
    DONE = 5
    GIVE_UP = 6


class Frame(msgspec.Struct, frozen=True):
    """One frame as it came."""

    kind: Kind
    nonce: bytes
    body: bytes


class Lengths:
    """How long a body of each kind may be; asked on the length prefix, before anything is allocated."""

    def __init__(self, limits: ActionLimits) -> None:
        self._limits = limits
        self._most: Mapping[Kind, int] = {
            Kind.READY: 0,
            Kind.LOG: limits.log_bytes + 1,
            Kind.RESPONSE: limits.response_bytes,
            Kind.CALL: limits.call_bytes,
            Kind.THREW: 64 * _KIB,
            Kind.DONE: 0,
            Kind.GIVE_UP: 4,
        }

    def check(self, kind: Kind, length: int) -> None:
        """Raise LimitExceeded or ProtocolViolation if a body of ``kind`` may not be ``length`` bytes long."""
        if length <= self._most[kind]:
            return
        if kind is Kind.RESPONSE:
            raise LimitExceeded("response_bytes", self._limits.response_bytes, f"The action's response has {length} bytes")
        if kind is Kind.LOG:
            raise LimitExceeded("log_bytes", self._limits.log_bytes, f"The action logged {length} bytes in one line")
        if kind is Kind.CALL:
            raise LimitExceeded("call_bytes", self._limits.call_bytes, f"A call of the action has {length} bytes")
        raise ProtocolViolation(f"The sandbox sent a {kind.name} frame of {length} bytes.")


async def read_frame(reader: asyncio.StreamReader, lengths: Lengths) -> Frame | None:
    """Read the next frame; None where the process closed its output between two frames."""
    try:
        prefix = await reader.readexactly(4 + _OVERHEAD)
        length = int.from_bytes(prefix[:4], "big") - _OVERHEAD
        kind = _kind(prefix[4], length)
        lengths.check(kind, length)
        return Frame(kind, prefix[5:], await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None


def _kind(number: int, length: int) -> Kind:
    if length < 0 or number not in Kind.__members__.values():
        raise ProtocolViolation("The sandbox sent something that is no frame.")
    return Kind(number)


def message(nonce: bytes, header: Any, payload: bytes = b"") -> bytes:
    """Build a frame for the sandbox: ``header`` as JSON (bytes are JSON already), then ``payload``."""
    return raw_message(nonce, _json.encode(header), payload)


def raw_message(nonce: bytes, header: bytes, payload: bytes) -> bytes:
    """Build a frame whose header is JSON already."""
    body = len(header).to_bytes(4, "big") + header + payload
    return (_OVERHEAD + len(body)).to_bytes(4, "big") + b"\0" + nonce + body


def split_body(body: bytes) -> tuple[bytes, bytes]:
    """Split a body into its header (JSON, not parsed) and payload."""
    length = int.from_bytes(body[:4], "big")
    if len(body) < 4 or length > len(body) - 4:
        raise ProtocolViolation("The sandbox sent a call whose header is longer than the call.")
    return body[4 : 4 + length], body[4 + length :]
