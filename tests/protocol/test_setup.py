"""The pairwise set-up: installed on both sides or on none, and a failed check is told apart from bad luck."""

from __future__ import annotations

import asyncio

import pytest

from votive.core.errors import CheckFailed, PeerFault
from votive.protocol import PairSetupFailed, pause_before
from votive.protocol.simulation import Committee, Sent, simulate
from votive.protocol.simulation.traitors import Behaviour, Traitor, changed, flipped, silent, truncated
from votive.terms.frame import Kind
from votive.terms.participant import Seat

ONE, OTHER = Seat(1), Seat(2)


def set_up(behaviour: Behaviour | None = None, traitor: Seat = OTHER) -> tuple[Committee, list]:
    """Set one pair up; return the errors of both sides."""

    async def play() -> tuple[Committee, list]:
        committee = Committee((1, 2, 3, 4), seed=1)
        betrayal = Traitor(behaviour) if behaviour is not None else None
        if betrayal is not None:
            committee.network.corrupt(traitor, betrayal)
        errors = await committee.set_up_pairs([(ONE, OTHER)])
        assert betrayal is None or betrayal.deeds
        return committee, errors

    return simulate(play())


def test_a_set_up_is_live_on_both_sides_with_the_same_correlation() -> None:
    committee, errors = set_up()
    assert errors == []
    assert committee.nodes[ONE].table.keys[OTHER] == committee.nodes[OTHER].table.keys[ONE]


def test_the_lower_seat_begins() -> None:
    committee, _ = set_up()
    assert [sent.sender for sent in committee.network.wire[:2]] == [ONE, OTHER]


def test_the_higher_seat_says_nothing_before_the_lower_one_did() -> None:
    committee, _ = set_up(silent(Kind.SETUP_COMMIT), ONE)
    assert Kind.SETUP_COMMIT not in {sent.kind for sent in committee.network.wire}


@pytest.mark.parametrize("traitor", [ONE, OTHER])
def test_a_half_that_does_not_open_its_commitment_fails_the_check_and_names_the_peer(traitor: Seat) -> None:
    committee, errors = set_up(changed(Kind.SETUP_TRANSFER, flipped), traitor)
    victim = OTHER if traitor == ONE else ONE
    assert [error.culprits for error in errors if isinstance(error, CheckFailed)] == [(traitor,)]
    assert committee.nodes[victim].table.live() == []
    assert not [error for error in errors if victim in getattr(error, "culprits", ())]


def test_a_malformed_commitment_names_the_peer() -> None:
    committee, errors = set_up(changed(Kind.SETUP_COMMIT, truncated))
    assert any(isinstance(error, PeerFault) and error.culprits == (OTHER,) for error in errors)
    assert committee.nodes[ONE].table.live() == []


def test_unequal_digests_discard_the_set_up_and_blame_nobody() -> None:
    committee, errors = set_up(changed(Kind.SETUP_CONFIRM, flipped))
    assert [type(error) for error in errors] == [PairSetupFailed]
    assert errors[0].culprits == ()
    assert committee.nodes[ONE].table.live() == []


@pytest.mark.parametrize("kind", [Kind.SETUP_COMMIT, Kind.SETUP_TRANSFER, Kind.SETUP_CONFIRM])
def test_silence_ends_it_and_blames_nobody(kind: Kind) -> None:
    committee, errors = set_up(silent(kind))
    assert errors
    assert all(isinstance(error, PairSetupFailed) and error.culprits == () for error in errors)
    assert committee.nodes[ONE].table.live() == []


def test_an_abort_of_the_peer_ends_it_at_once() -> None:
    def abort(sent: Sent) -> list[Sent]:
        return [Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=Kind.SETUP_ABORT, attempt=0, payload=b"")]

    _, errors = set_up(abort)
    assert all(isinstance(error, PairSetupFailed) for error in errors)
    assert "left it" in errors[0].message


def test_others_cannot_meddle_in_a_pairs_session() -> None:
    async def play() -> None:
        committee = Committee((1, 2, 3, 4), seed=1)
        session = committee._setup_session(ONE, OTHER)
        committee._counter -= 1
        works = asyncio.ensure_future(committee.set_up_pairs([(ONE, OTHER)]))
        for kind in (Kind.SETUP_ABORT, Kind.SETUP_COMMIT, Kind.SETUP_TRANSFER):
            committee.network.inject(Sent(session=session, sender=Seat(3), to=ONE, kind=kind, attempt=0, payload=b"\x00" * 32))
        assert await works == []

    simulate(play())


def test_the_pause_after_failed_checks_grows_to_an_hour() -> None:
    assert [pause_before(failures) / 60 for failures in (0, 1, 2, 3, 4, 5, 99)] == [0, 1, 4, 16, 60, 60, 60]
