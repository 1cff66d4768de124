"""Nodes that die, and nodes that lie: what an application that uses Lit's SDK sees of it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import MORTAL, Flow, refusal
from tests.e2e.conftest import Place
from tests.network.city import City
from tests.network.test_liars import LIAR, lies

from votive.devnet import Devnet


def test_with_a_dead_node_what_needs_the_threshold_goes_on_and_what_the_sdk_asks_of_all_waits_until_it_is_left_out(
    start: Callable[[str], Flow], network: dict[str, Any], place: Place
) -> None:
    devnet, public_key = Devnet.open(place.directory), network["key"]["public_key"]
    flow = start("dead_node.mjs")
    assert flow.paused() == "stop"
    devnet.kill_node(MORTAL, signal.SIGSTOP)
    flow.resume()
    assert flow.paused() == "kill"
    devnet.kill_node(MORTAL)
    flow.resume()
    assert flow.paused() == "restore"
    asyncio.run(devnet.start_node(MORTAL))
    found = flow.found("go on\n")

    assert found["hung"] == {"decrypted": "opened by three of four", "session": 4}
    assert found["decrypted"] == "opened by three of four"
    for error in (refusal(found["allNeeded"]["sign"]), refusal(found["allNeeded"]["execute"])):
        assert (error.name, error.error_code) == ("NodeError", None)
        assert "error getting the signing shares" in error.message
    assert found["without"] == dict.fromkeys(("sign", "execute", "signInSession"), public_key)

    unconnected = refusal(found["connect"])
    assert (unconnected.name, unconnected.message) == ("TypeError", "fetch failed")
    assert found["late"] == {"nodes": [url for url in network["nodes"] if url != network["mortal_node"]], "sign": public_key}
    assert found["back"] == {"nodes": network["nodes"], "sign": public_key}


def test_nobody_answers_before_the_outcome_is_known_so_a_second_attempt_still_reaches_the_client(
    run: Callable[[str], dict[str, Any]], place: Place
) -> None:
    city = City(Devnet.open(place.directory))
    try:
        with lies(city, "garbage") as witnesses:
            before = attempts_left(city)
            assert run("faults.mjs") == {"signed": 10, "executed": 10}
            assert attempts_left(city) > before, "no first attempt failed"
            assert set(witnesses.blamed()) == {LIAR}
            assert witnesses.defects() == []
    finally:
        city.restore()


def attempts_left(city: City) -> float:
    """How many attempts to sign honest nodes gave up so far."""
    return sum(city.metric(seat, 'votive_signing_events_total{event="Left"}') for seat in city.seats if seat != LIAR)
