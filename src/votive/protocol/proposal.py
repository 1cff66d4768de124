"""A leader's proposal of who signs, and what it must look like, whoever reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from votive.protocol.channel import Envelope, Kind
from votive.protocol.leader import Signers
from votive.protocol.messages import Proposal, proposal_hash
from votive.terms.participant import Seat, threshold_of


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """The leader's proposal for an attempt, as it was received."""

    leader: Seat
    proposal: Proposal
    payload: bytes
    evidence: bytes | None

    @property
    def signers(self) -> Signers:
        """The set."""
        return tuple(Seat(seat) for seat in self.proposal.signers)

    def envelope(self, attempt: int) -> Envelope:
        """Return the proposal as the leader sent it."""
        return Envelope(sender=self.leader, kind=Kind.SIGN_PROPOSE, attempt=attempt, payload=self.payload, evidence=self.evidence)

    @cached_property
    def name(self) -> bytes:
        """H(proposal), which stands before each round message."""
        return proposal_hash(self.payload)


def fault_of(proposal: Proposal, leader: Seat, committee: Collection[Seat]) -> str | None:
    """Return what is wrong with a proposal by its own words; None if it is sound."""
    signers, threshold = proposal.signers, threshold_of(len(committee))
    if len(signers) != threshold:
        return f"a proposal of {len(signers)} signers where exactly {threshold} sign"
    if list(signers) != sorted(set(signers)):
        return "a proposal whose signers are not distinct and ascending"
    if not set(signers) <= set(committee):
        return "a proposal with a signer outside of the committee"
    if leader not in signers:
        return "a proposal without its leader"
    return None


def possible_signers(named: Sequence[int], committee: Collection[Seat]) -> Signers:
    """Return the set that an outcome names if it could be one, else nothing: the signature stands by itself."""
    possible = len(named) == threshold_of(len(committee)) and list(named) == sorted(set(named)) and set(named) <= set(committee)
    return tuple(Seat(seat) for seat in named) if possible else ()
