"""Messages of a signing session, and the hashes that name its attempts.

Round messages are the engine's bytes behind H(proposal), so that members of two different proposals never feed one
another's messages to the engine: there, a mix-up would look like an attack and destroy an honest pair's set-up.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import msgspec

from votive.protocol.wire import Hash, Message, SeatNumbers
from votive.terms.block import Block
from votive.terms.encoding import HashInput, tagged_hash

TAG_BYTES = 32
"""Length of H(proposal) before the engine's bytes in each round message."""

_Scalar = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_BlockNumber = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Ready(Message, frozen=True, kw_only=True):
    """The sender approved this digest for this session. Sent once per attempt: it also says at which attempt the sender is."""

    digest: Hash
    block_number: _BlockNumber
    block_hash: Hash
    """The final block at which the sender approved."""
    pairs: SeatNumbers
    """Seats with which the sender has a live set-up."""

    @property
    def block(self) -> Block:
        """The block of the sender's approval."""
        return Block(number=self.block_number, hash=self.block_hash)


class Proposal(Message, frozen=True, kw_only=True):
    """The leader's choice for one attempt."""

    digest: Hash
    signers: SeatNumbers
    """Exactly t seats, ascending, the leader's among them."""
    block_number: _BlockNumber
    block_hash: Hash

    @property
    def block(self) -> Block:
        """The final block at which all signers check the permission."""
        return Block(number=self.block_number, hash=self.block_hash)


class OutcomeMessage(Message, frozen=True, kw_only=True):
    """A finished signature. It proves itself; who sent it does not matter."""

    digest: Hash
    signers: SeatNumbers
    r: _Scalar
    s: _Scalar
    recovery_id: Annotated[int, msgspec.Meta(ge=0, le=1)]


class Reason(IntEnum):
    """Why a node leaves an attempt. The number is on the wire."""

    SILENCE = 1
    """Some signers were not heard in time."""
    LEFT = 2
    """Another signer left."""
    OBJECTION = 3
    """The proposal cannot be joined: block not final here, permission not given there, no live set-up, or a set known to fail."""
    CHECK_FAILED = 4
    """A consistency check failed; the pair's set-up is destroyed."""
    MALFORMED = 5
    """A signer's message is malformed."""
    CONFLICT = 6
    """Another signer follows another proposal of the same leader."""
    INVALID_RESULT = 7
    """The last messages do not combine to a signature that verifies."""
    SETUP_GONE = 8
    """A set-up ended while the attempt ran."""
    NO_SET = 9
    """The leader finds no t ready nodes with live set-ups with one another."""


class Abort(Message, frozen=True, kw_only=True):
    """The sender left this attempt. ``seats`` are those it misses or complains of: a claim, by which nobody is convinced."""

    reason: Reason
    seats: SeatNumbers = ()
    proposal: Annotated[bytes, msgspec.Meta(max_length=512)] = b""
    """The proposal as the sender received it, with the leader's evidence: two that differ convict the leader."""
    evidence: Annotated[bytes, msgspec.Meta(max_length=256)] = b""


class Ask(Message, frozen=True, kw_only=True):
    """The sender saw a proposal and misses its outcome: whoever has it, send it."""


class _ProposalName(HashInput, frozen=True, kw_only=True, tag="votive/sign/proposal/v1"):
    proposal: bytes


class _SignId(HashInput, frozen=True, kw_only=True, tag="votive/sign/id/v1"):
    session: bytes
    attempt: int
    proposal: bytes


class _Seed(HashInput, frozen=True, kw_only=True, tag="votive/sign/leader/v1"):
    session: bytes
    seat: int


def proposal_hash(proposal: bytes) -> bytes:
    """H(proposal), 32 bytes, over its one encoding."""
    return tagged_hash(_ProposalName(proposal=proposal))


def sign_id(session: bytes, attempt: int, name: bytes) -> bytes:
    """H(session, attempt, H(proposal)), 32 bytes: names one run of the engine. ``name`` is H(proposal)."""
    return tagged_hash(_SignId(session=session, attempt=attempt, proposal=name))


def leader_rank(session: bytes, seat: int) -> bytes:
    """The seat's place in the session's permutation: seats are ordered by this hash."""
    return tagged_hash(_Seed(session=session, seat=seat))
