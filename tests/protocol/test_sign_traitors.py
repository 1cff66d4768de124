"""One traitor for each way to break a signing session: refused, named where it can be, and no honest node blamed."""

from __future__ import annotations

import pytest
from tests.protocol.conftest import DIGEST, OTHER, Scene, follower, half, late_others, perform

from votive.protocol import Blamed, PairLost, Reason, Signed, Unsigned
from votive.protocol.messages import Abort, OutcomeMessage, Proposal, Ready
from votive.protocol.simulation import BLOCK, Sent
from votive.protocol.simulation.traitors import (
    ROUNDS,
    aborting,
    changed,
    edited,
    extended,
    false_outcomes,
    flipped,
    flipped_in_round,
    flooding,
    loud,
    silent,
    together,
    truncated,
    two_digests,
    two_proposals,
)
from votive.protocol.wire import decode
from votive.terms.block import Block
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat

# READY


def test_who_says_ready_for_two_digests_is_named_by_whoever_sees_both(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, lambda sent: [sent, Sent(
            session=sent.session, sender=sent.sender, to=sent.to, kind=sent.kind, attempt=1,
            payload=encode(Ready(digest=OTHER, block_number=1, block_hash=bytes(32), pairs=())),
        )] if sent.kind is Kind.SIGN_READY and sent.attempt == 0 else [sent])  # fmt: skip
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert any("two digests" in why for why in scene.blamed()[traitor])

    perform(scenario, n)


def test_who_said_two_digests_before_the_choice_is_not_chosen(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = follower(scene), scene.committee
        slowest = max(seat for seat in committee.seats if seat not in (traitor, scene.leader()))

        def waver(sent: Sent) -> list[Sent]:
            other = encode(Ready(digest=OTHER, block_number=1, block_hash=bytes(32), pairs=()))
            second = Sent(session=sent.session, sender=traitor, to=sent.to, kind=sent.kind, attempt=5, payload=other)
            return [sent, second] if sent.kind is Kind.SIGN_READY and sent.attempt == 0 else [sent]

        scene.corrupt(traitor, waver)
        late = dict.fromkeys([seat for seat in committee.seats if seat not in (traitor, scene.leader())], 0.01)
        results = await committee.sign(scene.key, late={**late, slowest: 0.02})
        scene.assert_all_honest_signed(results)
        assert all(traitor not in results[seat].signers for seat in scene.honest)

    perform(scenario, n)


def test_different_digests_to_different_nodes_cost_no_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, together(loud(scene.committee.seats), two_digests(OTHER, half(scene, traitor))))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))

    perform(scenario, n)


def test_messages_whose_signatures_do_not_hold_are_no_evidence_and_name_their_sender(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, together(false_outcomes(), changed(Kind.SIGN_READY, extended)))
        scene.committee.network.unsign(traitor)
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        events = [event for seat in scene.honest for event in scene.committee.nodes[seat].events]
        blamed = [event for event in events if isinstance(event, Blamed)]
        assert {event.seat for event in blamed} == {traitor}
        assert all(event.evidence == () for event in blamed)
        assert {event.seat for event in events if isinstance(event, Unsigned)} == {traitor}

    perform(scenario, n)


def test_a_proposal_whose_signature_does_not_hold_is_passed_on_by_nobody_and_names_its_leader(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        scene.corrupt(traitor, silent(*ROUNDS))
        committee.network.unsign(traitor)
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        aborts = [decode(sent.payload, Abort) for sent in committee.network.wire if sent.kind is Kind.SIGN_ABORT and sent.sender != traitor]
        assert aborts
        assert not any(abort.proposal or abort.evidence for abort in aborts)
        events = [event for seat in scene.honest for event in committee.nodes[seat].events]
        assert {event.seat for event in events if isinstance(event, Unsigned)} == {traitor}

    perform(scenario, n)


def test_messages_that_convict_are_evidence_once_their_signatures_hold(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, changed(Kind.SIGN_READY, extended))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        events = [event for seat in scene.honest for event in scene.committee.nodes[seat].events]
        assert all(event.evidence for event in events if isinstance(event, Blamed))
        assert not any(isinstance(event, Unsigned) for event in events)

    perform(scenario, n)


def test_a_check_that_convicts_shows_the_messages_it_failed_on(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader()
        scene.corrupt(traitor, changed(Kind.SIGN_ROUND2, flipped_in_round))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        blamed = [event for seat in scene.honest for event in scene.committee.nodes[seat].events if isinstance(event, Blamed)]
        assert blamed
        assert all({shown.kind for shown in event.evidence} >= {Kind.SIGN_ROUND1, Kind.SIGN_ROUND2} for event in blamed)
        assert all(shown.sender == traitor for event in blamed for shown in event.evidence)

    perform(scenario, n)


# The proposal


WRONG_SETS = {
    "too few": lambda t, leader, seats: tuple(sorted({leader, *seats[: t - 2]}))[: t - 1],
    "too many": lambda t, leader, seats: tuple(sorted(seats[: t + 1])),
    "all": lambda t, leader, seats: tuple(seats),
    "one twice": lambda t, leader, seats: (leader,) * t,
    "out of order": lambda t, leader, seats: tuple(sorted({leader, *[s for s in seats if s != leader][: t - 1]}, reverse=True)),
    "a stranger": lambda t, leader, seats: tuple(sorted({leader, 200, *[s for s in seats if s != leader][: t - 2]})),
    "without its leader": lambda t, leader, seats: tuple([s for s in seats if s != leader][:t]),
    "nobody": lambda t, leader, seats: (),
}


@pytest.mark.parametrize("wrong", WRONG_SETS)
def test_a_leader_that_proposes_a_wrong_set_is_named(n: int, wrong: str) -> None:
    async def scenario(scene: Scene) -> None:
        leader, committee = scene.leader(), scene.committee
        signers = WRONG_SETS[wrong](committee.threshold, leader, list(committee.seats))
        if len(signers) == committee.threshold == n - 1 and wrong == "too many":
            signers = tuple(committee.seats)
        scene.corrupt(leader, edited(Kind.SIGN_PROPOSE, Proposal, signers=signers))
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert leader in scene.blamed()
        assert all(attempt > 0 for attempt, _ in scene.joined())

    perform(scenario, n)


def test_a_proposal_of_another_than_the_leader_is_refused_and_named(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        usurper, committee = scene.leader(1), scene.committee
        others = [seat for seat in committee.seats if seat != usurper][: committee.threshold - 1]
        proposal = Proposal(digest=DIGEST, signers=tuple(sorted([usurper, *others])), block_number=BLOCK.number, block_hash=BLOCK.hash)

        def usurp(sent: Sent) -> list[Sent]:
            if sent.kind is not Kind.SIGN_READY or sent.attempt:
                return [sent]
            return [
                sent,
                Sent(session=sent.session, sender=usurper, to=sent.to, kind=Kind.SIGN_PROPOSE, attempt=0, payload=encode(proposal)),
            ]

        scene.corrupt(usurper, usurp)
        results = await committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        assert any("which node" in why for why in scene.blamed()[usurper])
        assert {attempt for attempt, _ in scene.joined()} == {0}

    perform(scenario, n)


def test_a_proposal_for_another_digest_is_not_joined(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        leader = scene.leader()
        scene.corrupt(leader, edited(Kind.SIGN_PROPOSE, Proposal, digest=OTHER))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert all(attempt > 0 for attempt, _ in scene.joined())

    perform(scenario, n)


@pytest.mark.parametrize(
    "block", [Block(number=101, hash=b"\x65" * 32), Block(number=100, hash=b"\xaa" * 32), Block(number=3, hash=b"\x03" * 32)]
)
def test_a_proposal_at_a_block_that_is_not_final_or_does_not_permit_is_not_joined(n: int, block: Block) -> None:
    async def scenario(scene: Scene) -> None:
        for node in scene.committee.nodes.values():
            node.permission.since = 50
        leader = scene.leader()
        scene.corrupt(leader, edited(Kind.SIGN_PROPOSE, Proposal, block_number=block.number, block_hash=block.hash))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert all(attempt > 0 for attempt, _ in scene.joined())

    perform(scenario, n)


def test_a_ready_with_a_block_far_back_does_not_spoil_the_proposal(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        for node in scene.committee.nodes.values():
            node.permission.since = 50
        scene.corrupt(scene.leader(1), edited(Kind.SIGN_READY, Ready, block_number=3, block_hash=b"\x03" * 32))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))

    perform(scenario, n)


def test_two_proposals_of_one_leader_make_one_outcome_and_destroy_no_honest_pair(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        leader, committee = scene.leader(), scene.committee
        for node in committee.nodes.values():
            node.permission.since = 50
        scene.corrupt(leader, two_proposals(half(scene, leader), block_number=99, block_hash=b"\x63" * 32))
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        assert any("two proposals" in why for why in scene.blamed()[leader])
        assert not [event for seat in scene.honest for event in committee.nodes[seat].events if isinstance(event, PairLost)]
        assert len({results[seat].signature for seat in scene.honest}) == 1

    perform(scenario, n)


def test_a_leader_that_proposes_nothing_costs_its_patience_only(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader(), silent(Kind.SIGN_PROPOSE))
        start = scene.committee.clock.now()
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert 0.3 <= scene.committee.clock.now() - start < 2.0

    perform(scenario, n)


def test_a_proposal_to_some_only_ends_in_a_signature_and_convicts_nobody(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        leader = scene.leader()
        scene.corrupt(leader, silent(Kind.SIGN_PROPOSE, to=half(scene, leader)))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert scene.blamed() == {}

    perform(scenario, n)


# The rounds


@pytest.mark.parametrize("kind", ROUNDS)
@pytest.mark.parametrize("leads", [True, False], ids=["leader", "follower"])
def test_silence_in_a_round_is_survived_and_blames_nobody(n: int, kind: Kind, leads: bool) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader() if leads else follower(scene), silent(kind, Kind.SIGN_OUTCOME))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key, late=late_others(scene)))
        assert scene.blamed() == {}
        assert any(left.reason is Reason.SILENCE for left in scene.left())

    perform(scenario, n)


@pytest.mark.parametrize("kind", ROUNDS[:2])
def test_a_tampered_round_fails_the_check_names_its_sender_and_destroys_only_its_pairs(n: int, kind: Kind) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        scene.corrupt(traitor, changed(kind, flipped_in_round))
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}
        lost = {event for seat in scene.honest for event in committee.nodes[seat].events if isinstance(event, PairLost)}
        assert lost == {PairLost(traitor)}
        for seat in scene.honest:
            assert set(committee.nodes[seat].table.live()) >= set(scene.honest) - {seat}

    perform(scenario, n)


@pytest.mark.parametrize("change", [truncated, extended])
@pytest.mark.parametrize("kind", ROUNDS)
def test_a_malformed_round_message_names_its_sender(n: int, kind: Kind, change) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader()
        scene.corrupt(traitor, changed(kind, change))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_a_round_message_too_short_to_name_a_proposal_names_its_sender(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader()
        scene.corrupt(traitor, changed(Kind.SIGN_ROUND1, lambda payload: payload[:31]))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_equivocation_in_the_last_round_costs_nothing(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        spared = Seat(0)

        def equivocate(sent: Sent) -> list[Sent]:
            nonlocal spared
            if sent.kind is not Kind.SIGN_ROUND3:
                return [] if sent.kind is Kind.SIGN_OUTCOME else [sent]
            spared = spared or sent.to
            return [sent] if sent.to == spared else list(changed(Kind.SIGN_ROUND3, flipped_in_round)(sent))

        scene.corrupt(traitor, equivocate)
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        assert spared
        assert {results[seat].attempt for seat in scene.honest} == {0}
        assert len({results[seat].signature for seat in scene.honest}) == 1

    perform(scenario, n)


def test_a_last_message_sent_to_one_node_only_costs_no_attempt(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor, committee = scene.leader(), scene.committee
        spared = Seat(0)

        def favour(sent: Sent) -> list[Sent]:
            nonlocal spared
            if sent.kind is not Kind.SIGN_ROUND3:
                return [] if sent.kind is Kind.SIGN_OUTCOME else [sent]
            spared = spared or sent.to
            return [sent] if sent.to == spared else []

        scene.corrupt(traitor, favour)
        start = committee.clock.now()
        scene.assert_all_honest_signed(results := await committee.sign(scene.key))
        assert {results[seat].attempt for seat in scene.honest} == {0}
        assert committee.clock.now() - start < 0.5, "who misses it asks"

    perform(scenario, n)


def test_wrong_last_messages_to_all_fail_the_attempt_and_name_nobody(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader(), together(changed(Kind.SIGN_ROUND3, flipped_in_round), silent(Kind.SIGN_OUTCOME)))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert scene.blamed() == {}
        assert any(left.reason is Reason.INVALID_RESULT for left in scene.left())

    perform(scenario, n)


# Outcomes and aborts


def test_a_false_outcome_is_refused_and_its_sender_named(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, false_outcomes())
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_a_true_signature_of_another_digest_is_no_outcome_of_this_session(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee, traitor = scene.committee, scene.leader(1)
        other = await committee.sign(scene.key, OTHER, name="another request")
        signature = next(result.signature for result in other.values() if isinstance(result, Signed))
        claim = OutcomeMessage(digest=DIGEST, signers=(), r=signature.r, s=signature.s, recovery_id=0)

        def replay(sent: Sent) -> list[Sent]:
            if sent.kind is not Kind.SIGN_READY:
                return [sent]
            return [sent, Sent(session=sent.session, sender=traitor, to=sent.to, kind=Kind.SIGN_OUTCOME, attempt=0, payload=encode(claim))]

        scene.corrupt(traitor, replay)
        scene.assert_all_honest_signed(await committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_a_signer_that_leaves_every_attempt_is_avoided(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = follower(scene)
        scene.corrupt(traitor, aborting())
        first = await scene.committee.sign(scene.key, late=late_others(scene))
        scene.assert_all_honest_signed(first)
        assert first[scene.honest[0]].attempt > 0
        again = next(f"again {number}" for number in range(99) if scene.leader(0, f"again {number}") in first[scene.honest[0]].signers)
        scene.assert_all_honest_signed(results := await scene.committee.sign(scene.key, name=again))
        assert {(results[seat].attempt, results[seat].signers) for seat in scene.honest} == {(0, first[scene.honest[0]].signers)}

    perform(scenario, n)


def test_an_abort_of_one_that_does_not_sign_ends_nothing(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        outsider = committee.seats[-1]
        name = next(f"request {number}" for number in range(100) if scene.leader(0, f"request {number}") != outsider)

        def meddle(sent: Sent) -> list[Sent]:
            abort = encode(Abort(reason=Reason.SILENCE))
            return [sent, Sent(session=sent.session, sender=outsider, to=sent.to, kind=Kind.SIGN_ABORT, attempt=0, payload=abort)]

        scene.corrupt(outsider, meddle)
        results = await committee.sign(scene.key, name=name, late={outsider: 0.001})
        scene.assert_all_honest_signed(results)
        assert outsider not in results[scene.honest[0]].signers
        assert {results[seat].attempt for seat in scene.honest} == {0}

    perform(scenario, n)


@pytest.mark.parametrize("kind", [Kind.SIGN_READY, Kind.SIGN_PROPOSE, Kind.SIGN_OUTCOME, Kind.SIGN_ABORT])
@pytest.mark.parametrize("change", [truncated, extended, flipped, lambda payload: b"", lambda payload: b"\xc1" * 40], ids=range(5))
def test_malformed_messages_name_their_sender_and_end_no_session(n: int, kind: Kind, change) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1 if kind is Kind.SIGN_READY else 0)  # the leader's own READY stays with it
        provoke = aborting() if kind is Kind.SIGN_ABORT else lambda sent: [sent]
        scene.corrupt(traitor, together(provoke, changed(kind, change)))
        results = await scene.committee.sign(scene.key)
        scene.assert_no_honest_node_is_blamed()
        for seat in scene.honest:
            assert isinstance(results[seat], Signed), results[seat]
        if change in (truncated, extended) and kind in (Kind.SIGN_READY, Kind.SIGN_PROPOSE):
            assert traitor in scene.blamed()

    perform(scenario, n)


def test_a_message_of_another_ceremony_names_its_sender(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)

        def confuse(sent: Sent) -> list[Sent]:
            return [sent, Sent(session=sent.session, sender=traitor, to=sent.to, kind=Kind.DKG_CONFIRM, attempt=0, payload=b"")]

        scene.corrupt(traitor, confuse)
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}

    perform(scenario, n)


def test_a_flood_of_attempts_moves_nobody_and_costs_no_signature(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        scene.corrupt(scene.leader(1), flooding())
        results = await scene.committee.sign(scene.key)
        scene.assert_all_honest_signed(results)
        assert max(results[seat].attempt for seat in scene.honest) < n

    perform(scenario, n)
