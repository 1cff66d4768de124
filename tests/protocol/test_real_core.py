"""The same ceremonies with the real engine: randomness is its own, so what is checked are invariants, not histories."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from votive.core import CheckFailed, DkgParty, KeyShare, PairTable, SealingKey, SigningParty, recover_wallet, verify
from votive.protocol import (
    Blamed,
    DkgAborted,
    DkgOutcome,
    DkgSetup,
    PairLost,
    Signed,
    SigningMemory,
    SignRequest,
    SignTools,
    generate,
    set_up_pair,
    sign,
)
from votive.protocol.leader import leaders
from votive.protocol.simulation import BLOCK, SimulatedNetwork, VirtualClock, directly, simulate
from votive.protocol.simulation.committee import SimulatedPermission
from votive.protocol.simulation.late import answer_late
from votive.protocol.simulation.traitors import ROUNDS, Traitor, changed, flipped, flipped_in_round
from votive.terms.frame import Kind
from votive.terms.key import Purpose, Scheme
from votive.terms.participant import Seat, threshold_of
from votive.terms.session import setup_session

NETWORK = b"\x05" * 32
DIGEST = b"\x07" * 32
SEATS = tuple(Seat(seat) for seat in (3, 37, 200, 255))


@dataclass
class Node:
    seat: Seat
    sealing: SealingKey
    table: PairTable
    share: KeyShare | None
    memory: SigningMemory
    events: list


class RealCommittee:
    """Four nodes with the real engine over the simulated network."""

    def __init__(self, seed: int = 0) -> None:
        self.network, self.clock = SimulatedNetwork(SEATS, seed=seed), VirtualClock()
        self.nodes = {seat: self._node(seat) for seat in SEATS}
        self.late: list[asyncio.Task[None]] = []

    def _node(self, seat: Seat) -> Node:
        sealing = SealingKey.generate()
        table = PairTable(network=NETWORK, epoch=1, seat=seat, sealing=sealing)
        return Node(seat, sealing, table, None, SigningMemory(self.clock), [])

    def setup(self, count: int = 2) -> DkgSetup:
        return DkgSetup(
            network=NETWORK,
            epoch=1,
            batch=1,
            purpose=Purpose.PKP_ECDSA,
            scheme=Scheme.ECDSA_SECP256K1,
            count=count,
            seats=SEATS,
            threshold=threshold_of(4),
            deadline_block=500,
        )

    async def generate(self, seat: Seat, staged: dict) -> DkgOutcome[KeyShare]:
        setup, node = self.setup(), self.nodes[seat]
        keys = {other: self.nodes[other].sealing.public_key for other in SEATS if other != seat}

        def party(context: bytes) -> DkgParty:
            return DkgParty(context=context, seat=seat, seats=SEATS, threshold=3, count=setup.count, sealing=node.sealing, peer_keys=keys)

        async def stage(batch) -> None:
            staged[seat] = batch

        channel = self.network.open(setup.session, seat)
        return await generate(channel, setup, make_party=party, stage=stage, run=directly, clock=self.clock)

    async def set_up(self, me: Seat, peer: Seat, counter: int = 1) -> None:
        lower, higher = sorted((me, peer))
        nonce = {seat: self.nodes[seat].table.boot_nonce for seat in (me, peer)}
        session = setup_session(
            NETWORK, 1, lower_seat=lower, lower_nonce=nonce[lower], higher_seat=higher, higher_nonce=nonce[higher], counter=counter
        )
        key = self.nodes[peer].sealing.public_key
        setup = self.nodes[me].table.begin(peer=peer, peer_boot_nonce=nonce[peer], peer_key=key, counter=counter)
        await set_up_pair(self.network.open(session, me), peer, setup, run=directly, clock=self.clock)

    async def sign(self, seat: Seat, session: bytes) -> Signed:
        node = self.nodes[seat]
        share = node.share
        assert share is not None

        def assemble(*, signers: Sequence[Seat], sign_id: bytes) -> SigningParty:
            return SigningParty(table=node.table, share=share, signers=signers, session=session, sign_id=sign_id, digest=DIGEST)

        tools = SignTools(
            clock=self.clock,
            run=directly,
            assemble=assemble,
            permission=SimulatedPermission(),
            pairs=node.table.live,
            reachable=lambda: self.network.reachable(seat),
            verify=verify,
            observe=node.events.append,
            proves=self.network.proves(session),
        )
        request = SignRequest(session=session, public_key=share.public_key, digest=DIGEST, block=BLOCK)
        channel = self.network.open(session, seat)
        signed = await sign(channel, request, tools, node.memory)
        self.late.append(asyncio.ensure_future(answer_late(channel, request, signed, clock=self.clock)))
        return signed

    async def sign_everywhere(self, session: bytes, seats: Sequence[Seat] = SEATS) -> dict[Seat, Signed]:
        return dict(zip(seats, await asyncio.gather(*(self.sign(seat, session) for seat in seats)), strict=True))

    async def ready(self) -> RealCommittee:
        staged: dict = {}
        await asyncio.gather(*(self.generate(seat, staged) for seat in SEATS))
        for seat, node in self.nodes.items():
            node.share = staged[seat].shares[0]
        await asyncio.gather(*(self.set_up(a, b) for a in SEATS for b in SEATS if a != b))
        return self


def test_the_real_engine_generates_keys_that_all_nodes_agree_on() -> None:
    async def play() -> None:
        staged: dict = {}
        committee = RealCommittee()
        outcomes = await asyncio.gather(*(committee.generate(seat, staged) for seat in SEATS))
        assert len({(outcome.batch.transcript_hash, outcome.batch.keys) for outcome in outcomes}) == 1
        assert all(share.matches() for outcome in outcomes for share in outcome.batch.shares)
        assert len(outcomes[0].batch.vote().keys) == 2

    simulate(play())


def test_a_tampered_deal_of_the_real_engine_names_its_dealer() -> None:
    async def play() -> None:
        committee = RealCommittee()
        traitor = Traitor(changed(Kind.DKG_DEAL, flipped, to=[SEATS[0]]))
        committee.network.corrupt(SEATS[1], traitor)
        results = await asyncio.gather(*(committee.generate(seat, {}) for seat in SEATS), return_exceptions=True)
        assert traitor.deeds
        assert isinstance(results[0], DkgAborted)
        assert results[0].culprits == (SEATS[1],)
        assert not any(isinstance(result, DkgOutcome) for result in results)

    simulate(play())


def test_the_real_engine_signs_for_any_seats_with_nodes_killed_and_with_traitors() -> None:
    """One committee for all scenes, as its set-ups take seconds: each scene begins with all pairs live."""

    async def play() -> None:
        committee = await RealCommittee().ready()
        await calm(committee)
        await one_killed(committee)
        await equivocation(committee)
        await many_at_once(committee)
        await tampered_round(committee)

    simulate(play())


def assert_signed(committee: RealCommittee, results: dict[Seat, Signed]) -> None:
    share = committee.nodes[SEATS[0]].share
    assert share is not None
    for signed in results.values():
        r, s, recovery_id = signed.signature.r, signed.signature.s, signed.signature.recovery_id
        assert verify(share.public_key, DIGEST, r, s, recovery_id)
        assert recover_wallet(DIGEST, r + s + bytes([27 + recovery_id])) == share.public_key_uncompressed


async def calm(committee: RealCommittee) -> None:
    results = await committee.sign_everywhere(b"\x01" * 32)
    assert_signed(committee, results)
    assert len({result.signature for result in results.values()}) == 1


async def one_killed(committee: RealCommittee) -> None:
    session = b"\x02" * 32
    dead = leaders(session, SEATS)[0]
    committee.network.kill(dead)
    alive = [seat for seat in SEATS if seat != dead]
    assert_signed(committee, await committee.sign_everywhere(session, alive))
    committee.network.revive(dead)


async def equivocation(committee: RealCommittee) -> None:
    session = b"\x03" * 32
    leader = leaders(session, SEATS)[0]
    traitor = Traitor(changed(Kind.SIGN_ROUND3, flipped_in_round, to=[max(seat for seat in SEATS if seat != leader)]))
    committee.network.corrupt(leader, traitor)
    assert_signed(committee, await committee.sign_everywhere(session))
    committee.network.corrupt(leader, lambda sent: [sent])


async def many_at_once(committee: RealCommittee) -> None:
    for results in await asyncio.gather(*(committee.sign_everywhere(bytes([number]) * 32) for number in range(10, 14))):
        assert_signed(committee, results)


async def tampered_round(committee: RealCommittee) -> None:
    session = b"\x04" * 32
    leader = leaders(session, SEATS)[0]
    honest = [seat for seat in SEATS if seat != leader]
    traitor = Traitor(changed(ROUNDS[1], flipped_in_round))
    committee.network.corrupt(leader, traitor)
    results = await committee.sign_everywhere(session)
    assert traitor.deeds
    assert_signed(committee, {seat: results[seat] for seat in honest})
    blamed = {event.seat for seat in honest for event in committee.nodes[seat].events if isinstance(event, Blamed)}
    lost = {event.peer for seat in honest for event in committee.nodes[seat].events if isinstance(event, PairLost)}
    assert blamed == {leader}
    assert lost <= {leader}
    for seat in honest:
        assert set(committee.nodes[seat].table.live()) >= set(honest) - {seat}


def test_a_tampered_set_up_of_the_real_engine_fails_its_check() -> None:
    async def play() -> None:
        committee = RealCommittee()
        one, other = SEATS[:2]
        traitor = Traitor(changed(Kind.SETUP_TRANSFER, flipped))
        committee.network.corrupt(other, traitor)
        results = await asyncio.gather(committee.set_up(one, other), committee.set_up(other, one), return_exceptions=True)
        assert traitor.deeds
        assert getattr(results[0], "culprits", None) == (other,)
        assert not isinstance(results[1], CheckFailed)
        assert committee.nodes[one].table.live() == []

    simulate(play())
