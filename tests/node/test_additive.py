"""Shares for clients that add them up."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from votive.node.additive import Q, share_of
from votive.terms.key import Signature
from votive.terms.participant import Seat

SESSION = hashlib.sha256(b"session").digest()
seats = st.lists(st.integers(1, 255), min_size=1, max_size=21, unique=True).map(
    lambda numbers: [Seat(number) for number in sorted(numbers)]
)
signatures = st.builds(
    lambda r, s: Signature(r=r.to_bytes(32, "big"), s=s.to_bytes(32, "big"), recovery_id=0), st.integers(1, Q - 1), st.integers(1, Q // 2)
)


@given(seats, signatures)
def test_the_shares_of_a_set_add_up_to_s(signers: list[Seat], signature: Signature) -> None:
    shares = [share_of(seat, signers, SESSION, signature) for seat in signers]
    assert sum(int.from_bytes(share, "big") for share in shares if share is not None) % Q == int.from_bytes(signature.s, "big")


@given(seats, signatures)
def test_whoever_is_not_in_the_set_has_no_share(signers: list[Seat], signature: Signature) -> None:
    outside = [Seat(seat) for seat in range(1, 256) if seat not in signers]
    assert all(share_of(seat, signers, SESSION, signature) is None for seat in outside[:5])


def test_shares_of_another_session_differ() -> None:
    signature = Signature(r=b"\x01" * 32, s=b"\x02" * 32, recovery_id=1)
    signers = [Seat(1), Seat(2), Seat(3)]
    assert share_of(Seat(2), signers, SESSION, signature) != share_of(Seat(2), signers, bytes(32), signature)


def test_the_derivation_never_changes() -> None:
    signature = Signature(r=b"\x01" * 32, s=b"\x02" * 32, recovery_id=1)
    share = share_of(Seat(2), [Seat(1), Seat(2), Seat(3)], SESSION, signature)
    assert share is not None
    assert share.hex() == "f1cd2c2570096f7e0adcfe8b05cd2997d54bf5ae8e32871291f28ebc2da9b08b"
