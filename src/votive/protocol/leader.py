"""Who leads an attempt, and which t nodes a leader proposes. Pure functions.

The leader is always one of the signers it proposes. So a set fails through its own members only, and a dishonest leader
cannot use up the sets of honest nodes by starting them and not carrying through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from votive.protocol.messages import leader_rank
from votive.terms.participant import Seat

Signers = tuple[Seat, ...]
"""A set of signers, ascending."""

_SEARCH_LIMIT = 5_000
"""How many sets a leader looks at: all of them up to n = 14; beyond n = 10 no bound on attempts is promised."""


@lru_cache(1024)  # asked for once while a session is signed, and once after it
def leaders(session: bytes, seats: tuple[Seat, ...]) -> Signers:
    """Return the committee in the session's order: entry a mod n leads attempt a."""
    return tuple(sorted(seats, key=lambda seat: leader_rank(session, seat)))


def linked(pairs: Mapping[Seat, Collection[Seat]], one: Seat, other: Seat) -> bool:
    """Return whether both say that their set-up with the other is live."""
    return other in pairs[one] and one in pairs[other]


def sets_of(size: int, *, leader: Seat, order: Sequence[Seat], pairs: Mapping[Seat, Collection[Seat]]) -> Iterator[Signers]:
    """Yield the sets of ``size`` seats around ``leader`` whose members have live set-ups with one another.

    Args:
        size: t.
        leader: member of every set.
        order: candidates, the preferred first.
        pairs: by candidate (and leader) the seats with which it says it has a live set-up.
    """

    def grow(chosen: Signers, rest: Sequence[Seat]) -> Iterator[Signers]:
        if len(chosen) == size:
            yield tuple(sorted(chosen))
            return
        for index, seat in enumerate(rest[: len(rest) - (size - len(chosen)) + 1]):
            if all(linked(pairs, seat, member) for member in chosen):
                yield from grow((*chosen, seat), rest[index + 1 :])

    yield from grow((leader,), [seat for seat in order if seat != leader])


def all_sets(size: int, order: Sequence[Seat], pairs: Mapping[Seat, Collection[Seat]]) -> Iterator[Signers]:
    """Yield the sets of ``size`` candidates that have live set-ups with one another, whoever may lead them."""
    for index, first in enumerate(order):
        yield from sets_of(size, leader=first, order=order[index + 1 :], pairs=pairs)


def linked_set(signers: Signers, pairs: Mapping[Seat, Collection[Seat]]) -> bool:
    """Return whether all of ``signers`` are among the candidates and have live set-ups with one another."""
    if not pairs.keys() >= set(signers):
        return False
    return all(linked(pairs, one, other) for index, one in enumerate(signers) for other in signers[index + 1 :])


def fresh_set(sets: Iterator[Signers], failed: Collection[Signers]) -> Signers | None:
    """Return the first of ``sets`` that has not failed, or None."""
    return next((signers for signers in islice(sets, _SEARCH_LIMIT) if signers not in failed), None)


def oldest_failure(sets: Iterator[Signers], failed: Iterable[Signers]) -> Signers | None:
    """Return, of ``sets`` that all have failed, the one whose failure lies furthest back; ``failed`` is in order of time."""
    candidates = set(islice(sets, _SEARCH_LIMIT))
    return next((signers for signers in failed if signers in candidates), None)


def apart(pairs: Mapping[Seat, Collection[Seat]]) -> list[tuple[Seat, Seat]]:
    """Return the pairs of ready seats without a live set-up, each once, the lower seat first."""
    seats = sorted(pairs)
    return [(one, other) for one in seats for other in seats if one < other and not linked(pairs, one, other)]
