"""From the shares of t nodes to the decryption key of one identity: the combination is verified first, single shares only if it fails.

In the good case that is one pairing product, whatever t is. Otherwise each share is verified against its node's verification share, which
is believed only under the hash that the nodes voted on chain; a wrong one is named and dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from votive.client.ask import Answer
from votive.client.errors import NotEnoughShares
from votive.client.network_key import Holders
from votive.client.refusal import Fault, opinions_of, refused
from votive.client.request import Asked
from votive.core import CombinationFailed, bls_combine, bls_verify_share
from votive.terms.encoding import bytes_of
from votive.terms.errors import VotiveError
from votive.terms.participant import Seat

SHARE_BYTES = 97
"""Seat, one byte, and a compressed point of G2."""


class Gathering:
    """Collects shares until t of them make the key's signature of ``identity``: what decrypts, or what makes a session."""

    def __init__(self, holders: Holders, identity: bytes) -> None:
        self.key: bytes | None = None
        """The signature of ``identity`` by the network, 96 bytes, verified."""
        self.seats: tuple[int, ...] = ()
        """Whose shares made it."""
        self.faults: tuple[Fault, ...] = ()
        self._holders, self._identity = holders, identity
        self._shares: dict[int, bytes] = {}
        self._seen: set[int] = set()
        self._verification_shares: Mapping[int, bytes] | None = None
        self._unverifiable = False

    @property
    def signature(self) -> bytes:
        """``key`` of a gathering that has ended well."""
        assert self.key is not None  # noqa: S101  # else ``failure`` was raised
        return self.key

    async def enough(self, answers: Sequence[Answer]) -> bool:
        """Take the answers that are new; say whether the key is there."""
        for answer in answers:
            if answer.ok and answer.seat not in self._seen:
                self._take(answer)
        if self.key is None and len(self._shares) >= self._holders.threshold:
            await self._combine()
        return self.key is not None

    def _take(self, answer: Answer) -> None:
        self._seen.add(answer.seat)
        share = share_in(answer)
        if share is None:
            self._blame(answer.seat, "it gave no share of its own seat")
        elif self._verification_shares is None or self._fits(answer.seat, share):
            self._shares[answer.seat] = share
        else:
            self._blame(answer.seat, "its share does not verify")

    async def _combine(self) -> None:
        """Combine the first t shares; if the result does not verify, drop the wrong ones among all and try again."""
        if self._combined() or self._verification_shares is not None or self._unverifiable:
            return
        self._verification_shares = await self._holders.verification_shares()
        if self._verification_shares is None:
            self._unverifiable = True
            return
        for seat, share in list(self._shares.items()):
            if not self._fits(seat, share):
                del self._shares[seat]
                self._blame(seat, "its share does not verify")
        self._combined()

    def _combined(self) -> bool:
        chosen = {Seat(seat): share for seat, share in list(self._shares.items())[: self._holders.threshold]}
        if len(chosen) < self._holders.threshold:
            return False
        try:
            self.key = bls_combine(self._holders.public_key, self._holders.threshold, chosen, self._identity)
        except CombinationFailed:
            return False
        self.seats = tuple(sorted(int(seat) for seat in chosen))
        return True

    def _fits(self, seat: int, share: bytes) -> bool:
        known = (self._verification_shares or {}).get(seat)
        return known is not None and bls_verify_share(known, self._identity, share)

    def _blame(self, seat: int, reason: str) -> None:
        self.faults = (*self.faults, Fault(seat=seat, reason=reason))

    def failure(self, answers: Sequence[Answer], nodes: int) -> VotiveError:
        """Say why there is no key, after all of a network's ``nodes`` were asked."""
        if opinions := opinions_of(answers):
            return refused(opinions, answers, self.faults, nodes)
        silent = {answer.seat: answer.silence for answer in answers if answer.silence}
        reasons = silent | {fault.seat: fault.reason for fault in self.faults}
        why = "; ".join(f"node {seat}: {reasons[seat]}" for seat in sorted(reasons)) or "they do not combine"
        if self._unverifiable:
            why += "; no node told which shares are right as the chain has it, so that none can be named"
        return NotEnoughShares(
            f"{self._holders.threshold} of {nodes} nodes must contribute, and {len(self._shares)} usable shares came ({why}). "
            "Try again when more nodes are up: see `votive status`.",
            details=[
                {
                    "needed": self._holders.threshold,
                    "usable": sorted(self._shares),
                    "reasons": {str(seat): reasons[seat] for seat in reasons},
                }
            ],
        )


def share_in(answer: Answer) -> bytes | None:
    """Return the share in a node's answer, 97 bytes; None if there is none of its own seat."""
    field = answer.body.get("signatureShare")
    text = field.get("ProofOfPossession") if isinstance(field, dict) else None
    try:
        share = bytes_of(text) if isinstance(text, str) else b""
    except ValueError:
        return None
    return share if len(share) == SHARE_BYTES and share[0] == answer.seat else None


def told(asked: Asked, gathered: Gathering) -> dict[str, Any]:
    """Return what every result says of its request."""
    return {
        "request_id": asked.request_id,
        "nodes": gathered.seats,
        "timings_ms": asked.timings("decrypt"),
        "faults": gathered.faults,
    }
