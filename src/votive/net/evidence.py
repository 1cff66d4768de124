"""What a sender signs with its wallet, and how a third party checks it.

TLS proves to us who sent a frame, and proves nothing to anyone else. So every frame carries the sender's wallet signature over
where it belongs (network, session, kind, attempt, sender, receiver) and the hash of its payload. The registry names the wallet.
"""

from __future__ import annotations

import hashlib

import msgspec

from votive.net.errors import EvidenceInvalid
from votive.net.identity import Recover, recover_address
from votive.terms.encoding import HashInput, encode, tagged_hash
from votive.terms.frame import Kind
from votive.terms.participant import Committee, Seat

TO_ALL = 0
"""Receiver of a broadcast: no node sits in seat 0."""


class Statement(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where one message belongs. All of it is under the sender's signature."""

    session: bytes
    kind: Kind
    attempt: int
    sender: Seat
    receiver: int
    """A seat, or 0 for all."""


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


_decoder = msgspec.msgpack.Decoder(_Evidence)


def statement_hash(network: bytes, statement: Statement, payload: bytes) -> bytes:
    """Return the 32 bytes that the sender's wallet signs."""
    return tagged_hash(
        _SignedFrame(
            network=network,
            session=statement.session,
            kind=int(statement.kind),
            attempt=statement.attempt,
            sender=statement.sender,
            receiver=statement.receiver,
            payload_hash=hashlib.sha256(payload).digest(),
        )
    )


def made_by(address: str, hashed: bytes, signature: bytes, recover: Recover) -> bool:
    """Say whether the wallet at ``address`` signed ``hashed``, a ``statement_hash``."""
    try:
        signer = recover(hashed, signature)
    except ValueError:
        return False
    return signer == address or signer.lower() == address.lower()


def pack_evidence(statement: Statement, signature: bytes) -> bytes:
    """Return what an envelope keeps beside its payload: the place and the signature."""
    return encode(_Evidence(statement=statement, signature=signature))


def verify_evidence(evidence: bytes, payload: bytes, *, committee: Committee, recover: Recover = recover_address) -> Statement:
    """Return what ``evidence`` proves that a member of ``committee`` said with ``payload``; EvidenceInvalid if it proves nothing."""
    try:
        found = _decoder.decode(evidence)
        member = committee.member(found.statement.sender)
    except (msgspec.DecodeError, KeyError) as error:
        raise EvidenceInvalid(f"this is no evidence against a member of this committee: {error}") from error
    if encode(found) != evidence:
        raise EvidenceInvalid("the evidence is not in its canonical encoding")
    hashed = statement_hash(committee.network, found.statement, payload)
    if not made_by(member.address, hashed, found.signature, recover):
        raise EvidenceInvalid(f"the wallet of seat {member.seat} did not sign this payload into this place")
    return found.statement
