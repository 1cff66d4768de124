"""PKPEthersWallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_key_is_an_ethers_signer_by_session_and_through_an_action(run: Callable[[str], dict[str, Any]], network: dict[str, Any]) -> None:
    found, address = run("ethers_wallet.mjs"), network["key"]["eth_address"]
    all_of_it = {**dict.fromkeys(("address", "message", "typed", "transaction"), address), "sent": {"from": address, "status": 1}}
    assert found == {"direct": all_of_it, "throughAction": all_of_it, "spent": True}
