"""Chains, actions and documents that answer anything: the caller is refused, or gets an error that says so, and the node goes on."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.auth.conditions.worlds import (
    BLOCK,
    CID,
    COSMOS_USER,
    MINT,
    OTHER,
    USER,
    WHO,
    Actions,
    Chains,
    answer,
    basic,
    contract,
    cosmos,
    sol,
)
from tests.terms.conditions.test_lit_vectors import GOOD

from votive.auth.conditions import evaluate
from votive.auth.conditions.world import MAX_READS
from votive.terms.conditions import ConditionKind, parse
from votive.terms.errors import CallerError, VotiveError, WorldError

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=20)
    | st.sampled_from([MINT, "AAAA", "!", "1", "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "value",
                    "data",
                    "account",
                    "parsed",
                    "info",
                    "tokenAmount",
                    "amount",
                    "decimals",
                    "mint",
                    "balances",
                    "block",
                    "header",
                    "time",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


class Anything(Chains):
    """Knows every name, and answers whatever it is given."""

    def __init__(self, returned: bytes | None, said: Any) -> None:
        super().__init__()
        self.returned, self.said = returned, said

    def kind(self, name: str) -> str:
        return "solana" if name.startswith("solana") else "cosmos" if name in {"cosmos", "juno", "cheqdMainnet"} else "evm"

    async def call(self, name, to, data, block):
        return self.returned

    async def solana(self, name, method, params):
        return self.said

    async def cosmos(self, name, path):
        return self.said


async def fetch(url: str) -> Any:
    return {"name": Decimal(1)}


KINDS = [
    *([case["items"], case["kind"]] for case in GOOD),
    [[sol("balanceOfMetaplexCollection", [MINT])], "unified"],
    [[sol("balanceOfToken", [MINT], key="$.amount")], "unified"],
    [[cosmos("/x", ("<", "9"), "$.value", method="timelock", parameters=["latest"])], "unified"],
    [[cosmos("/x", ("contains", "9"), "$.*.*")], "unified"],
    [[contract("f()", [], ["string[]"], ("contains", "x"))], "unified"],
]


@given(st.sampled_from(KINDS), st.none() | st.binary(max_size=300), anything)
@settings(PATIENT, max_examples=500)
def test_whatever_a_chain_answers_nothing_but_our_own_errors_come_of_it(kind, returned, said):
    items, name = kind
    conditions = parse(items, ConditionKind(name))
    chains = Anything(returned, said)
    try:
        outcome = asyncio.run(evaluate(conditions, WHO, chains, Actions({CID: "true"}), fetch))
    except VotiveError:
        return
    assert outcome.holds in {True, False}


@given(st.binary(max_size=200))
@settings(PATIENT)
def test_a_contract_that_answers_nonsense_satisfies_nothing(returned):
    """Thirty-one bytes at most are no answer of any type."""
    for condition in (
        basic("ERC20", "balanceOf", [":userAddress"], (">=", "0")),
        basic("ERC721", "ownerOf", ["1"], ("!=", OTHER)),
        contract("f()", [], ["bool"], ("!=", "true")),
        contract("f()", [], ["uint256"], ("!=", "1")),
    ):
        outcome = asyncio.run(evaluate(parse([condition]), WHO, Anything(returned[:31], None)))
        assert not outcome.holds


async def test_an_evaluation_asks_a_bounded_number_of_times():
    details = "tokenDetailsOfOwnerByIndex(address,uint256)"
    answers = [answer("balanceOf(address)", [USER], ["uint256"], [2**200])]
    answers += [answer(details, [USER, index], ["uint256", "uint256"], [1, 1]) for index in range(300)]
    chains = Chains(contracts=dict(answers))
    with pytest.raises(CallerError, match=f"more than {MAX_READS} reads"):
        await evaluate(parse([basic("POAP", "eventId", [], ("=", "2"))] * 30), WHO, chains)
    assert len(chains.asked) == MAX_READS


async def test_conditions_that_are_asked_at_once_do_not_cut_each_other_short():
    """One is refused while another still waits: no task is left behind, and the refusal is the answer."""

    class Slow(Chains):
        finished = 0

        async def balance(self, name, address, block):
            await asyncio.sleep(0.01)
            Slow.finished += 1
            return 1

    with pytest.raises(CallerError, match="atlantis"):
        await evaluate(parse([basic(), {"operator": "or"}, basic(chain="atlantis")]), WHO, Slow())
    assert Slow.finished == 1


async def test_a_wait_that_is_given_up_leaves_nothing_behind():
    class Endless(Chains):
        async def balance(self, name, address, block):
            await asyncio.Event().wait()
            return 0

    before = len(asyncio.all_tasks())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await evaluate(parse([basic()] * 30), WHO, Endless())
    assert len(asyncio.all_tasks()) == before


async def test_a_failing_action_fails_only_what_depends_on_it():
    failing = basic("LitAction", "go", [], ("=", "true"), contractAddress=f"ipfs://{CID}")
    chains = Chains(balances={USER: 1})
    assert (await evaluate(parse([failing, {"operator": "or"}, basic()]), WHO, chains, Actions({}))).holds
    with pytest.raises(CallerError, match="the action failed"):
        await evaluate(parse([failing]), WHO, chains, Actions({}))


async def test_every_place_of_a_refusal_can_be_written_as_json():
    import json

    huge = basic("LitAction", "go", ["x" * 30_000], ("=", "\U0001f511"), contractAddress=f"ipfs://{CID}")
    outcome = await evaluate(parse([huge, basic()]), WHO, Chains(), Actions({CID: "\ud800"}))
    assert len(json.dumps(outcome.tree).encode()) < 5000


async def test_the_block_of_the_chain_is_in_the_tree_of_what_was_read_there():
    outcome = await evaluate(parse([cosmos(":userAddress", ("=", COSMOS_USER)), basic()]), WHO, Chains())
    assert ["block" in part for part in outcome.tree["conditions"]] == [False, True]
    assert outcome.tree["conditions"][1]["block"]["number"] == BLOCK.number


async def test_a_world_error_keeps_its_code_and_carries_the_tree():
    with pytest.raises(WorldError) as refused:
        await evaluate(parse([basic()]), WHO, Chains(down=frozenset({"ethereum"})))
    assert refused.value.details[0]["seen"].startswith("could not be found out")
