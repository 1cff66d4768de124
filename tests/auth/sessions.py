"""Sessions for tests: what a client signs, written out by hand, so that each part can be wrong in its own way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from votive.auth import AuthSig, SiweMessage
from votive.terms.bls_session import session_digest
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.recap import Recap

NOW = 1_800_000_000.0
WALLET: LocalAccount = Account.from_key(b"\x11" * 32)
OTHER_WALLET: LocalAccount = Account.from_key(b"\x22" * 32)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)
NODE_URL = "http://127.0.0.1:7470"
SIGNING = Capabilities.of((Ability.PKP_SIGNING, Resource.every("lit-pkp")))
BOTH = Capabilities.of((Ability.PKP_SIGNING, Resource.every("lit-pkp")), (Ability.ACTION_EXECUTION, Resource.every("lit-litaction")))


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


@dataclass
class Siwe:
    """A delegating message; ``None`` leaves a field out, what is given replaces it."""

    capabilities: Capabilities = BOTH
    recap: Recap | None = None
    address: str = WALLET.address
    uri: str = "lit:session:" + public(KEY)
    issued: float = -10.0
    expires: float | None = 3600.0
    said: str | None = "Sign in to the application."
    statement: str | None = "…"
    resources: tuple[str, ...] | None = None
    chain_id: int = 1
    domain: str = "localhost"
    now: float = NOW
    fields: dict[str, Any] = field(default_factory=dict)

    def message(self) -> SiweMessage:
        recap = self.recap or Recap.of(self.capabilities)
        given: dict[str, Any] = {
            "domain": self.domain,
            "address": self.address,
            "statement": recap.statement(self.said) if self.statement == "…" else self.statement,
            "uri": self.uri,
            "chain_id": self.chain_id,
            "nonce": "0x" + "ab" * 32,
            "issued_at": rfc3339(self.now + self.issued),
            "expiration_time": None if self.expires is None else rfc3339(self.now + self.expires),
            "resources": (recap.encode(),) if self.resources is None else self.resources,
        }
        return SiweMessage(**(given | self.fields))


def by_wallet(siwe: SiweMessage | None = None, wallet: LocalAccount = WALLET, **fields: Any) -> dict[str, Any]:
    text = (siwe or Siwe().message()).to_text()
    signature = wallet.sign_message(encode_defunct(text=text)).signature
    found = {
        "sig": "0x" + bytes(signature).hex(),
        "derivedVia": "web3.eth.personal.sign",
        "signedMessage": text,
        "address": wallet.address,
    }
    return found | fields


def by_network(siwe: SiweMessage, sign: Any, **fields: Any) -> dict[str, Any]:
    """What a PKP's session is signed with, the network's key being a function of the digest."""
    text = siwe.to_text()
    sig = json.dumps({"ProofOfPossession": sign(session_digest(text)).hex()}, separators=(",", ":"))
    return {"sig": sig, "algo": "LIT_BLS", "derivedVia": "lit.bls", "signedMessage": text, "address": siwe.address} | fields


def requests(*pairs: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"resource": {"resource": identity, "resourcePrefix": prefix}, "ability": ability} for ability, prefix, identity in pairs]


ALL = requests(("pkp-signing", "lit-pkp", "*"), ("lit-action-execution", "lit-litaction", "*"))


def session(
    key: Ed25519PrivateKey = KEY,
    *,
    issued: float = 0.0,
    expires: float = 300.0,
    now: float = NOW,
    outer: dict[str, Any] | None = None,
    **fields: Any,
) -> AuthSig:
    """A session signature for the node at ``NODE_URL``; ``fields`` replace parts of the signed text, ``outer`` of what is around it."""
    signed = {
        "sessionKey": public(key),
        "resourceAbilityRequests": ALL,
        "capabilities": [by_wallet()],
        "issuedAt": rfc3339(now + issued),
        "expiration": rfc3339(now + expires),
        "nodeAddress": NODE_URL,
    }
    text = json.dumps({name: value for name, value in (signed | fields).items() if value is not ...}, separators=(",", ":"))
    given = {
        "sig": key.sign(text.encode()).hex(),
        "derived_via": "litSessionSignViaNacl",
        "signed_message": text,
        "address": public(key),
        "algo": "ed25519",
    }
    return AuthSig(**(given | (outer or {})))
