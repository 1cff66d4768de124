"""Signature shares for clients that add them up: δ_j with Σ δ_j = s over the signing set (threshold design, "Signing" 5).

Every node of the set knows (r, s) already; the shares are public and only divide s, so that an SDK which sums shares and
verifies the sum works unchanged. They carry no secret of the key.
"""

from __future__ import annotations

from collections.abc import Sequence

from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.key import Signature
from votive.terms.participant import Seat

Q = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Order of secp256k1 (SEC 2, 2.4.1)."""


class _ShareInput(HashInput, frozen=True, kw_only=True, tag="votive/additive-share/v1"):
    session: bytes
    r: bytes
    s: bytes
    seat: int
    half: int


def _derived(session: bytes, signature: Signature, seat: Seat) -> int:
    """H_q(session, r, s, j): 512 bits of hash modulo q."""
    halves = [tagged_hash(_ShareInput(session=session, r=signature.r, s=signature.s, seat=seat, half=half)) for half in (0, 1)]
    return int.from_bytes(b"".join(halves), "big") % Q


def share_of(seat: Seat, signers: Sequence[Seat], session: bytes, signature: Signature) -> bytes | None:
    """Return δ_seat, 32 bytes big-endian; None for a seat outside of the signing set.

    The lowest seat of the set answers s − Σ of all others' shares.
    """
    if seat not in signers:
        return None
    lowest = min(signers)
    if seat != lowest:
        return _derived(session, signature, seat).to_bytes(32, "big")
    others = sum(_derived(session, signature, other) for other in signers if other != lowest)
    return ((int.from_bytes(signature.s, "big") - others) % Q).to_bytes(32, "big")
