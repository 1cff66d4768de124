"""pkpSign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_keys import keys
from tests.conformance.conftest import refusal


def test_a_key_signs_for_its_owner_and_whom_the_chain_permits_and_refuses_strangers(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found, key = run("pkp_sign.mjs"), network["key"]
    signed = found["signed"]
    vrs = (signed["recid"], int(signed["r"], 16), int(signed["s"], 16))
    recovered = keys.Signature(vrs=vrs).recover_public_key_from_msg_hash(bytes.fromhex(found["digest"][2:]))
    assert f"0x04{recovered.to_bytes().hex()}" == key["public_key"]
    assert signed["publicKey"] == key["public_key"].removeprefix("0x")
    assert signed["dataSigned"] == found["digest"].removeprefix("0x")
    assert found["recovered"] == found["permitted"] == key["eth_address"]

    stranger, unknown = refusal(found["stranger"]), refusal(found["unknownKey"])
    assert (stranger.name, stranger.error_code) == ("NodeError", "NodeAuthSigScopeTooLimited")
    assert (unknown.name, unknown.error_code) == ("NodeError", "NodeUnknownKey")
    short = refusal(found["shortDigest"])
    assert (short.name, short.error_code) == ("NodeError", "NodeBadInput")
