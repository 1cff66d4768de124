"""SIGKILL at any moment: while signing, while keys are made, while starting. The node comes back with its keys and signs."""

from __future__ import annotations

import random
import time

import pytest
from tests.network.city import SEATS, City, until

STOCK_LOW = 12
"""Below this the nodes make new keys (their default)."""


def must_take_part(city: City, seat: int) -> None:
    """With another node down, no signature is possible without ``seat``."""
    other = next(other for other in SEATS if other != seat)
    city.kill(other)
    for token in (city.keys[0], city.keys[-1]):
        assert seat in city.sign(token).nodes
    assert city.health(seat)["keys"]["unavailable"] == {}
    city.start(other)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_node_killed_while_it_signs_comes_back_and_costs_no_signature(city: City, seed: int) -> None:
    chance = random.Random(seed)
    seat = chance.choice(SEATS)
    with city.signing() as failures:
        time.sleep(0.5 + chance.random() * 0.3)
        city.kill(seat)
        time.sleep(0.5)
        city.start(seat)
    assert failures == []
    must_take_part(city, seat)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_node_killed_while_keys_are_made_comes_back_and_the_stock_is_refilled(city: City, seed: int) -> None:
    chance = random.Random(seed)
    seat = chance.choice(SEATS[1:])
    while city.stock() >= STOCK_LOW:
        city.mint()
    time.sleep(chance.random() * 1.5)
    city.kill(seat)
    city.start(seat)
    until(lambda: city.stock() >= STOCK_LOW, "the stock is refilled, which needs every node", seconds=60)
    city.mint()
    must_take_part(city, seat)


@pytest.mark.parametrize("seed", [1])
def test_a_node_killed_again_and_again_while_it_starts_comes_back(city: City, seed: int) -> None:
    chance = random.Random(seed)
    seat = chance.choice(SEATS)
    service = next(service for service in city.network.services() if service.name == f"node {seat}")
    city.kill(seat)
    for latest in (0.3, 1.0, 2.0, 4.0):
        service.start()
        time.sleep(chance.random() * latest)
        city.kill(seat)
    city.start(seat)
    must_take_part(city, seat)
