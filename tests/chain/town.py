"""What the chain's tests are played on: an anvil process, a deployed network, and endpoints that misbehave."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, web
from coincurve import PrivateKey
from tests.serving import serving

from votive.chain.abi import Function
from votive.chain.deploy import DeployConfig, Deployment, NodeEntry, deploy
from votive.chain.rpc import Rpc
from votive.chain.token import token_id
from votive.chain.votes import Votes
from votive.chain.wallet import Mining, Receipt, Transaction, Wallet
from votive.terms.contracts import Contracts
from votive.terms.key import BatchVote, KeyVote, Purpose, Scheme

DEPLOYER = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ALICE = bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
"""The first two of anvil's published development accounts."""

MINT = Function("mintNext(uint256)", "uint256")
MINT_GRANT_AND_BURN = Function("mintGrantAndBurnNext(uint256,bytes)", "uint256")
GRANT_ACTION = Function("addPermittedAction(uint256,bytes,uint256[])", "")
GRANT_ADDRESS = Function("addPermittedAddress(uint256,address,uint256[])", "")
GRANT_METHOD = Function("addPermittedAuthMethod(uint256,(uint256,bytes,bytes),uint256[])", "")
REVOKE_ACTION = Function("removePermittedAction(uint256,bytes)", "")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Anvil:
    """An anvil process; a context manager that ends it."""

    def __init__(self, binary: str, port: int, chain_id: int = 31337, state: Path | None = None) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.chain_id = chain_id
        self._command = [binary, "--port", str(port), "--chain-id", str(chain_id), "--silent"]
        if state is not None:
            self._command += ["--state", str(state)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command)
        until = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < until, "anvil did not start"
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def ask(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as response:
            answer = json.load(response)
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def _answers(self) -> bool:
        try:
            return int(self.ask("eth_chainId"), 16) == self.chain_id
        except OSError:
            return False


@dataclass
class Town:
    """A network of four nodes on a chain, and Alice who mints there."""

    anvil: Anvil
    rpc: Rpc
    deployment: Deployment
    nodes: tuple[NodeEntry, ...]
    wallets: tuple[Wallet, ...]
    alice: Wallet

    @property
    def contracts(self) -> Contracts:
        return self.deployment.contracts

    def votes(self, node: int) -> Votes:
        return Votes(self.rpc, self.contracts, self.wallets[node])

    async def register(self, count: int = 1, batch: int = 1) -> list[int]:
        vote = batch_vote(count, batch)
        for node in range(3):
            await self.votes(node).vote(vote)
        return [token_id(key.public_key) for key in vote.keys]

    async def transact(self, to: str, data: bytes, value: int = 0) -> Receipt:
        """Send as Alice and wait for the receipt."""
        mining = Mining(self.rpc)
        nonce, fees = await mining.nonce(self.alice.address), await mining.fees()
        transaction = Transaction(to=to, data=data, value=value, gas=2_000_000, nonce=nonce, fees=fees)
        receipt = await mining.receipt(await mining.send(self.alice, transaction), 5)
        assert receipt.succeeded
        return receipt


async def a_town(anvil: Anvil, rpc: Rpc) -> Town:
    wallets = tuple(Wallet(hashlib.sha256(b"node %d" % seat).digest()) for seat in (1, 2, 3, 4))
    nodes = tuple(_node(seat, wallet) for seat, wallet in enumerate(wallets, 1))
    deployment = await deploy(anvil.url, DEPLOYER, DeployConfig(nodes=nodes))
    return Town(anvil, rpc, deployment, nodes, wallets, Wallet(ALICE))


def _node(seat: int, wallet: Wallet) -> NodeEntry:
    return NodeEntry(
        seat=seat,
        address=wallet.address,
        url=f"http://127.0.0.1:{7000 + seat}",
        peer_port=9000 + seat,
        certificate_hash=hashlib.sha256(b"certificate %d" % seat).digest(),
        x25519_key=hashlib.sha256(b"x25519 %d" % seat).digest(),
    )


def batch_vote(count: int, batch: int = 1, deadline_block: int = 100_000) -> BatchVote:
    keys = []
    for place in range(count):
        secret = PrivateKey(hashlib.sha256(f"key {batch}/{place}".encode()).digest())
        keys.append(KeyVote(public_key=secret.public_key.format(compressed=False), verification_hash=bytes([place]) * 32))
    return BatchVote(
        epoch=1,
        batch=batch,
        purpose=Purpose.PKP_ECDSA,
        scheme=Scheme.ECDSA_SECP256K1,
        deadline_block=deadline_block,
        transcript_hash=b"t" * 32,
        keys=tuple(keys),
    )


def own_key_vote(purpose: Purpose, batch: int = 1) -> BatchVote:
    """A vote for one BLS key of the network: flags of a compressed point and a small x."""
    key = KeyVote(public_key=(4 << 381 | batch + len(purpose)).to_bytes(48), verification_hash=bytes([batch]) * 32)
    fields = {"epoch": 1, "batch": batch, "purpose": purpose, "scheme": purpose.scheme, "deadline_block": 100_000}
    return BatchVote(**fields, transcript_hash=b"t" * 32, keys=(key,))


Twist = Callable[[str, dict[str, Any]], Any]
"""Given a method and the honest answer, returns another answer, or an awaitable of one."""


@asynccontextmanager
async def a_proxy(upstream: str, twist: Twist) -> AsyncIterator[str]:
    """An endpoint that passes everything on to ``upstream`` and twists the answers; yields its URL."""

    async def handle(request: web.Request) -> web.Response:
        question = await request.json()
        async with ClientSession() as session, session.post(upstream, json=question) as response:
            answer = twist(question["method"], await response.json())
        if asyncio.iscoroutine(answer):
            answer = await answer
        return web.Response(text=answer) if isinstance(answer, str) else web.json_response(answer)

    async with serving(handle) as url:
        yield url + "/"
