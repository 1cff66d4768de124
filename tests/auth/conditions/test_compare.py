"""Comparators against a model written the other way round, with integers of any size."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from votive.auth.conditions.compare import brief, integers, json_values, members, texts
from votive.auth.conditions.world import Absent
from votive.terms.conditions import Comparator

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


ORDER = ["=", "!=", ">", "<", ">=", "<="]
huge = st.integers() | st.integers(-(2**4000), 2**4000) | st.sampled_from([0, 1, 2**53, 2**53 + 1, 2**64, 2**256 - 1, 10**78])


def model(seen: int, comparator: str, value: int) -> bool:
    """Say it by the sign of the difference alone."""
    difference = seen - value
    sign = 0 if difference == 0 else -1 if difference < 0 else 1
    return sign in {"=": [0], "!=": [-1, 1], ">": [1], "<": [-1], ">=": [0, 1], "<=": [-1, 0]}[comparator]


@given(huge, st.sampled_from(ORDER), huge)
@settings(PATIENT)
def test_integers_of_any_size_are_compared_exactly(seen, comparator, value):
    assert integers(seen, Comparator(comparator), str(value)) is model(seen, comparator, value)
    assert json_values(seen, Comparator(comparator), str(value)) is model(seen, comparator, value)
    assert json_values(str(seen), Comparator(comparator), str(value)) is model(seen, comparator, value)


@given(huge, st.sampled_from(ORDER))
@settings(PATIENT)
def test_neighbours_are_told_apart(seen, comparator):
    assert integers(seen, Comparator(comparator), str(seen + 1)) is model(seen, comparator, seen + 1)


@given(st.text(), st.sampled_from(ORDER), st.text())
@settings(PATIENT)
def test_texts_are_ordered_as_their_utf8_bytes_are(seen, comparator, value):
    one, other = seen.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass")
    expected = {"=": one == other, "!=": one != other, ">": one > other, "<": one < other, ">=": one >= other, "<=": one <= other}[
        comparator
    ]
    assert texts(seen, Comparator(comparator), value) is expected


@given(st.text(), st.text())
@settings(PATIENT)
def test_contains_and_its_opposite_never_agree(seen, value):
    assert texts(seen, Comparator.CONTAINS, value) is not texts(seen, Comparator.LACKS, value)
    assert members([seen], Comparator.CONTAINS, value) is (seen == value)
    assert members([seen], Comparator.LACKS, value) is (seen != value)


@pytest.mark.parametrize(
    "seen", [1.0, Decimal("1.0"), Decimal(1), True, None, [], {}, "1.0", "1e0", "one", "", " 1", "١", [1], {"a": 1}, "9" * 5000]
)
@pytest.mark.parametrize("comparator", ORDER)
def test_what_is_no_integer_satisfies_no_test_of_integers(seen, comparator):
    with pytest.raises(Absent):
        json_values(seen, Comparator(comparator), "1")


@pytest.mark.parametrize("seen", [1, Decimal("1.5"), None, [], {}])
def test_what_is_no_text_satisfies_no_test_of_texts(seen):
    for comparator in Comparator:
        with pytest.raises(Absent):
            json_values(seen, comparator, "a")


@given(st.recursive(huge | st.text() | st.none() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@settings(PATIENT)
def test_whatever_was_seen_is_shown_in_few_letters_that_json_can_carry(seen):
    assert len(brief(seen)) < 250
    brief(seen).encode()


def test_a_value_nested_without_end_can_be_shown():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert brief(deep) == "a list of 1 values"
