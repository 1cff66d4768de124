"""An application connects and stays connected while a node goes and comes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import Flow
from tests.e2e.conftest import Place

from votive.devnet import Devnet

RESTARTED = 2


async def test_a_client_connects_to_all_nodes_and_outlives_the_restart_of_one(
    start: Callable[[str], Flow], network: dict[str, Any], place: Place
) -> None:
    flow = start("connect.mjs")
    assert flow.paused() == "restart"
    devnet = Devnet.open(place.directory)
    before = devnet.node_pid(RESTARTED)
    devnet.kill_node(RESTARTED)
    await devnet.start_node(RESTARTED)
    assert before is not None
    assert before != devnet.node_pid(RESTARTED)

    found = flow.found("restarted\n")
    assert found["ready"]
    assert found["nodes"] == network["nodes"]
    assert found["least"] == 3
    assert f"0x{found['encryptionKey']}" == network["encryption_key"]
    assert re.fullmatch("0x[0-9a-f]{64}", found["blockhash"])
    assert found["epoch"] == 1
    assert [found[when] for when in ("before", "after", "again")] == [network["key"]["public_key"]] * 3
