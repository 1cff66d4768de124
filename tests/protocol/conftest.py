"""What the laws of signing are tested with: a committee with a key and set-ups, and the judgements every scenario ends in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field

import pytest

from votive.protocol import Blamed, Joined, Left, Signed, SignLimits
from votive.protocol.leader import leaders
from votive.protocol.simulation import Committee, Results, Weather, simulate
from votive.protocol.simulation.traitors import Behaviour, Traitor
from votive.terms.participant import Seat

DIGEST = b"\x07" * 32
OTHER = b"\x08" * 32


@dataclass
class Scene:
    """A committee that can sign, with traitors in it."""

    committee: Committee
    key: bytes
    traitors: dict[Seat, Traitor] = field(default_factory=dict)

    @property
    def honest(self) -> list[Seat]:
        return [seat for seat in self.committee.seats if seat not in self.traitors]

    def leader(self, attempt: int = 0, name: str = "request") -> Seat:
        order = leaders(self.committee.session(self.key, name), self.committee.seats)
        return order[attempt % len(order)]

    def corrupt(self, seat: Seat, behaviour: Behaviour) -> Traitor:
        self.traitors[seat] = Traitor(behaviour)
        self.committee.network.corrupt(seat, self.traitors[seat])
        return self.traitors[seat]

    def blamed(self) -> dict[Seat, list[str]]:
        """Whom honest nodes blame, and for what."""
        found: dict[Seat, list[str]] = {}
        for seat in self.honest:
            for event in self.committee.nodes[seat].events:
                if isinstance(event, Blamed):
                    found.setdefault(event.seat, []).append(event.why)
        return found

    def joined(self) -> set[tuple[int, tuple[Seat, ...]]]:
        """Attempts in which an honest node ran the engine, with their sets."""
        events = [event for seat in self.honest for event in self.committee.nodes[seat].events]
        return {(event.attempt, event.signers) for event in events if isinstance(event, Joined)}

    def left(self) -> list[Left]:
        return [event for seat in self.honest for event in self.committee.nodes[seat].events if isinstance(event, Left)]

    def assert_no_honest_node_is_blamed(self) -> None:
        assert set(self.blamed()) <= set(self.traitors), self.blamed()

    def assert_all_honest_signed(self, results: Results, digest: bytes = DIGEST, among: Collection[Seat] | None = None) -> None:
        self.assert_no_honest_node_is_blamed()
        assert all(traitor.deeds for traitor in self.traitors.values()), "the fault was not exercised"
        for seat in among if among is not None else self.honest:
            signed = results[seat]
            assert isinstance(signed, Signed), (seat, signed)
            signature = signed.signature
            assert self.committee.verify(self.key, digest, signature.r, signature.s, signature.recovery_id)


def perform(
    scenario: Callable[[Scene], Awaitable[None]],
    n: int = 4,
    *,
    seed: int = 7,
    seats: Iterable[int] | None = None,
    pairs: Callable[[Iterable[tuple[Seat, Seat]]], Iterable[tuple[Seat, Seat]]] | None = None,
    weather: Weather | None = None,
    limits: SignLimits | None = None,
) -> str:
    """Play a scene in virtual time; return the hash of its log."""

    async def play() -> str:
        committee = Committee(tuple(seats or range(1, n + 1)), seed=seed, limits=limits)
        (key,) = await committee.generate_keys()
        assert await committee.set_up_pairs() == []
        if weather is not None:
            committee.network.weather = weather
        await scenario(Scene(committee, key))
        return committee.network.log_hash()

    return simulate(play())


def half(scene: Scene, of: Seat) -> list[Seat]:
    """Every second of the other seats."""
    return list(scene.committee.others(of))[::2]


def follower(scene: Scene) -> Seat:
    """A seat that signs in attempt 0 without leading it, if ``late_others`` come late."""
    return next(seat for seat in scene.committee.seats if seat != scene.leader())


def late_others(scene: Scene, name: str = "request") -> dict[Seat, float]:
    """Everyone but the leader of attempt 0 and the lowest t − 1 others comes late, so that these t are proposed."""
    leader = scene.leader(0, name)
    return dict.fromkeys([seat for seat in scene.committee.seats if seat != leader][scene.committee.threshold - 1 :], 0.05)


@pytest.fixture(params=[4, 7, 10], ids=lambda n: f"n{n}")
def n(request: pytest.FixtureRequest) -> int:
    return request.param
