"""Ids as Lit's clients put them on chain. The hashes were computed with pycryptodome over the texts as written here."""

from __future__ import annotations

import pytest

from votive.terms.auth_method import AuthMethod, MethodType, method_id, method_ids, passkey_challenge, wallet_ids

VECTORS = {
    (
        "105835462345678901234",
        "407408718192.apps.googleusercontent.com",
    ): "4c72844da57852f82489513b955e4c8d5d6ce454480fc6b744b688bed96733a2",
    ("001234.abcdef0123456789.1234", "com.example.app"): "fc7777ed298194f531b442329c4c8453aad21fe452fda588fd0891393ec95ce0",
    ("80351110224678912", "105287423965869266"): "073b31b81426c7dbd0a92783ad0b4a491e9b677bc7e0943a1eaae3f39ace5f86",
    ("dGhlIGNyZWRlbnRpYWwgaWQ", "lit"): "9597f832de70b7a4d8d8eb1d3b26c5d8461298c3031f3b5014ea3bbb164d1d27",
}
WALLET = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


@pytest.mark.parametrize(("user", "application"), VECTORS)
def test_an_id_is_the_hash_of_user_and_application(user: str, application: str) -> None:
    assert method_id(user, application).hex() == VECTORS[user, application]
    assert method_ids(MethodType.GOOGLE_JWT, user, application) == (method_id(user, application),)


def test_a_wallet_may_stand_as_its_address_or_as_the_hash_of_its_name_in_either_case() -> None:
    assert [one.hex() for one in wallet_ids(WALLET.lower())] == [
        "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a",
        "33ec56a97e80b03e65d3648656d27a06fa150c25925d8862ca6305df090b6014",
        "a877bd3b173d78f92abceced149cae16736f0f5c2804a1d797a3c11e51a086df",
    ]
    assert method_ids(MethodType.ETH_WALLET, WALLET, "lit") == wallet_ids(WALLET)


def test_what_a_method_shows_of_itself_holds_no_token() -> None:
    method = AuthMethod(auth_method_type=6, access_token="eyJ-canary")
    assert "canary" not in repr(method)
    assert "canary" not in f"{method} {method!r}"


def test_a_challenge_names_block_and_request() -> None:
    one = passkey_challenge(b"\x01" * 32, "votive://request/" + "0" * 64)
    assert len(one) == 32
    assert one != passkey_challenge(b"\x02" * 32, "votive://request/" + "0" * 64)
    assert one != passkey_challenge(b"\x01" * 32, "votive://request/" + "1" * 64)
