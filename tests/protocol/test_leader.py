"""Leaders, sets and memory: pure rules."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from votive.protocol import Signed, SigningMemory
from votive.protocol.leader import all_sets, apart, fresh_set, leaders, linked_set, oldest_failure, sets_of
from votive.protocol.simulation import VirtualClock, simulate
from votive.terms.key import Signature
from votive.terms.participant import Seat

seats_of = st.lists(st.integers(1, 255), min_size=4, max_size=9, unique=True).map(sorted)


def linked(seats: list[int], missing: set[frozenset[int]] = frozenset()) -> dict[Seat, list[Seat]]:
    return {Seat(a): [Seat(b) for b in seats if a != b and frozenset((a, b)) not in missing] for a in seats}


@given(seats_of, st.binary(min_size=32, max_size=32))
def test_every_seat_leads_once_in_n_attempts(seats: list[int], session: bytes) -> None:
    assert sorted(leaders(session, tuple(seats))) == seats


def test_sessions_have_leaders_of_their_own() -> None:
    assert len({leaders(bytes([number]) * 32, (1, 2, 3, 4)) for number in range(100)}) > 12


@given(seats_of, st.data())
def test_the_sets_are_exactly_the_linked_ones_with_their_leader(seats: list[int], data: st.DataObject) -> None:
    pairs = [frozenset(pair) for pair in combinations(seats, 2)]
    missing = data.draw(st.sets(st.sampled_from(pairs)))
    leader, size = data.draw(st.sampled_from(seats)), data.draw(st.integers(2, len(seats)))
    expected = {c for c in combinations(seats, size) if not any(frozenset(p) in missing for p in combinations(c, 2))}
    links = linked(seats, missing)
    assert sorted(sets_of(size, leader=Seat(leader), order=seats, pairs=links)) == sorted(c for c in expected if leader in c)
    assert sorted(all_sets(size, seats, links)) == sorted(expected)
    assert all(linked_set(signers, links) for signers in expected)
    assert set(apart(links)) == {tuple(sorted(pair)) for pair in missing}


def test_a_link_needs_both_sides() -> None:
    pairs = {Seat(1): [Seat(2)], Seat(2): []}
    assert list(all_sets(2, [Seat(1), Seat(2)], pairs)) == []
    assert not linked_set((Seat(1), Seat(2)), pairs)


def test_a_failed_set_comes_last_and_the_oldest_failure_first() -> None:
    async def play() -> None:
        memory = SigningMemory(VirtualClock())
        pairs = linked([1, 2, 3, 4])
        for number in range(4):
            signers = fresh_set(all_sets(3, [1, 2, 3, 4], pairs), memory.failed)
            assert signers is not None, number
            assert signers not in memory.failed
            memory.note_failure(signers)
        assert fresh_set(all_sets(3, [1, 2, 3, 4], pairs), memory.failed) is None
        assert oldest_failure(all_sets(3, [1, 2, 3, 4], pairs), memory.failed) == (1, 2, 3)
        memory.note_success((2, 3, 4))
        assert fresh_set(all_sets(3, [1, 2, 3, 4], pairs), memory.failed) == (2, 3, 4)

    simulate(play())


def test_the_search_for_sets_is_bounded_at_thirty_nodes() -> None:
    seats = list(range(1, 31))
    failed = set()
    for signers in sets_of(21, leader=Seat(1), order=seats, pairs=linked(seats)):
        failed.add(signers)
        if len(failed) == 6000:
            break
    assert fresh_set(sets_of(21, leader=Seat(1), order=seats, pairs=linked(seats)), failed) is None


def test_memory_is_bounded() -> None:
    async def play() -> None:
        clock = VirtualClock()
        memory = SigningMemory(clock)
        signed = Signed(signature=Signature(r=b"", s=b"", recovery_id=0), signers=(), attempt=0)
        for number in range(5000):
            assert memory.claim(number.to_bytes(32, "big"), b"\x01" * 32) is None
            memory.remember(number.to_bytes(32, "big"), signed)
        assert memory.outcome((4999).to_bytes(32, "big")) == signed
        assert memory.outcome(bytes(32)) is None
        await clock.sleep(601)
        memory.claim(b"\xff" * 32, b"\x02" * 32)
        assert len(memory._digests) == 1

    simulate(play())


def test_a_set_that_works_clears_its_members_of_suspicion() -> None:
    async def play() -> None:
        memory = SigningMemory(VirtualClock())
        memory.notes().note_silence([Seat(2)], Seat(3))
        assert (memory.suspicion(Seat(2)), memory.suspicion(Seat(3)), memory.suspicion(Seat(4))) == (1, 1, 0)
        memory.note_success((Seat(2), Seat(3), Seat(4)))
        assert memory.suspicion(Seat(2)) == 0

    simulate(play())
