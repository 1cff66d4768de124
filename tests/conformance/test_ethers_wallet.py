"""PKPEthersWallet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.conformance.conftest import Flow


def test_a_key_is_an_ethers_signer_by_session_and_through_an_action(start: Callable[[str], Flow], network: dict[str, Any]) -> None:
    flow = start("ethers_wallet.mjs")
    found, address = flow.found(), network["key"]["eth_address"]
    all_of_it = {
        **dict.fromkeys(("address", "message", "typed", "transaction"), address),
        "sent": {"from": address, "status": 1},
        "spent": True,
    }
    assert found == {"direct": all_of_it, "throughAction": all_of_it}
    requests = {(answer.endpoint, answer.request_id) for answer in flow.answers}
    asked = Counter(endpoint for endpoint, _ in requests)
    assert (asked["/web/pkp/sign"], asked["/web/execute"]) == (4, 4), "four signatures by session, four through the action"
