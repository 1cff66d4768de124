"""EIP-5573: one encoding, one statement, and nothing granted that is not understood."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from votive.auth.siwe import SiweMessage
from votive.terms.bls_session import session_digest
from votive.terms.capability import NOTHING, Ability, Capabilities, Resource
from votive.terms.recap import PREAMBLE, URN, InvalidRecap, Recap

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "recap" / "recap.json").read_text())
VALID = VECTORS["siwe-recap"]["valid"]
INVALID = VECTORS["siwe-recap"]["invalid"]
EXAMPLES = VECTORS["eip-5573"]


def urn(details: str | bytes) -> str:
    data = details.encode() if isinstance(details, str) else details
    return URN + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# The vectors of the EIP and of its reference implementation


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_the_examples_of_the_eip_are_read_and_written_as_it_says(example: dict[str, str]) -> None:
    recap = Recap.decode(example["uri"])
    assert recap.statement() == example["statement"]
    assert recap.encode() == example["uri"]
    assert recap.is_told_by(example["statement"])


@pytest.mark.parametrize("name", ["withCaps", "withStatement"])
def test_the_reference_implementations_messages_hold(name: str) -> None:
    message, details = VALID[name]["message"], VALID[name]["recap"]
    recap = Recap.decode(message["resources"][-1])
    assert (recap.att, list(recap.prf)) == (details["att"], details["prf"])
    assert recap.is_told_by(message["statement"])
    said = "Some custom statement." if name == "withStatement" else None
    assert recap.statement(said) == message["statement"]
    assert recap.encode() == message["resources"][-1]


def test_the_reference_implementations_text_is_a_message_of_eip_4361() -> None:
    message = SiweMessage.parse(VALID["withCapsMessageString"]["message"])
    recap = Recap.decode((message.resources or ())[-1])
    assert recap.att == VALID["withCapsMessageString"]["recap"]["att"]
    assert recap.is_told_by(message.statement)


def test_what_the_reference_implementation_refuses_is_refused() -> None:
    """Its third invalid message has a well-formed ReCap between other resources: see the tests of delegations."""
    for name in ("withoutCaps", "withStatementNoCaps"):
        message = INVALID[name]["message"]
        assert "resources" not in message
        assert not Recap.of(Capabilities.of((Ability.PKP_SIGNING, Resource.every("lit-pkp")))).is_told_by(message.get("statement"))


def test_a_session_that_a_network_of_lit_signed_is_read_with_its_repeated_statement() -> None:
    text = VECTORS["pkp-session"]["message"]
    message = SiweMessage.parse(text)
    recap = Recap.decode((message.resources or ())[-1])
    assert message.statement is not None
    assert message.statement.count(PREAMBLE) == 3
    assert recap.is_told_by(message.statement)
    assert recap.capabilities() == Capabilities.of(
        (Ability.PKP_SIGNING, Resource.every("lit-pkp")), (Ability.ACTION_EXECUTION, Resource.every("lit-litaction"))
    )
    assert session_digest(text).hex() == VECTORS["pkp-session"]["dataSigned"]


# One encoding


@pytest.mark.parametrize(
    "details",
    [
        "",
        "{}",
        "[]",
        '{"att":{},"prf":[]}',
        '{"att":{"a:b":{}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{}]}}}',
        '{"prf":[],"att":{"a:b":{"x/y":[{}]}}}',
        '{"att":{"a:b":{"x/y":[{}]}},"prf":[] }',
        '{"att":{"b:b":{"x/y":[{}]},"a:b":{"x/y":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/z":[{}],"x/y":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{}]},"a:b":{"x/y":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{"b":1,"a":1}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{"a":1.0}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{"a":9007199254740993}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{"a":"\\u0041"}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{"a":"\\ud800"}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":{}}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[1]}},"prf":[]}',
        '{"att":{"a:b":{"xy":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y/z":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/ y":[{}]}},"prf":[]}',
        '{"att":{"ab":{"x/y":[{}]}},"prf":[]}',
        '{"att":{"a:b":{"x/y":[{}]}},"prf":[1]}',
        '{"att":{"a:b":{"x/y":[{}]}},"prf":[],"more":1}',
        '{"att":{"a:b":{"x/y":[' + "[" * 5000 + "]}}",
        "\ufeff" + '{"att":{"a:b":{"x/y":[{}]}},"prf":[]}',
    ],
)
def test_a_recap_that_is_not_canonical_is_refused(details: str) -> None:
    with pytest.raises(InvalidRecap):
        Recap.decode(urn(details))


GOOD = Recap({"a:b": {"x/y": [{}]}}).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good + "=",
        lambda good: good + "==",
        lambda good: good + "A",
        lambda good: good[:-1] + chr(ord(good[-1]) + 1),
        lambda good: good.replace(URN, URN.upper()),
        lambda good: good.replace(URN, ""),
        lambda good: good + "\n",
        lambda good: URN + " " + good.removeprefix(URN),
        lambda good: URN + good.removeprefix(URN)[:4] + "+/" + good.removeprefix(URN)[6:],
        lambda good: good + "A" * 20_000,
    ],
)
def test_base64_has_one_form_too(change: Any) -> None:
    assert Recap.decode(GOOD).encode() == GOOD
    with pytest.raises(InvalidRecap):
        Recap.decode(change(GOOD))


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_refused_as_a_recap(data: bytes) -> None:
    with contextlib.suppress(InvalidRecap):
        assert Recap.decode(urn(data)).to_json() == data


# The statement


@pytest.mark.parametrize(
    "change",
    [
        lambda told: None,
        lambda told: "",
        lambda told: told + " ",
        lambda told: told[:-1],
        lambda told: told + " And nothing else.",
        lambda told: "Hello." + told,
        lambda told: told.replace("'x'", "'X'"),
        lambda told: told.replace("(1)", "(2)"),
        lambda told: told.replace("further ", ""),
        lambda told: told.replace("'a:b'", "'a:c'"),
    ],
)
def test_a_statement_that_says_something_else_does_not_tell_the_recap(change: Any) -> None:
    recap = Recap.decode(GOOD)
    told = recap.statement()
    assert recap.is_told_by(told)
    assert recap.is_told_by("Hello. " + told)
    assert recap.is_told_by(told + " " + told)
    assert not recap.is_told_by(change(told))


# What is granted


def granted(att: dict[str, dict[str, list[dict[str, Any]]]]) -> Capabilities:
    return Recap.decode(Recap(dict(sorted(att.items()))).encode()).capabilities()


def test_an_ability_is_about_the_kind_of_resource_that_it_stands_beside() -> None:
    assert granted({"lit-pkp://*": {"Threshold/Signing": [{}]}}).pairs == {(Ability.PKP_SIGNING, Resource.every("lit-pkp"))}
    conditions = granted({"lit-accesscontrolcondition://A/b": {"Threshold/Decryption": [{}], "Threshold/Signing": [{}]}})
    resource = Resource.conditions("a", "b")
    assert conditions.pairs == {(Ability.DECRYPTION, resource), (Ability.ACC_SIGNING, resource)}
    assert granted({"lit-pkp://*": {"Threshold/Execution": [{}]}}) == NOTHING
    assert granted({"lit-litaction://*": {"Threshold/Signing": [{}]}}) == NOTHING


@pytest.mark.parametrize(
    "att",
    [
        {"lit-pkp://*": {"Threshold/Signing": []}},
        {"lit-pkp://*": {"Threshold/Signing": [{"max": 1}]}},
        {"lit-pkp://*": {"threshold/signing": [{}]}},
        {"lit-pkp://*": {"Threshold/*": [{}]}},
        {"lit-pkp:*": {"Threshold/Signing": [{}]}},
        {"lit-pkp://": {"Threshold/Signing": [{}]}},
        {"LIT-PKP://*": {"Threshold/Signing": [{}]}},
        {"lit-resolvedauthcontext://*": {"Auth/Auth": [{}]}},
        {"https://example.com": {"crud/delete": [{}]}},
        {"lit-unheardof://*": {"*/*": [{}]}},
    ],
)
def test_what_is_not_known_grants_nothing(att: dict[str, dict[str, list[dict[str, Any]]]]) -> None:
    assert granted(att) == NOTHING


def test_every_ability_of_a_resource_may_be_written_at_once_and_reaches_no_other_resource() -> None:
    found = granted({"lit-accesscontrolcondition://*": {"*/*": [{}]}})
    assert {ability for ability, _ in found.pairs} == {Ability.DECRYPTION, Ability.ACC_SIGNING}
    assert not found.allows(Ability.PKP_SIGNING, Resource.pkp(1))


def test_token_ids_are_numbers_however_they_are_written() -> None:
    for text in ("0xAB", "ab", "0x00ab", "AB".rjust(64, "0")):
        assert granted({f"lit-pkp://{text}": {"Threshold/Signing": [{}]}}).allows(Ability.PKP_SIGNING, Resource.pkp(0xAB))
    assert not granted({"lit-pkp://ab": {"Threshold/Signing": [{}]}}).allows(Ability.PKP_SIGNING, Resource.pkp(0xAC))
    assert not granted({"lit-pkp://" + "0" * 65 + "ab": {"Threshold/Signing": [{}]}}).allows(Ability.PKP_SIGNING, Resource.pkp(0xAB))


def test_capabilities_written_as_a_recap_are_read_back() -> None:
    capabilities = Capabilities.of(
        (Ability.PKP_SIGNING, Resource.pkp(7)),
        (Ability.ACTION_EXECUTION, Resource.action("QmB")),
        (Ability.ACTION_EXECUTION, Resource.action("Qma")),
        (Ability.DECRYPTION, Resource.conditions("aa", "bb")),
        (Ability.ACC_SIGNING, Resource.conditions("aa", "bb")),
        (Ability.RATE_LIMIT_INCREASE, Resource("lit-ratelimitincrease", "9")),
    )
    recap = Recap.of(capabilities)
    assert Recap.decode(recap.encode()).capabilities() == capabilities


def test_merging_adds_an_ability_and_keeps_the_order() -> None:
    recap = Recap.of(Capabilities.of((Ability.PKP_SIGNING, Resource.every("lit-pkp"))))
    merged = recap.merged("lit-resolvedauthcontext://*", "Auth/Auth", {"auth_context": {"resources": []}}).merged("a:b", "x/y", {})
    assert list(merged.att) == ["a:b", "lit-pkp://*", "lit-resolvedauthcontext://*"]
    assert Recap.decode(merged.encode()) == merged
    assert list(recap.att) == ["lit-pkp://*"]
