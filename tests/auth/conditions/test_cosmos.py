"""Cosmos chains: what stands behind a path, and ages against a block's time."""

from __future__ import annotations

import pytest
from tests.auth.conditions.worlds import COSMOS_USER, NOBODY, WHO, Chains, cosmos

from votive.auth.conditions import evaluate
from votive.terms.conditions import InvalidConditions, parse

BALANCES = f"/cosmos/bank/v1beta1/balances/{COSMOS_USER}"
LATEST = "/cosmos/base/tendermint/v1beta1/blocks/latest"


async def holds(condition, documents, who=WHO):
    return (await evaluate(parse([condition]), who, Chains(documents=documents))).holds


async def test_a_part_of_what_stands_behind_a_path_is_compared():
    documents = {BALANCES: {"balances": [{"denom": "uatom", "amount": "10"}, {"denom": "ibc/1", "amount": "3"}]}}
    path = "/cosmos/bank/v1beta1/balances/:userAddress"
    assert await holds(cosmos(path, (">=", "10"), "$.balances[0].amount"), documents)
    assert not await holds(cosmos(path, (">=", "9"), "$.balances[1].amount"), documents), "as integers"
    assert await holds(cosmos(path, ("=", "ibc/1"), "$.balances[1].denom"), documents)
    assert await holds(cosmos(path, ("contains", "ibc/1"), "$.balances[*].denom"), documents)
    assert not await holds(cosmos(path, ("!contains", "ibc/1"), "$.balances[*].denom"), documents)
    assert not await holds(cosmos(path, ("!contains", "ibc/1"), "$.nothing[*].denom"), documents), "what is not there lacks nothing"
    assert not await holds(cosmos(path, (">=", "0"), "$.balances[2].amount"), documents)
    assert not await holds(cosmos(path, (">=", "0"), "$.balances[0].amount"), documents, NOBODY)


async def test_a_wallet_is_compared_without_asking_the_chain():
    assert await holds(cosmos(":userAddress", ("=", COSMOS_USER)), {})
    assert not await holds(cosmos(":userAddress", ("!=", "cosmos1x")), {}, NOBODY)


async def test_a_timelock_asks_whether_something_happened_lately():
    path = "/cosmos/tx/v1beta1/txs?events=x"
    times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:50.123456789Z", "2026-01-02T00:00:00Z", "nonsense", 7]
    documents = {
        LATEST: {"block": {"header": {"time": "2026-01-01T01:01:00+01:00"}}},
        path: {"tx_responses": [{"timestamp": time} for time in times]},
    }
    lately = {"method": "timelock", "parameters": ["latest"]}
    assert await holds(cosmos(path, ("<=", "10"), "$.tx_responses.*.timestamp", **lately), documents)
    assert not await holds(cosmos(path, ("<", "10"), "$.tx_responses.*.timestamp", **lately), documents)
    assert not await holds(cosmos(path, ("<", "10"), "$.tx_responses[2].timestamp", **lately), documents), "what lies ahead is not young"


@pytest.mark.parametrize(
    "path", ["", "cosmos", "@evil.example/x", "//evil.example", "/a/../b", "/a b", "/a#b", "/a\\b", "/\n", "https://evil.example/", "/a/.."]
)
def test_a_path_stays_behind_the_configured_host(path):
    with pytest.raises(InvalidConditions, match="path"):
        parse([cosmos(path)])
