"""The stock's state machine: every move, without a clock, a chain or a peer."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from votive.node.transitions import (
    FLOOR_LEAP,
    TRANSITIONS,
    Abandon,
    Announce,
    Announced,
    BatchPlan,
    Decline,
    Declined,
    Event,
    Failed,
    Generate,
    Generated,
    Phase,
    Refill,
    Registered,
    StagedView,
    StockPolicy,
    StockView,
    Tick,
    network_key_policy,
    objection,
    settle,
    step,
)
from votive.terms.key import KeyId, Purpose
from votive.terms.participant import Seat

POLICY = StockPolicy(low=8, high=32, first_batch=4, batch=16, deadline_blocks=100, surplus=16)
ONE_KEY = network_key_policy(100)
SEATS = tuple(Seat(seat) for seat in (3, 37, 200, 255))
LEADER_OF_1 = SEATS[1]


def view(me: Seat = LEADER_OF_1, **changes: object) -> StockView:
    base = StockView(me=me, seats=SEATS, epoch=1, purpose=Purpose.PKP_ECDSA, held=0, next_batch=1, head=50, connected=True, signing=False)
    return replace(base, **changes)  # type: ignore[arg-type]


def tick(now: float, seen: StockView | None = None, jitter: int = 0) -> Tick:
    return Tick(now, seen or view(), jitter)


def after(state: Refill, *events: Event, policy: StockPolicy = POLICY) -> tuple[Refill, list[object]]:
    commands: list[object] = []
    for event in events:
        state, new = step(state, event, policy)
        commands += new
    return state, commands


def plan(batch: int = 1, count: int = 4, deadline_block: int = 150) -> BatchPlan:
    return BatchPlan(1, Purpose.PKP_ECDSA, batch, count, deadline_block)


def test_a_low_stock_makes_the_leader_announce_and_take_part() -> None:
    state, commands = after(Refill(), tick(0.0), tick(0.1))
    assert state.phase is Phase.GENERATING
    assert commands == [Announce(plan()), Generate(plan())]


def test_a_full_stock_is_left_alone() -> None:
    state, commands = after(Refill(), tick(0.0, view(held=8)))
    assert (state.phase, commands) == (Phase.IDLE, [])


def test_once_begun_the_stock_is_filled_up_to_its_high_mark() -> None:
    filling = Refill(filling=True)
    state, commands = after(filling, tick(0.0, view(held=20)), tick(0.1, view(held=20)))
    assert [command.plan.count for command in commands if isinstance(command, Announce)] == [12]
    state, commands = after(filling, tick(0.0, view(held=32)))
    assert not state.filling
    assert commands == []


def test_no_batch_is_larger_than_the_policy_says() -> None:
    _, commands = after(Refill(), tick(0.0, view(held=1)), tick(0.1, view(held=1)))
    assert isinstance(commands[0], Announce)
    assert commands[0].plan.count == 16


@pytest.mark.parametrize("number", range(1, 9))
def test_every_batch_number_has_one_leader_and_all_seats_lead_in_turn(number: int) -> None:
    at_once = [
        seat for seat in SEATS if after(Refill(), tick(0.0, view(seat, next_batch=number)), tick(0.1, view(seat, next_batch=number)))[1]
    ]
    assert at_once == [SEATS[number % 4]]


def test_a_silent_leader_loses_its_turn_to_the_next_seat() -> None:
    next_seat = SEATS[2]
    state, commands = after(Refill(), tick(0.0, view(next_seat)), tick(POLICY.turn_seconds - 0.1, view(next_seat)))
    assert commands == []
    _, commands = after(state, tick(POLICY.turn_seconds + 0.1, view(next_seat)))
    assert isinstance(commands[0], Announce)


def test_nobody_leads_while_a_node_is_missing_and_turns_are_counted_from_when_all_are_there() -> None:
    state, commands = after(Refill(), tick(0.0, view(connected=False)), tick(500.0, view(connected=False)))
    assert (state.phase, commands) == (Phase.WANTED, [])
    assert after(state, tick(500.1, view(SEATS[2])))[1] == []


def test_refilling_yields_to_signing_but_not_for_ever_and_not_when_the_stock_is_empty() -> None:
    busy = view(held=1, signing=True)
    state, commands = after(Refill(), tick(0.0, busy), tick(1.0, busy))
    assert commands == []
    assert after(state, tick(POLICY.yield_seconds + 1, busy))[1] != []
    assert after(Refill(), tick(0.0, view(signing=True)), tick(0.1, view(signing=True)))[1] != []


def test_an_announcement_that_fits_is_joined_from_every_waiting_phase() -> None:
    for phase in (Phase.IDLE, Phase.WANTED, Phase.AWAITING):
        state, commands = after(
            Refill(phase=phase, plan=plan(batch=1)), Announced(1.0, view(SEATS[0], next_batch=2), LEADER_OF_1, plan(batch=2))
        )
        assert commands == [Generate(plan(batch=2))]
        assert state.phase is Phase.GENERATING


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"epoch": 2}, "epoch"),
        ({"batch": 0}, "used before"),
        ({"batch": 2 + FLOOR_LEAP}, "far above"),
        ({"count": 0}, "keys"),
        ({"count": 17}, "keys"),
        ({"deadline_block": 60}, "deadline"),
        ({"deadline_block": 100_000}, "deadline"),
    ],
)
def test_an_announcement_that_does_not_fit_our_own_view_is_declined_with_the_reason(changes: dict[str, int], word: str) -> None:
    wrong = replace(plan(), **changes)  # type: ignore[arg-type]
    state, commands = after(Refill(), Announced(1.0, view(SEATS[0]), LEADER_OF_1, wrong))
    (command,) = commands
    assert isinstance(command, Decline)
    assert word in command.reason
    assert state == Refill()


def test_a_stock_that_is_full_already_declines_more() -> None:
    assert objection(plan(count=16), view(held=40), POLICY) is not None
    assert objection(plan(count=16), view(held=20), POLICY) is None


def network_view(me: Seat = LEADER_OF_1, **changes: object) -> StockView:
    return view(me, purpose=Purpose.SESSION_BLS, **changes)


def network_plan(batch: int = 1, count: int = 1) -> BatchPlan:
    return BatchPlan(1, Purpose.SESSION_BLS, batch, count, 150)


def test_a_network_key_is_made_once_and_alone() -> None:
    state, commands = after(Refill(), tick(0.0, network_view()), tick(0.1, network_view()), policy=ONE_KEY)
    assert commands == [Announce(network_plan()), Generate(network_plan())]
    state, commands = after(state, Generated(0.2, network_plan()), Registered(0.3, 1), policy=ONE_KEY)
    assert (state.phase, commands) == (Phase.IDLE, [])
    assert after(state, tick(1000.0, network_view(held=1)), policy=ONE_KEY)[1] == []


def test_a_second_network_key_and_a_batch_of_several_are_declined() -> None:
    for seen, wrong in ((network_view(SEATS[0], held=1, next_batch=2), network_plan(2)), (network_view(SEATS[0]), network_plan(count=2))):
        state, commands = after(Refill(), Announced(1.0, seen, LEADER_OF_1, wrong), policy=ONE_KEY)
        assert isinstance(commands[0], Decline)
        assert state == Refill()


def test_a_plan_for_another_purpose_is_declined() -> None:
    assert "purpose" in (objection(network_plan(), view(SEATS[0]), POLICY) or "")
    assert "purpose" in (objection(plan(count=1), network_view(SEATS[0]), ONE_KEY) or "")


def test_a_second_batch_is_declined_while_one_is_in_progress_and_the_same_one_is_ignored() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan())
    assert isinstance(after(busy, Announced(1.0, view(), SEATS[0], plan(batch=2)))[1][0], Decline)
    assert after(busy, Announced(1.0, view(), SEATS[0], plan())) == (busy, [])


def test_one_refusal_ends_the_attempt_everywhere_and_the_number_is_never_used_again() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan())
    state, commands = after(busy, Declined(5.0, SEATS[3], plan(), 7))
    assert commands == [Abandon(plan())]
    assert (state.phase, state.plan, state.floor) == (Phase.WANTED, None, 7)


def test_a_refusal_of_another_batch_changes_nothing() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan())
    assert after(busy, Declined(5.0, SEATS[3], plan(batch=9), 99)) == (busy, [])


def test_a_peer_cannot_use_up_the_batch_numbers() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan())
    state, _ = after(busy, Declined(5.0, SEATS[3], plan(), 2**31))
    assert state.floor <= 1 + FLOOR_LEAP


def test_a_failed_attempt_is_retried_later_and_later_under_another_number() -> None:
    state, starts = Refill(), []
    now, number = 0.0, 1
    for _ in range(5):
        commands: list[object] = []
        while not commands:
            now += 0.25
            mine = SEATS[number % 4]
            state, commands = after(state, tick(now, view(mine, next_batch=number)))
        assert isinstance(commands[0], Announce)
        starts.append((now, commands[0].plan.batch))
        state, _ = after(state, Failed(now, commands[0].plan))
        number += 1
    pauses = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(starts)]
    assert [batch for _, batch in starts] == [1, 2, 3, 4, 5]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


def test_the_pause_never_grows_beyond_its_limit() -> None:
    state, _ = after(Refill(phase=Phase.GENERATING, plan=plan(), failures=16), Failed(0.0, plan()))
    assert state.not_before == POLICY.longest_pause


def test_registration_ends_the_wait_and_forgets_the_failures() -> None:
    waiting = Refill(phase=Phase.AWAITING, plan=plan(), failures=3)
    state, commands = after(waiting, Registered(9.0, 1))
    assert (state.phase, state.failures, commands) == (Phase.IDLE, 0, [])


def test_registration_of_a_batch_that_we_still_generate_means_that_the_others_held_our_confirm() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan())
    state, commands = after(busy, Registered(9.0, 1))
    assert (state.phase, commands) == (Phase.IDLE, [Abandon(plan())])


def test_registration_of_another_batch_changes_nothing() -> None:
    for phase in (Phase.GENERATING, Phase.AWAITING):
        state = Refill(phase=phase, plan=plan(batch=2))
        assert after(state, Registered(9.0, 1)) == (state, [])


def test_a_batch_that_the_chain_never_registers_does_not_stop_the_next() -> None:
    waiting = Refill(phase=Phase.AWAITING, plan=plan(), since=0.0)
    assert after(waiting, tick(POLICY.await_seconds - 1))[0] == waiting
    state, _ = after(waiting, tick(POLICY.await_seconds + 1))
    assert state.phase is Phase.WANTED


def test_an_attempt_that_lost_a_node_is_given_up() -> None:
    busy = Refill(phase=Phase.GENERATING, plan=plan(), since=0.0)
    gone = view(connected=False)
    assert after(busy, tick(1.0, gone)) == (busy, [])
    state, commands = after(busy, tick(POLICY.connect_seconds + 1, gone))
    assert (state.phase, commands) == (Phase.WANTED, [Abandon(plan())])


def test_generated_leads_to_waiting_for_the_chain() -> None:
    state, commands = after(Refill(phase=Phase.GENERATING, plan=plan()), Generated(2.0, plan()))
    assert (state.phase, commands) == (Phase.AWAITING, [])


def test_what_the_table_does_not_name_changes_nothing() -> None:
    events: tuple[Event, ...] = (tick(0.0), Announced(0.0, view(), SEATS[0], plan()), Declined(0.0, SEATS[0], plan(), 2))
    events += (Generated(0.0, plan()), Failed(0.0, plan()), Registered(0.0, 1))
    for phase in Phase:
        for event in events:
            if (phase, type(event)) not in TRANSITIONS:
                state = Refill(phase=phase, plan=plan())
                assert step(state, event, POLICY) == (state, ())


def test_two_attempts_differ_in_their_deadline_and_so_in_their_session() -> None:
    deadlines = {after(Refill(), tick(0.0, jitter=jitter))[1][0].plan.deadline_block for jitter in (0, 7, 99)}  # type: ignore[attr-defined]  # the action that comes first
    assert len(deadlines) == 3


def test_every_phase_has_a_sentence_for_the_operator() -> None:
    assert all(phase.value.endswith(".") for phase in Phase)


KEYS = [KeyId(purpose=Purpose.PKP_ECDSA, public_key=bytes([2]) + bytes([number]) * 32) for number in range(3)]


def staged(*registered: KeyId) -> StagedView:
    return StagedView(batch=1, deadline_block=100, keys=KEYS, registered=frozenset(registered))


def test_a_registered_key_is_promoted_even_past_the_deadline() -> None:
    assert settle(staged(*KEYS), 50) == settle(staged(*KEYS), 101)
    assert settle(staged(*KEYS), 101).promote == tuple(KEYS)
    assert not settle(staged(*KEYS), 101).discard


def test_a_staged_share_is_discarded_only_past_its_deadline_and_unregistered() -> None:
    assert not settle(staged(), 100).discard
    assert settle(staged(), 101).discard
    assert settle(staged(KEYS[0]), 101) == settle(staged(KEYS[0]), 10**9)
    assert settle(staged(KEYS[0]), 101).promote == (KEYS[0],)
