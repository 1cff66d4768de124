"""Frames: a length is judged before anything is read, and what is no frame ends the run."""

from __future__ import annotations

import asyncio

import pytest

from votive.action.errors import LimitExceeded, ProtocolViolation
from votive.action.pipe import Kind, Lengths, message, read_frame, split_body
from votive.terms.action import ActionLimits

LENGTHS = Lengths(ActionLimits(response_bytes=100, log_bytes=50, call_bytes=1000))
NONCE = bytes(range(16))


def frame(kind: int, body: bytes, *, claims: int | None = None) -> bytes:
    length = 17 + len(body) if claims is None else claims
    return length.to_bytes(4, "big") + bytes([kind]) + NONCE + body


async def read(data: bytes, *, end: bool = True):
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    if end:
        reader.feed_eof()
    return await read_frame(reader, LENGTHS)


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_frame_is_read_as_it_was_written(kind):
    body = b"" if kind in (Kind.READY, Kind.DONE) else b"body"
    found = await read(frame(kind, body))
    assert (found.kind, found.nonce, found.body) == (kind, NONCE, body)


@pytest.mark.parametrize("cut", [0, 1, 4, 20, 24])
async def test_an_output_that_ends_within_a_frame_is_an_end(cut):
    assert await read(frame(Kind.LOG, b"0123456789")[:cut]) is None


@pytest.mark.parametrize(("kind", "limit"), [(Kind.RESPONSE, "response_bytes"), (Kind.LOG, "log_bytes"), (Kind.CALL, "call_bytes")])
async def test_a_frame_that_claims_too_much_is_refused_on_its_prefix(kind, limit):
    with pytest.raises(LimitExceeded, match=limit):
        await asyncio.wait_for(read(frame(kind, b"", claims=2**32 - 1), end=False), 10)


@pytest.mark.parametrize(
    "data", [frame(Kind.THREW, b"", claims=2**20), frame(7, b""), frame(255, b""), frame(1, b"", claims=3), frame(5, b"x")]
)
async def test_what_is_no_frame_is_a_violation(data):
    with pytest.raises(ProtocolViolation):
        await read(data)


@pytest.mark.parametrize("body", [b"", b"\0\0", b"\0\0\0\x05{}", b"\xff\xff\xff\xff"])
def test_a_call_whose_header_does_not_fit_is_a_violation(body):
    with pytest.raises(ProtocolViolation):
        split_body(body)


def test_a_message_carries_header_and_payload():
    sent = message(NONCE, {"id": 1}, b"payload")
    assert int.from_bytes(sent[:4], "big") == len(sent) - 4
    assert sent[5:21] == NONCE
    assert split_body(sent[21:]) == (b'{"id":1}', b"payload")
