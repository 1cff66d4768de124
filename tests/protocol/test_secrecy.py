"""Fewer than t shares and everything on the wire leave every secret possible: all of them are tried, over a tiny group.

Scalars are tried; group elements are not looked at, for in a group this small anyone can take logarithms, and that they
hide their exponents is the assumption that the real curve carries.
"""

from __future__ import annotations

from itertools import product

import pytest

from votive.protocol.simulation import TINY, Committee, Sent, simulate
from votive.protocol.simulation.group import ELEMENT_BYTES
from votive.protocol.simulation.signing import schnorr_challenge
from votive.terms.frame import Kind
from votive.terms.participant import Seat

Q, T = TINY.q, 3
SEATS = (1, 2, 3, 4)
COALITION = (Seat(1), Seat(2))
HONEST = (Seat(3), Seat(4))


def at(polynomial: tuple[int, ...], x: int) -> int:
    return sum(a * x**k for k, a in enumerate(polynomial)) % Q


def played(signatures: int, *, reuse_nonce: bool = False, seed: int = 4) -> tuple[Committee, bytes]:
    async def play() -> tuple[Committee, bytes]:
        committee = Committee(SEATS, seed=seed, group=TINY)
        (key,) = await committee.generate_keys()
        assert await committee.set_up_pairs() == []
        committee.network.kill(Seat(4))
        for number in range(signatures):
            if reuse_nonce:
                committee.nodes[Seat(3)].table.rng.seed(99)
            await committee.sign(key, bytes([number]) * 32, name=f"{number}", seats=SEATS[:3])
        return committee, key

    return simulate(play())


def dealt(committee: Committee, dealer: Seat, to: Seat) -> int:
    """What ``to`` finds in the sealed share of ``dealer``."""
    setup = committee.dkg_setup()
    (sealed,) = [sent.payload for sent in committee.network.wire if sent.kind is Kind.DKG_DEAL and (sent.sender, sent.to) == (dealer, to)]
    value = committee.sealing.open(dealer, to, setup.context, sealed)
    assert value is not None
    return int.from_bytes(value, "big")


def constants(view: dict[int, int]) -> set[int]:
    """All f(0) of polynomials of degree t − 1 that go through what the coalition was dealt: every polynomial is tried."""
    return {f[0] for f in product(range(Q), repeat=T) if all(at(f, x) == y for x, y in view.items())}


def possible_keys(committee: Committee, coalition: tuple[Seat, ...]) -> set[int]:
    own = sum(committee.parties[seat].polynomials[0][0] for seat in coalition)
    keys = {own % Q}
    for dealer in (Seat(seat) for seat in SEATS if seat not in coalition):
        found = constants({seat: dealt(committee, dealer, seat) for seat in coalition})
        keys = {(key + constant) % Q for key in keys for constant in found}
    return keys


def test_fewer_than_t_nodes_leave_every_key_possible() -> None:
    committee, _ = played(0)
    assert possible_keys(committee, COALITION) == set(range(Q))


def test_t_nodes_know_the_key() -> None:
    committee, key = played(0)
    (secret,) = possible_keys(committee, (Seat(1), Seat(2), Seat(3)))
    assert TINY.encode(TINY.exp(secret)) == key


def last_messages(committee: Committee, key: bytes) -> list[tuple[int, int]]:
    """For each signature (challenge, what the honest signer's u + w comes to)."""
    found = []
    outcomes = {node.seat: node for node in committee.nodes.values()}[Seat(1)].memory
    for number in range(99):
        signed = outcomes.outcome(committee.session(key, f"{number}"))
        if signed is None:
            return found
        challenge = schnorr_challenge(TINY, key, bytes([number]) * 32, signed.signature.r)
        sent = next(s for s in committee.network.wire if is_last(s, committee.session(key, f"{number}")))
        halves = sent.payload[32:]
        u, w = (int.from_bytes(halves[start : start + ELEMENT_BYTES], "big") for start in (0, ELEMENT_BYTES))
        found.append((challenge, (u + w) % Q))
    return found


def is_last(sent: Sent, session: bytes) -> bool:
    return sent.kind is Kind.SIGN_ROUND3 and sent.session == session and sent.sender == 3


def keys_that_explain(committee: Committee, key: bytes, *, one_nonce: bool) -> set[int]:
    """All keys for which some nonces make the honest signer's last messages; with ``one_nonce`` they must all be equal."""
    messages = last_messages(committee, key)
    assert len(messages) >= 2
    shares = {seat: committee.nodes[seat].shares[key].secret for seat in COALITION}
    signers, found = (1, 2, 3), set()
    for secret in range(Q):
        honest = share_of(3, {0: secret, **shares})
        nonces = [(s - challenge * TINY.lagrange(3, signers) * honest) % Q for challenge, s in messages]
        if not one_nonce or len(set(nonces)) == 1:
            found.add(secret)
    return found


def share_of(seat: int, points: dict[int, int]) -> int:
    """Interpolate the sharing polynomial at ``seat``."""
    total = 0
    for x, y in points.items():
        weight = 1
        for other in points:
            if other != x:
                weight = weight * (seat - other) * pow(x - other, -1, Q) % Q
        total += weight * y
    return total % Q


def test_signatures_add_nothing_to_what_fewer_than_t_nodes_know() -> None:
    committee, key = played(4)
    assert keys_that_explain(committee, key, one_nonce=False) == set(range(Q))


def test_this_search_would_find_a_nonce_that_is_used_twice() -> None:
    committee, key = played(4, reuse_nonce=True)
    (secret,) = keys_that_explain(committee, key, one_nonce=True)
    assert TINY.encode(TINY.exp(secret)) == key


@pytest.mark.parametrize("seed", range(5))
def test_no_sealed_share_is_on_the_wire_in_the_clear(seed: int) -> None:
    committee, _ = played(0, seed=seed)
    for sent in committee.network.wire:
        if sent.kind is Kind.DKG_DEAL:
            value = dealt(committee, sent.sender, sent.to).to_bytes(ELEMENT_BYTES, "big")
            assert value not in sent.payload
