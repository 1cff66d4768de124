"""How ceremonies end badly, and who is to blame.

    CallerError   DigestsDiffer, SecondDigest, PermissionLost
    PeerError     SigningFailed, SetupsDiffer, DkgAborted, PairSetupFailed
    WorldError    NotEnoughNodes, NodesSilent, ConfirmsMissing

``details`` is a tree of mappings and lists, ready for the caller's JSON. Blame needs evidence: ``culprits`` names only those
who are convicted by a message of theirs; ``silent`` names those who were not heard, which may have many honest causes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from votive.terms.encoding import hex0x
from votive.terms.errors import CallerError, ErrorCode, PeerError, WorldError
from votive.terms.participant import Seat

if TYPE_CHECKING:
    from votive.protocol.dkg import Batch


def named(seats: Sequence[Seat]) -> str:
    """Return seats as a person reads them: ``nodes 2 and 7``."""
    numbers = [str(seat) for seat in sorted(seats)]
    if not numbers:
        return "no node"
    if len(numbers) == 1:
        return f"node {numbers[0]}"
    return f"nodes {', '.join(numbers[:-1])} and {numbers[-1]}"


class DigestsDiffer(CallerError):
    """The nodes derived different digests for one signing session, so no digest has a quorum."""

    code = ErrorCode.DIGESTS_DIFFER
    status = 400

    def __init__(self, digests: Mapping[bytes, Sequence[Seat]], needed: int) -> None:
        self.digests = {digest: tuple(sorted(seats)) for digest, seats in digests.items()}
        parts = "; ".join(f"{hex0x(digest)} by {named(seats)}" for digest, seats in sorted(self.digests.items()))
        super().__init__(
            f"The nodes derived different digests, and none by the {needed} nodes that must agree: {parts}. "
            "Make the action deterministic: the same parameters must give the same bytes on every node.",
            details=[{"digest": hex0x(digest), "nodes": list(seats)} for digest, seats in sorted(self.digests.items())],
        )


class SecondDigest(CallerError):
    """The same signing session was asked for another digest before."""

    code = ErrorCode.BAD_INPUT
    status = 409

    def __init__(self, first: bytes, second: bytes) -> None:
        super().__init__(
            f"This request already signs {hex0x(first)} under this name; {hex0x(second)} needs another X-Request-Id or another sigName.",
            details=[{"signs": hex0x(first), "refused": hex0x(second)}],
        )


class PermissionLost(CallerError):
    """The permission that this node approved by is gone at its newest final block; nothing was released by it since."""

    code = ErrorCode.SCOPE_TOO_LIMITED
    status = 401

    def __init__(self, block: int) -> None:
        super().__init__(
            f"The permission to sign with this key, found at block {block}, was gone when this node read it again; "
            "it has released nothing since.",
            details=[{"approvedAtBlock": block}],
        )


class IdentitiesDiffer(CallerError):
    """The nodes derived different identities for one decryption, and too few of them ours."""

    code = ErrorCode.DIGESTS_DIFFER
    status = 400

    def __init__(self, identities: Mapping[bytes, Sequence[Seat]], needed: int) -> None:
        self.identities = {identity: tuple(sorted(seats)) for identity, seats in identities.items()}
        parts = "; ".join(f"{hex0x(identity)[:18]}… by {named(seats)}" for identity, seats in sorted(self.identities.items()))
        super().__init__(
            f"The nodes would decrypt different things in this call, and {needed} of them must agree on one: {parts}. "
            "Make the action deterministic: conditions and hash of the data must be the same on every node.",
            details=[{"identity": hex0x(identity), "nodes": list(seats)} for identity, seats in sorted(self.identities.items())],
        )


class NotEnoughNodes(WorldError):
    """Fewer than t nodes can sign, or decrypt, together now."""

    code = ErrorCode.NOT_ENOUGH_NODES
    status = 503

    def __init__(
        self,
        why: str,
        *,
        needed: int,
        ready: Sequence[Seat],
        silent: Sequence[Seat],
        apart: Sequence[tuple[Seat, Seat]] = (),
        act: str = "sign",
    ) -> None:
        self.needed, self.ready = needed, tuple(sorted(ready))
        self.silent, self.apart = tuple(sorted(silent)), tuple(sorted(apart))
        super().__init__(
            f"{why} {needed} nodes must {act} together. Ready: {named(self.ready)}; not heard: {named(self.silent)}. "
            "Try again when more nodes are up.",
            details=[
                {
                    "needed": needed,
                    "ready": list(self.ready),
                    "silent": list(self.silent),
                    "withoutSetup": [list(pair) for pair in self.apart],
                }
            ],
        )


class SigningFailed(PeerError):
    """Every attempt before the deadline failed."""

    code = ErrorCode.SIGNING_FAILED
    status = 502

    def __init__(self, why: str, *, attempts: int, silent: Sequence[Seat], culprits: Sequence[Seat], reasons: Sequence[str]) -> None:
        self.attempts, self.silent, self.reasons = attempts, tuple(sorted(silent)), tuple(reasons)
        super().__init__(
            f"{why} Not heard in time: {named(self.silent)}. Retry: the sets of nodes that failed are avoided next time.",
            culprits=sorted(culprits),
            details=[{"attempts": attempts, "silent": list(self.silent), "culprits": sorted(culprits), "reasons": list(self.reasons)}],
        )


class DecryptionFailed(PeerError):
    """So many nodes sent wrong shares that t good ones cannot be had. ``culprits`` are convicted by what they signed."""

    code = ErrorCode.DECRYPTION_FAILED
    status = 502

    def __init__(self, why: str, *, culprits: Sequence[Seat], silent: Sequence[Seat], needed: int) -> None:
        self.silent = tuple(sorted(silent))
        super().__init__(
            f"{why} {needed} good shares are needed; wrong ones came from {named(culprits)}, none from {named(self.silent)}. "
            "Try again later.",
            culprits=sorted(culprits),
            details=[{"needed": needed, "culprits": sorted(culprits), "silent": list(self.silent)}],
        )


class SetupsDiffer(PeerError):
    """The nodes do not mean the same batch: some field of the set-up differs. Nobody is blamed, nothing secret was sent."""

    code = ErrorCode.INTERNAL

    def __init__(self, ours: bytes, theirs: Mapping[Seat, bytes]) -> None:
        self.theirs = dict(theirs)
        super().__init__(
            f"{named(tuple(theirs))} would generate keys under another set-up than ours; "
            "network, epoch, batch, committee, threshold, purpose, size and deadline must all be equal.",
            details=[{"ours": hex0x(ours), "theirs": {str(seat): hex0x(value) for seat, value in sorted(theirs.items())}}],
        )


class DkgAborted(PeerError):
    """Key generation ended before anything was staged. ``culprits`` are those convicted; empty when nobody can be."""

    code = ErrorCode.INTERNAL


class NodesSilent(WorldError):
    """Key generation needs all nodes, and some were not heard in time. Nothing was staged."""

    code = ErrorCode.NOT_ENOUGH_NODES
    status = 503

    def __init__(self, step: str, silent: Sequence[Seat]) -> None:
        self.silent = tuple(sorted(silent))
        super().__init__(
            f"Key generation needs every node; no {step} came in time from {named(self.silent)}.",
            details=[{"step": step, "silent": list(self.silent)}],
        )


class ConfirmsMissing(WorldError):
    """Our shares are staged, but not all n equal confirms came: do not vote, keep the staged shares, let the chain decide."""

    code = ErrorCode.NOT_ENOUGH_NODES
    status = 503

    def __init__(self, batch: Batch[Any], *, missing: Sequence[Seat], differing: Sequence[Seat], confirms: Mapping[Seat, bytes]) -> None:
        self.batch, self.confirms = batch, dict(confirms)
        self.missing, self.differing = tuple(sorted(missing)), tuple(sorted(differing))
        super().__init__(
            f"Batch {batch.setup.batch} is staged but not confirmed by all: nothing from {named(self.missing)}, "
            f"another transcript from {named(self.differing)}. This node does not vote; it keeps its shares until the deadline block.",
            details=[{"batch": batch.setup.batch, "missing": list(self.missing), "differing": list(self.differing)}],
        )


class PairSetupFailed(PeerError):
    """A pair's set-up came to nothing and nobody is to blame: unequal digests, an abort, or silence."""

    code = ErrorCode.INTERNAL

    def __init__(self, peer: Seat, why: str) -> None:
        self.peer = peer
        super().__init__(f"The set-up with node {peer} came to nothing: {why}. It is tried again.", details=[{"peer": peer, "why": why}])
