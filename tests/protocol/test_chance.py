"""Traitors, weather and deaths as chance has them: safety always, and life once the weather is fine again."""

from __future__ import annotations

import random

import pytest
from tests.protocol.conftest import DIGEST, OTHER, Scene, perform

from votive.protocol import Signed
from votive.protocol.messages import Proposal, Ready
from votive.protocol.simulation import Weather
from votive.protocol.simulation.traitors import (
    ROUNDS,
    Behaviour,
    aborting,
    changed,
    edited,
    extended,
    false_outcomes,
    flipped_in_round,
    flooding,
    saboteur,
    silent,
    truncated,
    two_digests,
    two_proposals,
)
from votive.terms.frame import Kind
from votive.terms.participant import Seat


def behaviours(rng: random.Random, others: list[Seat]) -> list[Behaviour]:
    some = rng.sample(others, len(others) // 2)
    return [
        saboteur(rng.getrandbits(32)),
        aborting(),
        flooding(20),
        false_outcomes(some),
        two_digests(OTHER, some),
        two_proposals(some, block_number=99, block_hash=b"\x63" * 32),
        edited(Kind.SIGN_PROPOSE, Proposal, signers=tuple(sorted(others))[:3]),
        edited(Kind.SIGN_READY, Ready, pairs=()),
        edited(Kind.SIGN_READY, Ready, to=some, block_number=1, block_hash=b"\x01" * 32),
        silent(Kind.SIGN_READY, to=some),
        silent(Kind.SIGN_PROPOSE, to=some),
        silent(rng.choice(ROUNDS), to=some),
        changed(rng.choice(ROUNDS), flipped_in_round, to=some),
        changed(rng.choice(ROUNDS), rng.choice([truncated, extended]), to=some),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_f_traitors_do_in_whatever_weather_nothing_false_is_signed_and_nobody_honest_is_blamed(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.choice([4, 4, 7, 7, 10])

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        f = size - committee.threshold
        for seat in rng.sample(committee.seats, f):
            scene.corrupt(seat, rng.choice(behaviours(rng, list(committee.others(seat)))))
        for request in range(3):
            results = await committee.sign(scene.key, name=f"request {request}")
            scene.assert_no_honest_node_is_blamed()
            for result in results.values():
                if isinstance(result, Signed):
                    signature = result.signature
                    assert committee.verify(scene.key, DIGEST, signature.r, signature.s, signature.recovery_id)
        committee.network.weather = Weather()
        for request in range(130):
            results = await committee.sign(scene.key, name=f"fine weather {request}")
            scene.assert_no_honest_node_is_blamed()
            if all(isinstance(results[seat], Signed) for seat in scene.honest):
                return
        pytest.fail("t honest nodes are up, the weather is fine, and they never sign")

    storm = Weather(delay=(0.0, rng.choice([0.002, 0.05, 0.3])), drop=rng.choice([0.0, 0.0, 0.05]), repeat=rng.choice([0.0, 0.3]))
    perform(scenario, size, seed=seed, weather=storm)
