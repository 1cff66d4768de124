"""Bodies: limited while they come in, parsed once, strictly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from votive.node.api.body import MAX_DEPTH, Budget, announced, parse, read_json, typed
from votive.node.execute import EncryptionSignBody, ExecuteBody, PkpSignBody
from votive.terms.errors import CallerError, ErrorCode


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def endless(sent: list[int]) -> AsyncIterator[bytes]:
    while True:
        sent.append(1000)
        yield b"x" * 1000


async def test_a_body_that_declares_too_much_is_refused_before_a_byte_is_read() -> None:
    sent: list[int] = []
    with pytest.raises(CallerError) as caught:
        await read_json(endless(sent), 70_000, 64 * 1024, Budget())
    assert (caught.value.status, caught.value.code, sent) == (413, ErrorCode.BODY_TOO_LARGE, [])


async def test_a_body_that_never_ends_is_refused_at_the_limit() -> None:
    sent: list[int] = []
    with pytest.raises(CallerError) as caught:
        await read_json(endless(sent), None, 10_000, Budget())
    assert caught.value.status == 413
    assert sum(sent) <= 11_000


async def test_all_bodies_together_are_bounded_and_what_was_read_is_given_back() -> None:
    budget = Budget(2_000)
    with pytest.raises(CallerError) as caught:
        await read_json(endless([]), None, 10_000, budget)
    assert (caught.value.status, caught.value.code) == (429, ErrorCode.CONCURRENCY_OVERLOAD)
    assert await read_json(chunks(b'{"a": "', b"x" * 1900, b'"}'), None, 10_000, budget) == {"a": "x" * 1900}


async def test_a_whole_body_has_the_same_limit() -> None:
    with pytest.raises(CallerError) as caught:
        await read_json(b'{"a": 1}', None, 7, Budget())
    assert caught.value.status == 413
    assert await read_json(b'{"a": 1}', 8, 8, Budget()) == {"a": 1}


async def test_a_whole_body_counts_while_it_is_parsed() -> None:
    budget = Budget(8)
    with pytest.raises(CallerError) as caught:
        await read_json(b'{"a": 12}', 9, 100, budget)
    assert caught.value.status == 429
    for _ in range(2):
        assert await read_json(b'{"a": 1}', 8, 100, budget) == {"a": 1}


@pytest.mark.parametrize(
    ("header", "length"),
    [(None, None), ("", None), ("-1", None), ("+1", None), ("ten", None), ("٣", None), ("²", None), ("70000", 70_000), ("0" * 9 + "7", 7)],
)
def test_a_strange_content_length_is_none(header: str | None, length: int | None) -> None:
    assert announced(header) == length


def test_a_content_length_of_any_size_is_read() -> None:
    assert (announced("9" * 5000) or 0) > 10**18


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": {"a": 1, "a": 1}}', "twice"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b'{"a": 1} {"b": 2}', "not JSON"),
        (b"\xff{}", "UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too long"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deep"),
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes, word: str) -> None:
    with pytest.raises(CallerError, match=word) as caught:
        parse(body)
    assert caught.value.status == 400


def test_nesting_up_to_the_limit_is_accepted() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null"])
async def test_only_an_object_is_a_request(body: bytes) -> None:
    with pytest.raises(CallerError, match="object"):
        await read_json(chunks(body), None, 100, Budget())


async def test_a_large_body_is_parsed_like_a_small_one() -> None:
    text = "y" * 1_000_000
    assert await read_json(chunks(msgspec.json.encode({"a": text})), None, 2_000_000, Budget()) == {"a": text}


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        ({}, EncryptionSignBody, "dataToEncryptHash"),
        ({"dataToEncryptHash": 7}, EncryptionSignBody, "dataToEncryptHash"),
        ({"toSign": []}, PkpSignBody, "pubkey"),
        ({"toSign": "00", "pubkey": "0x"}, PkpSignBody, "toSign"),
        ({"toSign": [1, "2"], "pubkey": "0x"}, PkpSignBody, "toSign"),
        ({"toSign": [1], "pubkey": 4}, PkpSignBody, "pubkey"),
        ({"code": 4}, ExecuteBody, "code"),
        ({"ipfsId": ["Qm"]}, ExecuteBody, "ipfsId"),
        ({"jsParams": [1]}, ExecuteBody, "jsParams"),
        ({"jsParams": "text"}, ExecuteBody, "jsParams"),
    ],
)
def test_a_missing_or_ill_typed_field_is_named(body: dict[str, object], kind: type[msgspec.Struct], field: str) -> None:
    with pytest.raises(CallerError) as caught:
        typed(body, kind)
    assert caught.value.status == 400
    assert caught.value.details[0]["field"].startswith(field)
    assert field in caught.value.message


def test_unknown_fields_are_ignored() -> None:
    assert typed({"code": "eA==", "epoch": 7, "responseStrategy": {}}, ExecuteBody) == ExecuteBody(code="eA==")
