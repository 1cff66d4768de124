from __future__ import annotations

from typing import Any

import pytest

from votive.terms.ethereum import address_of_text, keccak, personal_digest, revert_data, selector_of, split_types, token_text, types_in


@pytest.mark.parametrize(
    ("given", "data"),
    [("0xdeadbeef", b"\xde\xad\xbe\xef"), ({"data": "0xdeadbeef"}, b"\xde\xad\xbe\xef"), ("0x", b""), (None, b""), ({}, b""), (7, b"")],
)
def test_revert_data_is_read_in_each_form_that_providers_give(given: Any, data: bytes) -> None:
    assert revert_data(given) == data


@pytest.mark.parametrize("given", ["Reverted", "0xabc", "0xzz", {"data": {"data": "0x00"}}, ["0x00"]])
def test_what_is_no_revert_data_is_none(given: Any) -> None:
    assert revert_data(given) == b""


def test_the_hash_is_keccak_and_not_sha3() -> None:
    # The empty account's code hash (Ethereum yellow paper, section 4.1).
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_a_personal_message_is_counted_in_bytes() -> None:
    assert personal_digest("é") == personal_digest("é".encode()) == keccak(b"\x19Ethereum Signed Message:\n2\xc3\xa9")


@pytest.mark.parametrize("text", ["", "0x", "0x" + "11" * 19, "0x" + "11" * 21, "0x" + "zz" * 20])
def test_an_address_has_20_bytes_of_hex(text: str) -> None:
    with pytest.raises(ValueError, match=r"20 bytes|hexadecimal"):
        address_of_text(text)


def test_a_token_id_is_shown_with_its_leading_zeros() -> None:
    assert token_text(0xABCDEF) == "0x" + "0" * 58 + "abcdef"


def test_types_are_split_at_outer_commas() -> None:
    assert split_types("uint256,(bytes,(bool,bytes32)[])[],address") == ("uint256", "(bytes,(bool,bytes32)[])[]", "address")
    assert split_types("") == ()


def test_a_functions_selector_and_types_are_those_of_its_signature() -> None:
    assert selector_of("transfer(address,uint256)").hex() == "a9059cbb"  # ERC-20's, known to everybody
    assert types_in("transfer(address,uint256)") == ("address", "uint256")
