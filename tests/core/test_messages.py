"""Every field of every message, broken in every way we know: refused, the sender named or nobody, and nothing crashes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Unpack

import pytest
from tests.core.ceremony import Committee, Messages, Names, finish, key_shares, others, round1, round2, round3, to_receiver
from tests.core.conftest import Town

from votive.core import CheckFailed, InvalidInput, PeerFault, SetupGone
from votive.terms.participant import Seat

POINT, SCALAR = 33, 32
IDENTITY = bytes(POINT)
OFF_CURVE = b"\x02" + bytes(31) + b"\x05"
WIDE_POINT = b"\x02" + b"\xff" * 32
"""x is above the field's prime."""
COMPACT = b"\x05" + bytes.fromhex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
"""The generator in SEC1's compact form, which the library's codec would read."""
WIDE_SCALAR = bytes.fromhex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
"""q itself."""

Change = Callable[[bytes], bytes]


def put(at: int, value: bytes) -> Change:
    """Overwrite the bytes at ``at`` (from the end if negative)."""

    def change(message: bytes) -> bytes:
        start = at % len(message)
        return message[:start] + value + message[start + len(value) :]

    return change


def always(other: bytes) -> Change:
    """Send another message instead."""
    return lambda message: other


def lengths() -> Iterator[tuple[str, Change]]:
    yield "empty", lambda message: b""
    yield "one byte", lambda message: message[:1]
    yield "without its last byte", lambda message: message[:-1]
    yield "without its first byte", lambda message: message[1:]
    yield "with a suffix", lambda message: message + b"\0"
    yield "with a prefix", lambda message: b"\0" + message
    yield "doubled", lambda message: message + message
    yield "a million bytes longer", lambda message: message + bytes(1_000_000)


def points(*positions: int) -> Iterator[tuple[str, Change]]:
    for at in positions:
        for name, value in [("identity", IDENTITY), ("off the curve", OFF_CURVE), ("x above p", WIDE_POINT), ("compact", COMPACT)]:
            yield f"{name} at {at}", put(at, value)


def scalars(*positions: int) -> Iterator[tuple[str, Change]]:
    for at in positions:
        for name, value in [("q", WIDE_SCALAR), ("2^256-1", b"\xff" * 32)]:
            yield f"{name} at {at}", put(at, value)


class Signing:
    """An attempt in which one seat's message to another is changed in one round."""

    def __init__(self, committee: Committee, town: Town, **names: Unpack[Names]) -> None:
        self.parties = committee.signing_parties(town.shares, **names)
        self.victim, self.traitor, *_ = self.parties

    def with_change(self, round_number: int, change: Change) -> None:
        """Run up to and including ``round_number`` at the victim, with the traitor's message of that round changed."""
        sent = round1(self.parties)
        if round_number == 1:
            self.parties[self.victim].round2(self.changed(to_receiver(self.victim, sent), change))
            return
        sent = round2(self.parties, sent)
        if round_number == 2:
            self.parties[self.victim].round3(self.changed(to_receiver(self.victim, sent), change))
            return
        broadcasts = round3(self.parties, sent)
        self.parties[self.victim].finish(self.changed(others(self.victim, broadcasts), change))

    def changed(self, received: Messages, change: Change) -> Messages:
        return received | {self.traitor: change(received[self.traitor])}


ROUND1 = {"binding": 0, "commitment": 32, "nonce": 64, "u": 96, "verify_x": 96 + 256 * 78, "verify_t": 96 + 256 * 78 + 26}
ROUND2_POINTS = {"gamma_u": 32, "gamma_v": 65, "public_share": 98, "instance_point": 131}
TAU = 32 + 4 * POINT + SCALAR + 64
AFTER_TAU = TAU + 4 * 416 * SCALAR
ROUND2_SCALARS = {"psi": 164, "first tau": TAU, "last tau": AFTER_TAU - 32, "verify_u": AFTER_TAU + 64, "gamma": AFTER_TAU + 64 + 64}

MALFORMED = [
    *[(1, name, change) for name, change in lengths()],
    *[(2, name, change) for name, change in lengths()],
    *[(2, name, change) for name, change in points(*ROUND2_POINTS.values())],
    *[(2, name, change) for name, change in scalars(*ROUND2_SCALARS.values())],
    *[(3, name, change) for name, change in lengths()],
    *[(3, name, change) for name, change in scalars(0, 32)],
]


@pytest.mark.parametrize(("number", "name", "change"), MALFORMED, ids=[f"round {number}: {name}" for number, name, _ in MALFORMED])
def test_a_malformed_signing_message_names_its_sender_and_harms_no_set_up(town: Town, number: int, name: str, change: Change) -> None:
    signing = Signing(town.committee, town)
    with pytest.raises(PeerFault) as refused:
        signing.with_change(number, change)
    assert refused.value.culprits == (signing.traitor,)
    assert not isinstance(refused.value, CheckFailed)


def flip(at: int) -> Change:
    return lambda message: message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]


def test_a_changed_binding_names_nobody_and_harms_no_set_up(town: Town) -> None:
    for number in (1, 2):
        signing = Signing(town.committee, town)
        with pytest.raises(PeerFault) as refused:
            signing.with_change(number, flip(0))
        assert refused.value.culprits == ()


def test_an_answer_from_another_run_of_the_same_attempt_is_refused_without_blame(town: Town) -> None:
    # Equal session, sign id, set, key and digest: only the fresh nonces of the two runs tell them apart.
    stale = town.committee.signing_parties(town.shares)
    answers = round2(stale, round1(stale))
    signing = Signing(town.committee, town)
    replayed = answers[signing.traitor][signing.victim]
    with pytest.raises(PeerFault) as refused:
        signing.with_change(2, always(replayed))
    assert refused.value.culprits == ()
    assert not isinstance(refused.value, CheckFailed)


OTHER_NAMES: dict[str, Names] = {
    "session": {"session": b"\x01" * 32},
    "sign id": {"sign_id": b"\x01" * 32},
    "digest": {"digest": b"\x01" * 32},
}


@pytest.mark.parametrize("what", OTHER_NAMES)
@pytest.mark.parametrize("number", [1, 2])
def test_a_message_of_another_session_attempt_or_digest_is_refused_without_blame(town: Town, what: str, number: int) -> None:
    other = town.committee.signing_parties(town.shares, **OTHER_NAMES[what])
    sent = round1(other)
    if number == 2:
        sent = round2(other, sent)
    signing = Signing(town.committee, town)
    replayed = sent[signing.traitor][signing.victim]
    with pytest.raises(PeerFault) as refused:
        signing.with_change(number, always(replayed))
    assert refused.value.culprits == ()


def test_a_message_under_another_key_or_set_is_refused_without_blame(town: Town) -> None:
    second = key_shares(town.committee.generate())
    first, middle, third, fourth = town.committee.seats
    for shares, signers in [(second, [first, middle, third]), (town.shares, [first, middle, fourth])]:
        other = town.committee.signing_parties(shares, signers)
        replayed = round1(other)[middle][first]
        signing = Signing(town.committee, town)
        with pytest.raises(PeerFault) as refused:
            signing.with_change(1, always(replayed))
        assert refused.value.culprits == ()


def test_a_message_for_another_receiver_or_from_another_sender_is_refused_without_blame(town: Town) -> None:
    for number in (1, 2):
        parties = town.committee.signing_parties(town.shares)
        victim, traitor, third = parties
        sent = round1(parties)
        if number == 2:
            sent = round2(parties, sent)
        step = parties[victim].round2 if number == 1 else parties[victim].round3
        misdirected = to_receiver(victim, sent) | {traitor: sent[traitor][third]}
        with pytest.raises(PeerFault) as refused:
            step(misdirected)
        assert refused.value.culprits == ()
        parties = town.committee.signing_parties(town.shares)
        sent = round1(parties)
        if number == 2:
            sent = round2(parties, sent)
        step = parties[victim].round2 if number == 1 else parties[victim].round3
        with pytest.raises(PeerFault) as refused:
            step(to_receiver(victim, sent) | {traitor: sent[third][victim]})
        assert refused.value.culprits == ()


def test_a_message_of_another_round_names_its_sender(town: Town) -> None:
    parties = town.committee.signing_parties(town.shares)
    victim, traitor, _ = parties
    first = round1(parties)
    second = round2(parties, first)
    with pytest.raises(PeerFault) as refused:
        parties[victim].round3(to_receiver(victim, second) | {traitor: first[traitor][victim]})
    assert refused.value.culprits == (traitor,)


def test_a_changed_commitment_or_decommitment_names_its_sender(town: Town) -> None:
    for change in (put(164, bytes(31) + b"\x01"), flip(196)):
        signing = Signing(town.committee, town)
        with pytest.raises(PeerFault) as refused:
            signing.with_change(2, change)
        assert refused.value.culprits == (signing.traitor,)
        assert not isinstance(refused.value, CheckFailed)


@pytest.mark.parametrize("at", [0, 32], ids=["u", "w"])
def test_a_wrong_u_or_w_gives_no_signature_and_names_nobody(town: Town, at: int) -> None:
    for value in (bytes(31) + b"\x01", bytes(32)):
        signing = Signing(town.committee, town)
        with pytest.raises(PeerFault) as refused:
            signing.with_change(3, put(at, value))
        assert refused.value.culprits == ()
        assert not isinstance(refused.value, CheckFailed)


@pytest.fixture(scope="module")
def doomed() -> Town:
    """Set-ups that the tests below destroy and make again."""
    return Town()


CHECKED = {
    "round 1 u": (1, flip(ROUND1["u"])),
    "round 1 nonce": (1, flip(ROUND1["nonce"])),
    "round 1 verify_x": (1, flip(ROUND1["verify_x"])),
    "round 1 verify_t": (1, flip(ROUND1["verify_t"])),
    "round 2 Γ^u": (2, lambda message: message[:32] + message[65:98] + message[65:]),
    "round 2 Γ^v": (2, lambda message: message[:65] + message[32:65] + message[98:]),
    "round 2 public share": (2, lambda message: message[:98] + message[32:65] + message[131:]),
    "round 2 first τ": (2, put(TAU, bytes(31) + b"\x07")),
    "round 2 last τ": (2, put(AFTER_TAU - 32, bytes(31) + b"\x07")),
    "round 2 salt of the extension": (2, flip(AFTER_TAU)),
    "round 2 verify_r": (2, flip(AFTER_TAU + 32)),
    "round 2 verify_u": (2, put(AFTER_TAU + 64, bytes(31) + b"\x07")),
    "round 2 γ": (2, put(AFTER_TAU + 128, bytes(31) + b"\x07")),
}


@pytest.mark.parametrize("name", CHECKED)
def test_a_failed_consistency_check_names_its_sender_and_destroys_that_set_up_alone(doomed: Town, name: str) -> None:
    number, change = CHECKED[name]
    signing = Signing(doomed.committee, doomed)
    waiting = doomed.committee.signing_parties(doomed.shares)
    victim, traitor, third = signing.parties
    table = doomed.committee.tables[victim]
    generation = table.generation(third)
    with pytest.raises(CheckFailed) as refused:
        signing.with_change(number, change)
    assert refused.value.culprits == (traitor,)
    assert table.generation(traitor) is None
    assert table.generation(third) == generation
    # Another session on the same set-up, of any key, goes no further.
    with pytest.raises(SetupGone) as gone:
        waiting[victim].round1()
    assert gone.value.seats == (traitor,)
    with pytest.raises(SetupGone):
        doomed.committee.signing_parties(doomed.shares)
    doomed.committee.set_up(victim, traitor)
    doomed.committee.sign(doomed.shares)


def test_random_damage_is_refused_or_leaves_no_signature(doomed: Town) -> None:
    for number in (1, 2, 3):
        for _ in range(4):
            signing = Signing(doomed.committee, doomed)
            noise = os.urandom(4)

            def damage(message: bytes, noise: bytes = noise) -> bytes:
                at = int.from_bytes(noise[:3], "big") % len(message)
                return message[:at] + bytes([message[at] ^ (noise[3] or 1)]) + message[at + 1 :]

            with pytest.raises(PeerFault) as refused:
                signing.with_change(number, damage)
            assert refused.value.culprits in ((), (signing.traitor,))
            if doomed.committee.tables[signing.victim].generation(signing.traitor) is None:
                doomed.committee.set_up(signing.victim, signing.traitor)


# ---- key generation ----


def generation_with(
    purpose: str, *, commits: Change | None = None, reveals: Change | None = None, deals: Change | None = None, swap: bool = False
) -> tuple[Seat, Callable[[], object]]:
    """Prepare seat 2's dishonest message to seat 1; the returned call runs seat 1's step that meets it."""
    committee = Committee([1, 2, 3, 4])
    parties = committee.dkg_parties(2, purpose=purpose)
    committed = {seat: party.commit() for seat, party in parties.items()}
    revealed = {seat: party.reveal() for seat, party in parties.items()}
    victim, traitor = committee.seats[:2]
    to_victim = others(victim, committed), others(victim, revealed)
    if commits:
        to_victim[0][traitor] = commits(committed[traitor])
    if reveals:
        to_victim[1][traitor] = reveals(revealed[traitor])
    if commits or reveals:
        return traitor, lambda: parties[victim].deal(*to_victim)
    dealt = {seat: party.deal(others(seat, committed), others(seat, revealed)) for seat, party in parties.items()}
    received = to_receiver(victim, dealt)
    if swap:
        received[traitor] = dealt[traitor][committee.seats[2]]
    if deals:
        received[traitor] = deals(received[traitor])
    return traitor, lambda: parties[victim].finish(received)


DKG_CHANGES = [
    *[("commits", name, change) for name, change in [*lengths(), ("flipped", flip(0))]],
    *[("reveals", name, change) for name, change in [*lengths(), ("salt flipped", flip(0)), ("point flipped", flip(40))]],
    *[("reveals", name, change) for name, change in [*points(32, 65, 98, 131), *scalars(164)]],
    *[("deals", name, change) for name, change in [*lengths(), ("encapsulation flipped", flip(0)), ("share flipped", flip(33))]],
    ("deals", "shares of the two keys swapped", lambda message: message[:32] + message[80:] + message[32:80]),
]


BOTH_CURVES = pytest.mark.parametrize("purpose", ["pkp-ecdsa", "encryption-bls"])


@BOTH_CURVES
@pytest.mark.parametrize(("what", "name", "change"), DKG_CHANGES, ids=[f"{what}: {name}" for what, name, _ in DKG_CHANGES])
def test_a_broken_message_of_key_generation_names_its_sender(purpose: str, what: str, name: str, change: Change) -> None:
    traitor, step = generation_with(purpose, **{what: change})  # type: ignore[arg-type]  # one of the three changes
    with pytest.raises(PeerFault) as refused:
        step()
    assert refused.value.culprits == (traitor,)


@BOTH_CURVES
def test_a_share_sealed_to_another_receiver_names_its_dealer(purpose: str) -> None:
    traitor, step = generation_with(purpose, swap=True)
    with pytest.raises(PeerFault) as refused:
        step()
    assert refused.value.culprits == (traitor,)


@BOTH_CURVES
def test_a_batch_of_another_context_is_refused(purpose: str) -> None:
    committee = Committee([1, 2, 3, 4])
    here, elsewhere = committee.dkg_parties(purpose=purpose), committee.dkg_parties(context=bytes(32), purpose=purpose)
    commits = {seat: (elsewhere if seat == 2 else here)[seat].commit() for seat in committee.seats}
    reveals = {seat: (elsewhere if seat == 2 else here)[seat].reveal() for seat in committee.seats}
    victim, traitor = committee.seats[:2]
    with pytest.raises(PeerFault) as refused:
        here[victim].deal(others(victim, commits), others(victim, reveals))
    assert refused.value.culprits == (traitor,)


def test_every_faulty_peer_of_a_round_is_named_at_once() -> None:
    committee = Committee([1, 2, 3, 4])
    parties = committee.dkg_parties()
    commits = {seat: party.commit() for seat, party in parties.items()}
    reveals = {seat: party.reveal() for seat, party in parties.items()}
    victim, honest, *traitors = committee.seats
    received = others(victim, reveals) | dict.fromkeys(traitors, b"")
    with pytest.raises(PeerFault) as refused:
        parties[victim].deal(others(victim, commits), received)
    assert refused.value.culprits == tuple(traitors)
    assert honest not in refused.value.culprits


# ---- pair set-up ----


def set_up_with(**changes: Change) -> Committee:
    """One set-up in which the messages that seat 1 receives from seat 2 are changed."""

    def altered(name: str, message: bytes) -> bytes:
        return changes[name](message) if name in changes else message

    committee = Committee([1, 2, 3, 4])
    left, right = committee.begin(*committee.seats[:2])
    left_commit, right_commit = left.commit(), right.commit()
    left_transfer, right_transfer = left.transfer(altered("commit", right_commit)), right.transfer(left_commit)
    left_confirm, right_confirm = left.confirm(altered("transfer", right_transfer)), right.confirm(left_transfer)
    try:
        left.finish(altered("confirm", right_confirm))
        right.finish(left_confirm)
    finally:
        assert committee.tables[committee.seats[0]].live() == ([] if changes else [2])
    return committee


SETUP_CHANGES = [
    *[("commit", name, change) for name, change in [*lengths(), ("flipped", flip(0))]],
    *[("transfer", name, change) for name, change in [*lengths(), ("salt flipped", flip(0)), ("seal flipped", flip(96_500))]],
]


@pytest.mark.parametrize(("what", "name", "change"), SETUP_CHANGES[::3], ids=[f"{what}: {name}" for what, name, _ in SETUP_CHANGES[::3]])
def test_a_broken_message_of_a_set_up_names_its_sender_and_nothing_is_installed(what: str, name: str, change: Change) -> None:
    with pytest.raises(PeerFault) as refused:
        set_up_with(**{what: change})
    assert refused.value.culprits == (2,)


def test_unequal_confirmations_name_nobody_and_install_nothing() -> None:
    with pytest.raises(PeerFault) as refused:
        set_up_with(confirm=flip(0))
    assert refused.value.culprits == ()


def test_a_set_up_between_other_processes_does_not_fit() -> None:
    committee = Committee([1, 2, 3, 4])
    first, second = committee.seats[:2]
    one, _ = committee.begin(first, second)
    _, two = committee.begin(first, second)
    assert one.session != two.session
    mine, theirs = one.commit(), two.commit()
    transfer = two.transfer(mine)
    one.transfer(theirs)
    with pytest.raises(PeerFault) as refused:
        one.confirm(transfer)
    assert refused.value.culprits == (second,)


# ---- our own mistakes ----


def test_a_round_takes_one_message_of_exactly_each_other_seat(town: Town) -> None:
    for change in ("missing", "extra", "own"):
        parties = town.committee.signing_parties(town.shares)
        sent = round1(parties)
        victim, _, third = parties
        received = to_receiver(victim, sent)
        if change == "missing":
            del received[third]
        elif change == "extra":
            received[town.committee.seats[3]] = received[third]
        else:
            received[victim] = received[third]
        with pytest.raises(InvalidInput):
            parties[victim].round2(received)


def test_finishing_takes_exactly_t_messages(town: Town) -> None:
    parties = town.committee.signing_parties(town.shares)
    broadcasts = round3(parties, round2(parties, round1(parties)))
    results = finish({seat: parties[seat] for seat in list(parties)[:1]}, broadcasts)
    assert results
    victim = list(parties)[1]
    with pytest.raises(InvalidInput):
        parties[victim].finish(broadcasts)
