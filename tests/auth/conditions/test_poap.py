"""POAP: events by number from the contract, by name from the documents that its tokens name."""

from __future__ import annotations

import pytest
from tests.auth.conditions.worlds import USER, WHO, Chains, answer, basic

from votive.auth.conditions import NotOffered, evaluate
from votive.terms.conditions import parse
from votive.terms.errors import WorldError

DETAILS = "tokenDetailsOfOwnerByIndex(address,uint256)"


def held(*tokens: tuple[int, int]) -> Chains:
    """Return a chain on which the user holds these tokens (token, event)."""
    answers = [answer("balanceOf(address)", [USER], ["uint256"], [len(tokens)])]
    answers += [answer(DETAILS, [USER, index], ["uint256", "uint256"], token) for index, token in enumerate(tokens)]
    answers += [answer("tokenURI(uint256)", [token], ["string"], [f"https://poap.example/{token}"]) for token, _ in tokens]
    return Chains(contracts=dict(answers))


async def documents(url):
    if url.endswith("/13"):
        raise WorldError("no answer.")
    return {"https://poap.example/11": {"name": "Burning Man 2021"}, "https://poap.example/12": ["no object"]}.get(url, {})


async def holds(condition, chains, fetch=None):
    return (await evaluate(parse([condition]), WHO, chains, fetch=fetch)).holds


async def test_an_event_is_found_by_its_number():
    chains = held((11, 100), (12, 200))
    assert await holds(basic("POAP", "eventId", [], ("=", "200")), chains)
    assert not await holds(basic("POAP", "eventId", [], ("=", "300")), chains)
    assert not await holds(basic("POAP", "eventId", [], ("=", "100")), held())


async def test_an_event_is_found_by_its_name():
    chains = held((12, 200), (11, 100))
    assert await holds(basic("POAP", "tokenURI", [], ("contains", "Burning Man")), chains, documents)
    assert not await holds(basic("POAP", "tokenURI", [], ("=", "Burning Man")), chains, documents)


async def test_names_need_a_node_that_fetches_documents():
    with pytest.raises(NotOffered, match="eventId"):
        await holds(basic("POAP", "tokenURI", [], ("contains", "x")), held((11, 100)))
    with pytest.raises(WorldError):
        await holds(basic("POAP", "tokenURI", [], ("contains", "x")), held((13, 1)), documents)


async def test_a_refusal_says_that_there_was_more_than_was_looked_at():
    many = held(*((token, 100) for token in range(1, 23)))
    condition = basic("POAP", "tokenURI", [], ("=", "x"))
    outcome = await evaluate(parse([condition]), WHO, many, fetch=documents_of_none)
    assert (outcome.holds, outcome.tree["seen"]) == (False, "the caller holds 22 tokens, and none of the 20 that were looked at fits")
    assert await holds(basic("POAP", "eventId", [], ("=", "100")), many)


async def documents_of_none(_: str) -> dict[str, str]:
    return {"name": "another"}
