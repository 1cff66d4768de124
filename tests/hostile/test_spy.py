"""An action that replaces everything it can reach, and then lets the runtime and Deno work, is shown nothing of theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from votive.action import FetchPolicy, FetchRefused, Pool, Warm

from .conftest import AUTH, LIMITS

SPY = (Path(__file__).parent / "spy.js").read_bytes()


async def test_nothing_internal_ever_reaches_a_function_that_an_action_replaced(pool, host):
    result = json.loads((await pool.run(SPY, {}, AUTH, host)).response)
    assert result["error"] == 0
    assert result["replaced"] > 400
    assert result["found"] == []
    assert len(host.asked) == 2


async def test_a_fetch_is_still_the_nodes_to_refuse_when_everything_is_replaced(host):
    source = b"Object.prototype.refusal = null; Array.prototype.includes = () => true; String.prototype.startsWith = () => true; fetch('http://127.0.0.1/')"
    async with Pool(LIMITS, warm=Warm(bare=0, ethers=0), fetch=FetchPolicy()) as pool:
        with pytest.raises(FetchRefused, match="not public"):
            await pool.run(source, {}, AUTH, host)
