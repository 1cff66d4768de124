"""Real processes: they start, sign, die and come back with their keys."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.network.city import SEATS, City

from votive.client import Refused
from votive.devnet import Devnet, NodeState
from votive.terms.errors import ErrorCode

PATIENCE = 10.0
"""Seconds within which a network that cannot sign has to say so."""


def test_four_processes_of_their_own_serve_and_sign(city: City) -> None:
    assert set(city.states().values()) == {NodeState.SERVING}
    pids = city.pids()
    assert None not in pids.values()
    assert len(set(pids.values())) == len(SEATS)
    assert city.sign().signature.verify()


@pytest.mark.parametrize("seat", [1, 3])
def test_with_one_node_killed_signing_goes_on(city: City, seat: int) -> None:
    city.kill(seat)
    for _ in range(3):
        assert seat not in city.sign().nodes
    assert city.states()[seat] is NodeState.DOWN


def test_with_two_nodes_killed_there_is_a_clear_error_in_time_and_no_signature(city: City) -> None:
    city.kill(2, 4)
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        city.sign()
    assert time.monotonic() - began < PATIENCE
    assert caught.value.code is ErrorCode.NOT_ENOUGH_NODES
    assert "3" in caught.value.message


def test_a_restarted_node_signs_again(city: City) -> None:
    city.kill(2)
    city.start(2)
    city.kill(3)
    assert set(city.sign().nodes) <= {1, 2, 4}


def test_nobody_restarts_a_killed_node(city: City) -> None:
    city.kill(1)
    time.sleep(2.0)
    assert city.states()[1] is NodeState.DOWN


def test_keys_survive_down_and_up(city: City) -> None:
    later = city.mint()
    before = {seat: city.network.node_url(seat) for seat in SEATS}
    asyncio.run(city.network.down())
    assert set(city.pids().values()) == {None}
    city.restore()
    again = Devnet.open(city.network.directory)
    assert {seat: again.node_url(seat) for seat in SEATS} == before
    for token in (city.keys[0], later):
        assert city.sign(token).signature.verify()
