"""Keys through the command line: who may use one, and how that changes."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import PRIME, Place
from tests.e2e.facts import check_key, check_signature, check_timings, is_hex

from votive.ipfs import cid_of

DIGEST = "0x" + "5a" * 32
SIGN_FIELDS = {"digest", "r", "s", "v", "signature", "public_key", "nodes", "timings_ms"}


@pytest.fixture
def key(place: Place) -> dict[str, str]:
    minted: dict[str, str] = place.run("key", "mint")
    return minted


@pytest.fixture
def addresses(place: Place) -> list[str]:
    return [account["address"] for account in place.run("status")["accounts"]]


def test_a_minted_key_belongs_to_the_payer_who_may_sign(place: Place, key: dict[str, str], addresses: list[str]) -> None:
    assert key.keys() == {"token_id", "public_key", "eth_address", "owner", "transaction"}
    check_key(key)
    assert key["owner"] == addresses[0]
    assert is_hex(key["transaction"], 32)
    signed = place.run("key", "sign", key["token_id"], "--digest", DIGEST)
    assert signed.keys() == SIGN_FIELDS
    assert signed["digest"] == DIGEST
    assert signed["public_key"] == key["public_key"]
    assert signed["signature"] == signed["r"] + signed["s"][2:] + f"{signed['v']:02x}"
    check_signature(signed, key["public_key"])
    assert set(signed["nodes"]) <= {1, 2, 3, 4}
    assert len(signed["nodes"]) >= 3
    check_timings(signed["timings_ms"])


def test_a_token_may_be_named_in_decimal(place: Place, key: dict[str, str]) -> None:
    assert place.run("key", "show", int(key["token_id"], 16))["token_id"] == key["token_id"]


def test_a_stranger_is_refused_until_permitted_and_again_after(place: Place, key: dict[str, str], addresses: list[str]) -> None:
    sign = ("key", "sign", key["token_id"], "--digest", DIGEST, "--as", 1)
    refusal = place.refused(*sign)
    assert refusal["errorCode"] == "NodeAuthSigScopeTooLimited"
    assert refusal["details"][-1]["saidBy"] == [1, 2, 3, 4]
    granted = place.run("key", "grant", key["token_id"], "--address", addresses[1])
    assert granted == {"token_id": key["token_id"], "address": addresses[1], "transaction": granted["transaction"]}
    assert place.run("key", "show", key["token_id"])["permitted_addresses"] == [addresses[1]]
    check_signature(place.run(*sign), key["public_key"])
    place.run("key", "revoke", key["token_id"], "--address", addresses[1])
    assert place.run("key", "show", key["token_id"])["permitted_addresses"] == []
    assert place.refused(*sign)["errorCode"] == "NodeAuthSigScopeTooLimited"


def test_transferring_the_token_moves_the_right(place: Place, key: dict[str, str], addresses: list[str]) -> None:
    moved = place.run("key", "transfer", key["token_id"], addresses[2])
    assert (moved["owner"], moved["token_id"]) == (addresses[2], key["token_id"])
    sign = ("key", "sign", key["token_id"], "--digest", DIGEST)
    assert place.refused(*sign)["errorCode"] == "NodeAuthSigScopeTooLimited"
    check_signature(place.run(*sign, "--as", addresses[2]), key["public_key"])
    assert key["token_id"] in {each["token_id"] for each in place.run("key", "list", "--owner", addresses[2])}


def test_nobody_can_permit_anything_after_the_burn(place: Place, key: dict[str, str], addresses: list[str]) -> None:
    cid = cid_of(PRIME.read_bytes())
    place.run("key", "grant", key["token_id"], "--action", cid)
    burned = place.run("key", "burn", key["token_id"])
    assert burned.keys() == {"token_id", "transaction"}
    shown = place.run("key", "show", key["token_id"])
    assert (shown["owner"], shown["permitted_actions"]) == (None, [cid])
    error = place.refused("key", "grant", key["token_id"], "--address", addresses[0])
    assert error["errorCode"] == "ClientTransactionFailed"
    assert f"{key['token_id']} was burned" in error["message"]
    assert place.refused("key", "sign", key["token_id"], "--digest", DIGEST)["errorCode"] == "NodeAuthSigScopeTooLimited"
    assert key["token_id"] in {each["token_id"] for each in place.run("key", "list")}


def test_only_the_owner_may_change_anything(place: Place, key: dict[str, str], addresses: list[str]) -> None:
    for change in (
        ("grant", key["token_id"], "--address", addresses[1]),
        ("transfer", key["token_id"], addresses[1]),
        ("burn", key["token_id"]),
    ):
        error = place.refused("key", *change, "--as", 1)
        assert error["errorCode"] == "ClientTransactionFailed"
        assert f"{key['token_id']} is owned by {addresses[0]}; you act as {addresses[1]}" in error["message"]


@pytest.mark.parametrize("digest", ["0x12", "zz", "0x" + "00" * 33])
def test_a_digest_has_32_bytes(place: Place, key: dict[str, str], digest: str) -> None:
    assert place.refused("key", "sign", key["token_id"], "--digest", digest)["errorCode"] == "NodeBadInput"


def test_an_unknown_key_is_said_to_be_unknown(place: Place) -> None:
    changes = (("grant", 5, "--address", 1), ("revoke", 5, "--address", 1), ("transfer", 5, 1), ("burn", 5))
    for command in (("sign", 5, "--digest", DIGEST), ("show", 5), *changes):
        assert place.refused("key", *command)["errorCode"] == "NodeUnknownKey"


def test_the_same_commands_speak_to_people(place: Place, key: dict[str, str]) -> None:
    assert key["token_id"] in place.say("key", "list")
    assert "signature" in place.say("key", "sign", key["token_id"], "--digest", DIGEST)
    said = place.say("key", "sign", key["token_id"], "--digest", DIGEST, "--as", 3, status=1)
    assert said.startswith("votive: ")
    assert "NodeAuthSigScopeTooLimited" in said
