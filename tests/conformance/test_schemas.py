"""What nodes answer has the form that the schemas say, and the schemas refuse every other."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
from tests.conformance.answers import Answer, judge, kinds, schema, validator
from tests.conformance.conftest import Flow
from tests.conformance.sdk import MODULES, find_node

from votive.terms.errors import ErrorCode

AS_THEY_COME = frozenset({"response", "logs", "message", "error", "correlationId", "sigName", "timestamp", "siweMessage", "details"})
"""Fields of any text, or of text and lists whose length may differ: only their type can be wrong."""
NAMED_BY_CALLERS = frozenset({("execute", "signedData"), ("execute", "claimData")})
"""Objects whose keys are names that a caller gave."""
MAY_BE_ABSENT = frozenset({("error", "logs")})
Recorded = dict[str, list[Answer]]
"""Answers by their kind."""


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    """What one program got that makes every kind of call; the first test fills it."""
    return {}


def test_every_kind_of_answer_comes_and_is_recorded_from_every_node(
    start: Callable[[str], Flow], network: Mapping[str, Any], recorded: Recorded
) -> None:
    flow = start("answers.mjs")
    flow.found()
    for answer in flow.answers:
        recorded.setdefault(str(answer.kind), []).append(answer)
    assert recorded.keys() == kinds()
    for together in ({"handshake"}, {"execute"}, {"pkp_claim"}, {"pkp_sign", "pkp_sign_blank"}):
        heard = [answer.url for kind in together for answer in recorded[kind]]
        assert all(any(url.startswith(f"{node}/") for url in heard) for node in network["nodes"]), (together, heard)


def altered(value: Any, kind: str, name: str = "") -> Iterator[Any]:
    """Yield ``value`` with one thing in it that the interface does not allow, for each such thing that there is."""
    yield 1.5 if isinstance(value, str) or value is None else "x"
    if name in AS_THEY_COME:
        return
    if isinstance(value, str) and value:
        yield from {value[:-1], f"{value}0", value.swapcase()} - {value}
    if isinstance(value, int) and not isinstance(value, bool):
        yield -1
    if isinstance(value, list) and value:
        yield value[:-1]
        yield from ([*value[:place], other, *value[place + 1 :]] for place in (0, -1 % len(value)) for other in altered(value[place], kind))
    if isinstance(value, dict):
        yield {**value, "unknown": 1}
        yield from _within(value, kind, name)


def _within(value: dict[str, Any], kind: str, name: str) -> Iterator[dict[str, Any]]:
    for key, part in value.items():
        if (kind, name) not in NAMED_BY_CALLERS and (kind, key) not in MAY_BE_ABSENT:
            yield {other: rest for other, rest in value.items() if other != key}
        yield from ({**value, key: other} for other in altered(part, kind, key))


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_an_answer_that_is_altered_anywhere_is_refused(kind: str, recorded: Recorded) -> None:
    answer = recorded[kind][-1].json
    assert validator(kind).is_valid(answer)
    others = list(altered(answer, kind))
    assert len(others) > 2 * len(answer)
    assert [other for other in others if validator(kind).is_valid(other)] == []


def test_a_verdict_names_the_path_the_place_and_what_is_wrong(recorded: Recorded) -> None:
    answer = recorded["encryption_sign"][0]
    body = copy.deepcopy(answer.json)
    body["signatureShare"]["ProofOfPossession"] = "00"
    place = r"/web/encryption/sign/? \(200\) encryption_sign/signatureShare/ProofOfPossession: '00' does not match"
    with pytest.raises(AssertionError, match=place):
        judge([msgspec.structs.replace(answer, body=json.dumps(body))])


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        ("handshake", {"content_type": "text/plain"}, "content type text/plain"),
        ("handshake", {"url": "http://127.0.0.1/web/elsewhere"}, "no schema describes"),
        ("handshake", {"body": "<html>"}, "None is not of type 'object'"),
        ("pkp_claim", {"status": 200}, "its status is 200"),
        ("error", {"status": 403}, "401 is not the HTTP status"),
        ("error", {"request_id": "lit_another"}, "is not the request's id 'lit_another'"),
    ],
)
def test_an_answer_under_another_status_type_path_or_id_is_refused(kind: str, change: dict[str, Any], why: str, recorded: Recorded) -> None:
    judge(recorded[kind])
    with pytest.raises(AssertionError, match=why):
        judge([msgspec.structs.replace(recorded[kind][0], **change)])


def test_errors_are_of_the_kinds_that_the_sdk_knows_and_have_the_codes_that_nodes_give() -> None:
    known = subprocess.run(
        [find_node().node, "-p", "JSON.stringify(require('@lit-protocol/constants').LIT_ERROR_KIND)"],
        cwd=MODULES.parent, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    properties = schema("error")["properties"]
    assert set(properties["errorKind"]["enum"]) <= set(json.loads(known).values())
    assert sorted(properties["errorCode"]["enum"]) == sorted(code for code in ErrorCode if not code.startswith(("Client", "Devnet")))
