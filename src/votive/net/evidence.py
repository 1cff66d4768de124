"""What a sender signs with its wallet, and how a third party checks it.

TLS proves to us who sent a frame, and proves nothing to anyone else. So every frame carries the sender's wallet signature over
where it belongs (network, session, kind, attempt, sender, receiver) and the hash of its payload. The registry names the wallet.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from votive import core
from votive.net.errors import EvidenceInvalid
from votive.net.identity import Recover, recover_address
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import MAX_SEAT, Committee, Seat

TO_ALL = 0
"""Receiver of a broadcast: no node sits in seat 0."""


class Statement(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where one message belongs. All of it is under the sender's signature."""

    session: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    kind: Kind
    attempt: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    sender: Seat
    receiver: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEAT)]
    """A seat, or 0 for all."""


class _Evidence(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="votive/evidence/v1"):
    statement: Statement
    signature: bytes


_decoder = msgspec.msgpack.Decoder(_Evidence)


def statement_hash(network: bytes, statement: Statement, payload: bytes) -> bytes:
    """Return the 32 bytes that the sender's wallet signs: the tagged hash (``terms.encoding``, domain ``votive/frame/v1``) of

    network, session, kind, attempt, sender, receiver, and SHA-256 of the payload.
    """
    return core.statement_hash(network, statement.session, statement.kind, statement.attempt, statement.sender, statement.receiver, payload)


def made_by(address: str, hashed: bytes, signature: bytes, recover: Recover) -> bool:
    """Say whether the wallet at ``address`` signed ``hashed``, a ``statement_hash``."""
    try:
        signer = recover(hashed, signature)
    except ValueError:
        return False
    return signer == address or signer.lower() == address.lower()


def verify_evidence(evidence: bytes, payload: bytes, *, committee: Committee, recover: Recover = recover_address) -> Statement:
    """Return what ``evidence`` proves that a member of ``committee`` said with ``payload``; EvidenceInvalid if it proves nothing."""
    try:
        found = _decoder.decode(evidence)
        member = committee.member(found.statement.sender)
    except (msgspec.DecodeError, KeyError, RecursionError) as error:  # the last: what stands after the fields is skipped, however deep
        raise EvidenceInvalid(f"this is no evidence against a member of this committee: {error}") from error
    if encode(found) != evidence:
        raise EvidenceInvalid("the evidence is not in its canonical encoding")
    hashed = statement_hash(committee.network, found.statement, payload)
    if not made_by(member.address, hashed, found.signature, recover):
        raise EvidenceInvalid(f"the wallet of seat {member.seat} did not sign this payload into this place")
    return found.statement
