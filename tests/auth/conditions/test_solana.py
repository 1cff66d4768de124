"""Solana: derived addresses and metadata against the published packages (tests/vectors/conditions/ORIGIN.md), and what a chain answers."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.auth.conditions.worlds import MINT, NOBODY, SOLANA_USER, WHO, Chains, sol

from votive.auth.conditions import evaluate
from votive.auth.conditions.metaplex import collection_in
from votive.auth.conditions.solana_address import associated_token, derived, metadata_of, on_curve, public_key
from votive.terms.conditions import ConditionKind, parse
from votive.terms.errors import CallerError
from votive.terms.multibase import to_base58

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors/conditions/solana.json").read_text())


async def holds(condition, chains, who=WHO):
    return (await evaluate(parse([condition]), who, chains)).holds


def chain(answers: dict[str, Any]) -> Chains:
    """Return a chain that answers by the method, or by the method and its first parameter."""

    def accounts(method: str, params: list[Any]) -> Any:
        return answers.get(f"{method} {params[0]}", answers.get(method))

    return Chains(accounts=accounts)


def test_derived_addresses_are_those_of_the_chain():
    for vector in VECTORS["derived"]:
        seeds = [public_key(seed[7:]) if seed.startswith("pubkey:") else seed.encode() for seed in vector["seeds"]]
        assert derived(seeds, vector["program"]) == vector["address"]


def test_points_of_the_curve_are_told_from_other_bytes():
    assert [on_curve(bytes.fromhex(vector["point"])) for vector in VECTORS["curve"]] == [vector["on"] for vector in VECTORS["curve"]]


def test_the_accounts_of_tokens_and_of_their_metadata_are_found():
    for vector in VECTORS["tokens"]:
        assert associated_token(vector["wallet"], vector["mint"]) == vector["account"]
        assert metadata_of(vector["mint"]) == vector["metadata"]


def test_only_a_verified_collection_is_read_from_metadata():
    for vector in VECTORS["metadata"]:
        found = collection_in(base64.b64decode(vector["data"]))
        assert (found and to_base58(found)) == vector["verified"]


def test_metadata_that_end_early_name_no_collection():
    data = base64.b64decode(VECTORS["metadata"][-2]["data"])
    assert collection_in(data) is not None
    whole = next(size for size in range(len(data) + 1) if collection_in(data[:size]) is not None)
    assert all(collection_in(data[:size]) is None for size in range(whole))


async def test_a_balance_is_compared_as_an_integer():
    asked = chain({f"getBalance {SOLANA_USER}": {"value": 10**18}})
    assert await holds(sol("getBalance", test=(">=", str(10**18))), asked)
    assert not await holds(sol("getBalance", test=(">", str(10**18))), asked)
    assert not await holds(sol("getBalance", test=(">=", "0")), asked, NOBODY)


async def test_the_first_version_of_these_conditions_is_judged_alike():
    condition = {
        "method": "getBalance",
        "params": [":userAddress"],
        "chain": "solana",
        "returnValueTest": {"key": "", "comparator": ">", "value": "9"},
    }
    outcome = await evaluate(parse([condition], ConditionKind.SOL_RPC), WHO, chain({"getBalance": {"value": 10}}))
    assert outcome.holds


async def test_a_wallet_is_compared_without_asking_the_chain():
    asked = chain({})
    assert await holds(sol("", test=("=", SOLANA_USER)), asked)
    assert not await holds(sol("", test=("=", MINT)), asked)
    assert asked.asked == []


async def test_texts_that_are_integers_are_compared_as_integers():
    asked = chain({"getTokenAccountBalance": {"value": {"amount": "9", "decimals": 0, "uiAmount": Decimal("9.0"), "uiAmountString": "9"}}})
    assert not await holds(sol("balanceOfToken", [MINT], (">", "10"), "$.amount"), asked), "as texts, '9' would be more than '10'"
    assert await holds(sol("balanceOfToken", [MINT], ("<", "10"), "$.amount"), asked)
    assert asked.asked[0][1:] == ("getTokenAccountBalance", associated_token(SOLANA_USER, MINT))
    assert not await holds(sol("balanceOfToken", [MINT], (">=", "0"), "$.uiAmount"), asked), "a fraction is no integer"
    assert not await holds(sol("balanceOfToken", [MINT], (">=", "0"), "$.nothing"), asked)


async def test_a_wallet_that_never_held_a_token_has_none():
    assert not await holds(sol("balanceOfToken", [MINT], (">=", "0"), "$.amount"), chain({}))


async def test_tokens_of_a_verified_collection_are_counted():
    vector = next(vector for vector in VECTORS["metadata"] if vector["verified"])
    mints = [token["mint"] for token in VECTORS["tokens"][:4]]

    def account(mint: str, amount: str, decimals: int) -> Any:
        return {"account": {"data": {"parsed": {"info": {"mint": mint, "tokenAmount": {"amount": amount, "decimals": decimals}}}}}}

    owned = [account(mints[0], "1", 0), account(mints[1], "0", 0), account(mints[2], "1", 6), account(mints[3], "1", 0)]
    asked = chain(
        {
            "getTokenAccountsByOwner": {"value": owned},
            f"getAccountInfo {metadata_of(mints[0])}": {"value": {"data": [vector["data"], "base64"]}},
            f"getAccountInfo {metadata_of(mints[3])}": {"value": None},
        }
    )
    assert await holds(sol("balanceOfMetaplexCollection", [vector["verified"]], ("=", "1")), asked)
    assert await holds(sol("balanceOfMetaplexCollection", [MINT], ("=", "0")), asked)


async def test_a_derived_address_is_compared_or_asked():
    vector = VECTORS["derived"][3]
    pda = {"pdaParams": [vector["program"], *vector["seeds"]]}
    assert await holds(sol("getPDA", [], ("=", vector["address"]), **pda), chain({}))
    assert await holds(sol("getBalance(getPDA)", [], ("=", "7"), **pda), chain({f"getBalance {vector['address']}": {"value": 7}}))


async def test_a_field_of_a_derived_account_is_asked():
    vector = VECTORS["derived"][3]
    data = base64.b64encode(bytes(8) + bytes(4) + b"\x05" * 32 + bytes(10)).decode()
    condition = sol(
        "getBalance(getPDA)",
        [],
        ("=", "7"),
        pdaParams=[vector["program"], *vector["seeds"]],
        pdaInterface={"offset": 8, "fields": {"kind": 4, "owner": 32}},
        pdaKey="owner",
    )
    owner = to_base58(b"\x05" * 32)
    account = f"getAccountInfo {vector['address']}"
    assert await holds(condition, chain({account: {"value": {"data": [data, "base64"]}}, f"getBalance {owner}": {"value": 7}}))
    assert not await holds(condition, chain({account: {"value": {"data": ["AAAA", "base64"]}}, "getBalance": {"value": 7}}))


async def test_a_chain_of_another_kind_is_an_error():
    with pytest.raises(CallerError, match="kind evm"):
        await holds(sol("getBalance", chain="ethereum"), chain({}))
