"""The specification of frames and statements in Python, by which the compiled reader is judged."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from votive.net.evidence import Statement
from votive.net.frame import LINK_KINDS, PREFIX, ROUTE, encode_signed, read_prefix
from votive.terms.encoding import HashInput, encode, tagged_hash
from votive.terms.frame import Envelope, Kind
from votive.terms.participant import Seat


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol message on the wire."""

    session: bytes
    kind: Kind
    attempt: int
    receiver: int
    signature: bytes
    payload: bytes

    def statement(self, sender: Seat) -> Statement:
        """Where this frame belongs, sent by ``sender``."""
        return Statement(session=self.session, kind=self.kind, attempt=self.attempt, sender=sender, receiver=self.receiver)


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a protocol message."""
    return encode_signed(frame.statement(Seat(0)), frame.signature, frame.payload)


class _SignedFrame(HashInput, frozen=True, kw_only=True, tag="votive/frame/v1"):
    network: bytes
    session: bytes
    kind: int
    attempt: int
    sender: int
    receiver: int
    payload_hash: bytes


class _Evidence(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="votive/evidence/v1"):
    statement: Statement
    signature: bytes


def statement_hash(network: bytes, place: Statement, payload: bytes) -> bytes:
    fields = {name: getattr(place, name) for name in place.__struct_fields__} | {"kind": int(place.kind)}
    return tagged_hash(_SignedFrame(network=network, payload_hash=hashlib.sha256(payload).digest(), **fields))


def pack_evidence(place: Statement, signature: bytes) -> bytes:
    return encode(_Evidence(statement=place, signature=signature))


def cut(stream: bytes) -> list[tuple[Kind, bytes]]:
    """The whole frames of a stream; LinkFault where one begins that may not come."""
    found = []
    while len(stream) >= PREFIX.size:
        kind, length = read_prefix(stream[: PREFIX.size])
        if len(stream) < PREFIX.size + length:
            break
        found.append((kind, stream[PREFIX.size : PREFIX.size + length]))
        stream = stream[PREFIX.size + length :]
    return found


def read(sender: Seat, kind: Kind, body: bytes) -> tuple[Any, ...]:
    """A frame as the compiled reader gives it."""
    if kind in LINK_KINDS:
        return kind, b"", 0, b"", body
    session, attempt, receiver, signature = ROUTE.unpack_from(body)
    payload = body[ROUTE.size :]
    frame = Frame(session=session, kind=kind, attempt=attempt, receiver=receiver, signature=signature, payload=payload)
    evidence = pack_evidence(frame.statement(sender), signature)
    envelope = Envelope(sender=sender, kind=kind, attempt=attempt, payload=payload, evidence=evidence)
    return kind, session, receiver, signature, envelope


def said(frame: tuple[Any, ...]) -> Frame:
    """The message that the compiled reader gave, as its sender wrote it."""
    kind, session, receiver, signature, envelope = frame
    return Frame(session=session, kind=kind, attempt=envelope.attempt, receiver=receiver, signature=signature, payload=envelope.payload)
