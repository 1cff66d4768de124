from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from votive.auth import AuthSig, SiweMessage, parse_auth_sig
from votive.terms.binding import RequestBinding

NOW = 1_800_000_000.0
WALLET: LocalAccount = Account.from_key(b"\x11" * 32)
OTHER_WALLET: LocalAccount = Account.from_key(b"\x22" * 32)
BODY: dict[str, Any] = {"toSign": list(range(32)), "pubkey": "0x04", "epoch": 1}


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def now() -> float:
    return NOW


@pytest.fixture
def wallet() -> LocalAccount:
    return WALLET


@pytest.fixture
def other_wallet() -> LocalAccount:
    return OTHER_WALLET


@pytest.fixture
def request_binding() -> RequestBinding:
    return RequestBinding.of("/web/pkp/sign", "lit_0123456789abc", BODY)


@pytest.fixture
def message(request_binding: RequestBinding) -> Callable[..., SiweMessage]:
    def make(*, issued: float = -1.0, expires: float | None = 299.0, **fields: Any) -> SiweMessage:
        given: dict[str, Any] = {
            "domain": "localhost",
            "address": WALLET.address,
            "uri": "http://localhost:7470",
            "chain_id": 31337,
            "nonce": "a1b2c3d4e5",
            "issued_at": rfc3339(NOW + issued),
            "expiration_time": None if expires is None else rfc3339(NOW + expires),
            "resources": (request_binding.resource,),
        }
        return SiweMessage(**(given | fields))

    return make


@pytest.fixture
def sign() -> Callable[..., AuthSig]:
    def sign_text(text: str | SiweMessage, wallet: LocalAccount = WALLET, **fields: Any) -> AuthSig:
        text = text if isinstance(text, str) else text.to_text()
        signature = wallet.sign_message(encode_defunct(text=text)).signature
        given = {
            "sig": "0x" + bytes(signature).hex(),
            "derivedVia": "web3.eth.personal.sign",
            "signedMessage": text,
            "address": WALLET.address,
        }
        return parse_auth_sig(given | fields)

    return sign_text
