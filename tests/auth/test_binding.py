from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from votive.terms.binding import RequestBinding, binding_resource, canonical_json
from votive.terms.errors import CallerError

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False, width=64)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_the_resource_is_the_hash_of_path_request_id_and_body() -> None:
    body = {"b": [1, 2.5, "é\n"], "a": None, "epoch": 3, "authSig": {"sig": "0x"}, "authMethods": []}
    canonical = '["/web/execute","lit_1",{"a":null,"b":[1,2.5,"é\\n"]}]'.encode()
    assert binding_resource("/web/execute", "lit_1", body) == "votive://request/" + hashlib.sha256(canonical).hexdigest()


def test_the_body_hash_covers_the_body_alone() -> None:
    binding = RequestBinding.of("/p", "id", {"x": 1, "authSig": {}})
    assert binding.body_hash == hashlib.sha256(b'{"x":1}').digest()
    assert RequestBinding.of("/q", "other", {"x": 1}).body_hash == binding.body_hash


def test_authentication_is_left_out_at_the_top_only() -> None:
    assert binding_resource("/p", "i", {"jsParams": {"authSig": 1}}) != binding_resource("/p", "i", {"jsParams": {}})


@given(body=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), values, max_size=4))
def test_a_body_is_bound_alike_before_and_after_it_was_sent_as_json(body: dict[str, Any]) -> None:
    sent = json.loads(json.dumps(body))
    assert binding_resource("/p", "i", sent) == binding_resource("/p", "i", body)


@given(
    body=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), values, max_size=4),
    path=st.text('/ab"\\,[]', max_size=6),
)
def test_the_hash_is_that_of_the_whole_array(body: dict[str, Any], path: str) -> None:
    asked = {name: value for name, value in body.items() if name not in ("authSig", "authMethods", "epoch")}
    whole = hashlib.sha256(canonical_json([path, "id", asked])).hexdigest()
    assert binding_resource(path, "id", body).endswith(whole)


@given(value=values)
def test_our_canonical_json_is_that_of_the_package_rfc8785(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.floats(1e-8, 1e-3) | st.floats(1e15, 1e22).map(round).map(float))
def test_a_double_is_written_as_the_package_rfc8785_does(number: float) -> None:
    assert canonical_json([number, -number]) == rfc8785.dumps([number, -number])


@pytest.mark.parametrize("value", [["\n" * 4_000_000], [1e-5] * 100_000, [{}] * 100_000])
def test_no_body_is_slow_to_write(value: Any) -> None:
    """Strangers may have nodes do this: a byte must not cost more than some nanoseconds."""
    began = time.process_time()
    canonical_json(value)
    assert time.process_time() - began < 1.0


def test_keys_are_sorted_by_utf_16_and_numbers_written_as_javascript_does() -> None:
    # The examples of RFC 8785, 3.2.2 and 3.2.3.
    assert (
        canonical_json([333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001])
        == b"[333333333.3333333,1e+30,4.5,0.002,1e-27]"
    )
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical_json(names))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 10**30 + 1, 2**1023 + 1, 10**400])
def test_an_integer_that_json_would_round_is_refused_with_advice(number: int) -> None:
    with pytest.raises(CallerError, match="send it as a string"):
        canonical_json({"n": [number]})


@pytest.mark.parametrize("number", [2**53, 10**18, -(2**60)])
def test_an_integer_that_a_double_holds_exactly_is_written_as_javascript_does(number: int) -> None:
    assert canonical_json({"n": (number,), "more": 0.5}) == canonical_json({"n": [float(number)], "more": 0.5})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}, b"bytes", {1: 2}, object()])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(CallerError, match="canonical JSON"):
        canonical_json(value)


def test_a_body_nested_without_end_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(CallerError, match="nested"):
        canonical_json(nested)
