"""claimKeyId, Lit.Actions.claimKey, claimAndMint."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import Refusal, refusal

from votive.core import derive_public_key
from votive.terms.claim import user_key_id
from votive.terms.ethereum import selector_of

ALREADY_CLAIMED = selector_of("AlreadyClaimed(uint256)").hex()
NOT_GRANTED = selector_of("ClaimNotGranted(bytes32,address)").hex()


def test_sdk_chain_and_nodes_agree_on_the_key_of_a_name_and_it_signs_as_any_other(
    run: Callable[[str], dict[str, Any]], network: dict[str, Any]
) -> None:
    found = run("claims.mjs")
    roots = [bytes.fromhex(root) for root in found["chainRoots"]]
    assert len(roots) == 10
    assert [root[1:33] for root in roots] == [bytes.fromhex(root)[1:] for root in found["roots"]]
    expected = {
        "wallet": derive_public_key(roots, user_key_id(network["addresses"][1], "lit")).hex(),
        "token": derive_public_key(roots, user_key_id("nine", "app-9")).hex(),
    }
    for name in ("wallet", "token", "treasury", "reserve"):
        key = dict(found[name])
        assert key.pop("tokenId") and key.pop("routed") and key.pop("id", True), name
        assert len(set(key.values())) == 1, f"{name}: {key}"
        assert key["sdk"] == expected.get(name, key["sdk"])
    assert found["signatures"] == 4
    assert found["used"] == {"session": "NodeAuthSigScopeTooLimited", "action": found["wallet"]["sdk"]}

    refused = {name: refusal(error) for name, error in found["refused"].items()}
    of_nodes = {name: error.error_code for name, error in refused.items() if error.name == "NodeError"}
    assert of_nodes == {
        "unclaimed": "NodeUnknownKey",
        "root": "NodeUnknownKey",
        "stranger": "NodeAuthSigScopeTooLimited",
    }
    for name in ("forged", "discord"):  # the SDK makes no error of its own of a claim's refusal
        info = refused[name].info
        assert info is not None
        assert (refused[name].name, info["responseData"]["error"]["errorCode"]) == ("UnknownError", "NodeInvalidAuthMethod")
    assert refused["passkey"].name == "LitNodeClientNotReadyError"
    assert reverted(refused["again"]) == ALREADY_CLAIMED
    assert {reverted(refused[name]) for name in ("fewSignatures", "otherName")} == {NOT_GRANTED}
    assert reverted(refusal(found["reserveByStranger"])) == NOT_GRANTED

    burned = {name: refusal(error) for name, error in found["burned"].items()}
    assert burned["signing"].error_code == "NodeAuthSigScopeTooLimited"
    assert reverted(burned["claiming"]) == ALREADY_CLAIMED


def reverted(error: Refusal) -> str:
    """The contract's error that ended a mint, by its selector."""
    assert error.name == "TransactionError"
    found = re.search(r"custom error 0x([0-9a-f]{8})", error.message)
    assert found is not None, error.message
    return found[1]
