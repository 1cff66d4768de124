"""What it costs a node to know who asks: CPU time of one request's authorisation, by kind of credentials.

The chain is a constant here; what a contract wallet costs beyond this is the chain's own time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_account.messages import encode_defunct

from benches.report import Report, Row, percentile, publish
from votive.auth import ActionRef, AuthPolicy, Credentials, Granting, World
from votive.auth.methods import Methods
from votive.chain.wallets import WalletAnswer
from votive.terms.binding import RequestBinding
from votive.terms.block import Block
from votive.terms.capability import Ability, Capabilities, Resource
from votive.terms.recap import Recap

ROUNDS, BATCH = 40, 25
WALLET = Account.from_key(b"\x11" * 32)
KEY = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
PUBLIC = KEY.public_key().public_bytes_raw().hex()
NOW = 1_800_000_000.0
NODE = "127.0.0.1:7470"
BODY = {"toSign": list(range(32)), "pubkey": "0x04" + "ab" * 64, "epoch": 1}
RIGHTS = Capabilities.of((Ability.PKP_SIGNING, Resource.every("lit-pkp")), (Ability.ACTION_EXECUTION, Resource.every("lit-litaction")))


class _Chain:
    """A chain that answers at once, with no contract wallets on it, no keys, and a network that signed nothing."""

    block = Block(number=7, hash=b"\x07" * 32)

    async def final_block(self) -> Block:
        return self.block

    async def is_valid_signature(self, address: str, digest: bytes, signature: bytes, block: Block) -> WalletAnswer:
        return WalletAnswer(False, "there is no contract")

    async def verify(self, digest: bytes, signature: bytes) -> bool:
        return False

    async def owner(self, token_id: int, block: Block) -> str | None:
        return None

    async def is_permitted(self, token_id: int, *what: object) -> tuple[bool, frozenset[int]]:
        return False, frozenset()

    is_permitted_action = is_permitted_address = is_permitted_method = is_permitted

    async def token_of_address(self, address: str, block: Block) -> int | None:
        return None


def a_granting() -> Granting:
    """Return what a node grants with, and nothing remembered yet."""
    chain = _Chain()
    return Granting(
        World(
            policy=AuthPolicy(),
            now=lambda: NOW,
            final_block=chain.final_block,
            node_address=NODE,
            chain_id=31337,
            contract_wallets=chain,
            network=chain,
            methods=Methods({}),
            keys=chain,
            name_action=lambda cid: ActionRef(cid=cid, multihash=bytes(34)),
        )
    )


def moment(seconds: float) -> str:
    """Write RFC 3339, from now."""
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(*, uri: str, statement: str, resource: str) -> str:
    """Return the text that the wallet signs."""
    return "\n".join(
        (
            "app.example wants you to sign in with your Ethereum account:",
            WALLET.address,
            "",
            statement,
            "",
            f"URI: {uri}",
            "Version: 1",
            "Chain ID: 1",
            f"Nonce: 0x{'ab' * 32}",
            f"Issued At: {moment(0)}",
            f"Expiration Time: {moment(240)}",
            "Resources:",
            f"- {resource}",
        )
    )


def by_wallet(text: str) -> dict[str, str]:
    """Sign a message as a person's wallet does."""
    signature = WALLET.sign_message(encode_defunct(text=text)).signature
    return {
        "sig": "0x" + bytes(signature).hex(),
        "derivedVia": "web3.eth.personal.sign",
        "signedMessage": text,
        "address": WALLET.address,
    }


def a_session(said: str) -> dict[str, str]:
    """Sign as a session key; another thing ``said`` makes another capability."""
    recap = Recap.of(RIGHTS)
    capability = by_wallet(message(uri=f"lit:session:{PUBLIC}", statement=recap.statement(said), resource=recap.encode()))
    text = json.dumps(
        {
            "sessionKey": PUBLIC,
            "resourceAbilityRequests": [
                {"resource": {"resource": "*", "resourcePrefix": "lit-pkp"}, "ability": "pkp-signing"},
                {"resource": {"resource": "*", "resourcePrefix": "lit-litaction"}, "ability": "lit-action-execution"},
            ],
            "capabilities": [capability],
            "issuedAt": moment(0),
            "expiration": moment(300),
            "nodeAddress": f"http://{NODE}",
        },
        separators=(",", ":"),
    )
    return {
        "sig": KEY.sign(text.encode()).hex(),
        "derivedVia": "litSessionSignViaNacl",
        "signedMessage": text,
        "address": PUBLIC,
        "algo": "ed25519",
    }


async def _measure(name: str, one: Callable[[int], Awaitable[object]], reach: str = "") -> Row:
    """Measure ``one``, called with the numbers of its calls, in batches: the clock of CPU time ticks coarsely."""
    samples = []
    for round_ in range(ROUNDS):
        began = time.process_time()
        for number in range(BATCH):
            await one(round_ * BATCH + number)
        samples.append((time.process_time() - began) / BATCH * 1000)
    return Row(name=name, unit="ms CPU", value=percentile(samples, 0.5), p95=percentile(samples, 0.95), samples=ROUNDS * BATCH, reach=reach)


async def _rows() -> list[Row]:
    granting = a_granting()
    binding = RequestBinding.of("/web/pkp/sign", "lit_1", BODY)
    wallet = by_wallet(message(uri="http://app.example", statement="Sign in.", resource=binding.resource))
    known = a_session("Sign in.")
    new = [a_session(f"Number {number}.") for number in range(ROUNDS * BATCH)]

    async def authorise(auth_sig: dict[str, str], path: str) -> None:
        bound = RequestBinding.of(path, "lit_1", BODY)
        await granting.grant(Credentials.of(BODY | {"authSig": auth_sig}), bound)

    await authorise(known, "/web/pkp/sign/v1")
    return [
        await _measure("a wallet's signature, bound to its request", lambda _: authorise(wallet, "/web/pkp/sign")),
        await _measure("a session signature, its capability seen before", lambda _: authorise(known, "/web/pkp/sign/v1"), "< 1 ms"),
        await _measure("a session signature with a new capability", lambda number: authorise(new[number], "/web/pkp/sign/v1")),
    ]


async def run() -> None:
    """Measure and publish."""
    publish(Report(section="auth", rows=tuple(await _rows())))
