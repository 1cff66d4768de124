"""Solidity's ABI against eth_abi, which the code under test does not use, and against contracts that return what they like."""

from __future__ import annotations

import eth_abi.abi
import pytest
from eth_utils.abi import function_signature_to_4byte_selector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from votive.terms.conditions.abi_codec import MAX_ELEMENTS, call_data, decode_one, value_of
from votive.terms.conditions.abi_types import AbiError, type_of
from votive.terms.ethereum import checksum_address

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine too."""


ELEMENTARY = [
    *(f"uint{bits}" for bits in (8, 64, 256)),
    *(f"int{bits}" for bits in (8, 128, 256)),
    "address",
    "bool",
    "string",
    "bytes",
    "bytes1",
    "bytes32",
]
types = st.builds("".join, st.tuples(st.sampled_from(ELEMENTARY), st.sampled_from(["", "", "[]", "[2]", "[3][]", "[][2]", "[1][2][]"])))


def value_for(name: str) -> st.SearchStrategy:
    """Return values of a type, as eth_abi takes them."""
    if name.endswith("]"):
        inner, _, size = name[:-1].rpartition("[")
        return st.lists(value_for(inner), min_size=int(size or 0), max_size=int(size or 3))
    if name.startswith("uint"):
        return st.integers(0, 2 ** int(name[4:]) - 1)
    if name.startswith("int"):
        bits = int(name[3:])
        return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if name in {"string", "bytes"}:
        return st.text(max_size=70).filter(encodable) if name == "string" else st.binary(max_size=70)
    if name.startswith("bytes"):
        return st.binary(min_size=int(name[5:]), max_size=int(name[5:]))
    return st.booleans() if name == "bool" else st.binary(min_size=20, max_size=20).map(checksum_address)


def encodable(text: str) -> bool:
    return "\ud800" not in text and text.isprintable()


def written(value) -> str:
    """Write a value as conditions do."""
    if isinstance(value, list):
        return "[" + ",".join(f'"{item}"' if isinstance(item, str) and not item.startswith("0x") else written(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def plain(value):
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value.lower() if isinstance(value, str) else value


@given(st.data(), st.lists(types, min_size=1, max_size=4))
@settings(PATIENT, max_examples=300)
def test_calls_and_answers_are_those_of_eth_abi(data, names):
    values = [data.draw(value_for(name)) for name in names]
    kinds = [type_of(name) for name in names]
    encoded = eth_abi.abi.encode(names, values)
    assert call_data("f", kinds, values) == function_signature_to_4byte_selector(f"f({','.join(names)})") + encoded
    assert [plain(decode_one(kinds, encoded, index)) for index in range(len(kinds))] == plain(values)


@given(st.data(), types)
@settings(PATIENT, max_examples=300)
def test_a_value_is_read_from_its_text(data, name):
    value = data.draw(value_for(name))
    text = written(value)
    if "string[" in name and ('"' in text.replace('["', "").replace('","', "").replace('"]', "") or "\\" in text or "0x" in text):
        return
    assert plain(value_of(text, type_of(name))) == plain(value)


@given(types, st.binary(max_size=400))
@settings(PATIENT, max_examples=500)
def test_whatever_a_contract_returns_decodes_or_is_refused(name, returned):
    kind = type_of(name)
    try:
        value = decode_one([kind], returned, 0)
    except AbiError:
        return
    again = eth_abi.abi.decode([name], eth_abi.abi.encode([name], [value]))
    assert plain(list(again)) == plain([value])


def test_a_small_answer_never_unfolds_to_a_large_value():
    """Offsets that all point to one place: 100 words that claim 32 x 32 x 32 elements."""
    words = [0x20, 32, *[32 * 33] * 32]
    inner = [32, *[32 * 33] * 32]
    data = b"".join(word.to_bytes(32) for word in (words[0], 32, *[32 * 32] * 32, *inner, 32, *range(32)))
    with pytest.raises(AbiError):
        decode_one([type_of("uint256[][][]")], data, 0)
    bomb = b"".join(word.to_bytes(32) for word in (32, MAX_ELEMENTS + 1, *range(MAX_ELEMENTS + 1)))
    with pytest.raises(AbiError, match="elements"):
        decode_one([type_of("uint256[]")], bomb, 0)


@pytest.mark.parametrize(
    "name",
    [
        "uint",
        "uint0",
        "uint7",
        "uint264",
        "int",
        "bytes0",
        "bytes33",
        "byte",
        "address20",
        "tuple",
        "(uint256)",
        "function",
        "fixed",
        "fixed128x18",
        "uint256[0]",
        "uint256[-1]",
        "uint256[][][][]",
        "uint256[257]",
        "uint256[16][17]",
        "uint256 ",
        "Uint256",
        "uint２５６",
        "",
        "uint256[",
        "uint256]",
    ],
)
def test_a_type_that_conditions_cannot_use_is_refused(name):
    with pytest.raises(AbiError):
        type_of(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("-1", "uint256"),
        ("256", "uint8"),
        ("128", "int8"),
        ("-129", "int8"),
        ("1.0", "uint256"),
        ("1e3", "uint256"),
        ("1 ether", "uint256"),
        ("007", "uint256"),
        ("-0", "uint256"),
        ("+1", "uint256"),
        ("１", "uint256"),
        (" 1", "uint256"),
        ("", "uint256"),
        ("1" * 64, "uint256"),
        ("0x", "uint256"),
        ("0x" + "f" * 65, "uint256"),
        ("9" * 78, "uint256"),
        ("True", "bool"),
        ("2", "bool"),
        ("0x00", "address"),
        ("0x" + "g" * 40, "address"),
        ("0x0", "bytes"),
        ("0x00 00", "bytes"),
        ("0x0000", "bytes1"),
        ("1,2", "uint256[]"),
        ("[1,]", "uint256[]"),
        ("[1", "uint256[]"),
        ("[1]]", "uint256[]"),
        ("[1,2]", "uint256[3]"),
        ("[a]", "string[]"),
        ('["a\\n"]', "string[]"),
        ('["a]', "string[]"),
        ("\ud800", "string"),
    ],
)
def test_a_text_that_is_no_value_is_refused(text, name):
    with pytest.raises(AbiError):
        value_of(text, type_of(name))


def test_sixty_four_digits_are_refused_because_two_readers_would_read_two_numbers():
    with pytest.raises(AbiError, match="Write hex with 0x"):
        value_of("1234567890" * 6 + "1234", type_of("uint256"))
    assert value_of("0x" + "12" * 32, type_of("uint256")) == int("12" * 32, 16)


@pytest.mark.parametrize(
    ("name", "word"),
    [("bool", 2), ("uint8", 256), ("address", 1 << 160), ("int8", 128), ("bytes1", 1), ("bool", 1 << 255)],
)
def test_a_word_with_bits_that_do_not_belong_to_its_type_is_refused(name, word):
    with pytest.raises(AbiError):
        decode_one([type_of(name)], word.to_bytes(32), 0)
