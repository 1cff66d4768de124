"""The lattice of capabilities: whatever is handed on is within what was given."""

from __future__ import annotations

import random

import pytest

from votive.terms.capability import EVERYTHING, NOTHING, Ability, Capabilities, Resource
from votive.terms.errors import CallerError
from votive.terms.recap import Recap

CHAINS = 10_000


def a_set(chance: random.Random) -> Capabilities:
    """A few abilities on a few resources, some of them wildcards, some on resources that they do not fit."""
    return Capabilities(frozenset(a_pair(chance) for _ in range(chance.randrange(6))))


def a_pair(chance: random.Random) -> tuple[Ability, Resource]:
    ability = chance.choice(list(Ability))
    prefix = ability.prefix if chance.random() < 0.9 else chance.choice(list(Ability)).prefix
    return ability, Resource.read(prefix, chance.choice(["*", "1", "2", "a/b", "QmA"]))


def a_question(chance: random.Random) -> tuple[Ability, Resource]:
    ability, resource = a_pair(chance)
    return ability, Resource(resource.prefix, chance.choice([resource.id, "1", "QmA", "unwritten"]))


def test_a_child_never_has_more_than_its_parent_in_ten_thousand_random_chains() -> None:
    chance = random.Random(5573)
    allowed = 0
    for _ in range(CHAINS):
        links = [EVERYTHING if chance.random() < 0.1 else a_set(chance) for _ in range(chance.randrange(2, 5))]
        held = links[0]
        for link in links[1:]:
            parent, held = held, held.intersected(link)
            assert held.within(parent)
            assert held.within(link)
            for _ in range(4):
                question = a_question(chance)
                assert held.allows(*question) == (parent.allows(*question) and link.allows(*question))
                allowed += held.allows(*question)
    assert allowed > CHAINS / 100  # the questions were not all refused


def test_a_chain_that_travels_as_recaps_is_the_same_chain() -> None:
    chance = random.Random(4361)
    for _ in range(1_000):
        one = Capabilities(frozenset(pair for pair in a_set(chance).pairs if pair[0].prefix == pair[1].prefix))
        if one.pairs:
            assert Recap.decode(Recap.of(one).encode()).capabilities() == one


def test_nothing_allows_nothing_and_everything_all_that_is_known() -> None:
    for ability in Ability:
        assert EVERYTHING.allows(ability, Resource(ability.prefix, "x"))
        assert not NOTHING.allows(ability, Resource(ability.prefix, "x"))
        assert not EVERYTHING.allows(ability, Resource("lit-unheardof", "x"))
    assert EVERYTHING.intersected(NOTHING) == NOTHING
    assert NOTHING.within(EVERYTHING)
    assert not EVERYTHING.within(NOTHING)


def test_a_wildcard_counts_only_where_it_is_written_as_the_whole_id() -> None:
    for identity in ("1*", "*1", "**", "", "?"):
        held = Capabilities.of((Ability.ACTION_EXECUTION, Resource("lit-litaction", identity)))
        assert not held.allows(Ability.ACTION_EXECUTION, Resource.action("1"))
    one = Capabilities.of((Ability.ACTION_EXECUTION, Resource.action("1")))
    assert not one.allows(Ability.ACTION_EXECUTION, Resource.every("lit-litaction"))
    assert one.intersected(EVERYTHING) == one


def test_no_ability_stands_for_another() -> None:
    for held in Ability:
        capabilities = Capabilities.of((held, Resource.every(held.prefix)))
        for asked in Ability:
            assert capabilities.allows(asked, Resource(asked.prefix, "1")) is (held is asked)


@pytest.mark.parametrize("uri", ["", "lit-pkp", "lit-pkp:*", "lit-pkp://", "://x"])
def test_a_resource_is_a_prefix_and_an_id(uri: str) -> None:
    with pytest.raises(CallerError):
        Resource.parse(uri)
    assert Resource.parse("lit-pkp://0xAB") == Resource.pkp(0xAB)
    assert Resource.pkp(0xAB).uri == "lit-pkp://" + "ab".rjust(64, "0")
