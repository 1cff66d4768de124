"""What a client adds to the nodes' time: Lit's JavaScript SDK and ours, in turns on one network, doing the same with the same rights.

Both show session signatures of the same wallet for the same resources, wait for all four nodes, and verify what they return; both have
warmed up. What an SDK adds is told in three ways, since the nodes' time is much longer and never twice the same:

* its own time in a call: until its last request is handed to HTTP, and from when the last answer begins to arrive. Eight at a time calls
  wait for one another's, and this tells nothing;
* its own CPU, beyond what it takes to write the same requests and send them without an SDK (``bare.py``);
* how much longer a call takes than those requests, written beforehand, in the same turn: the median over all turns. Only on a
  machine that does nothing else does this tell a few milliseconds.
"""

from __future__ import annotations

import base64
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

import votive
from benches.bare import Bare
from benches.callers import Caller, Calls, Here, Watched, javascript
from benches.callers import timed as taken_by
from benches.network import NODES, settle
from benches.report import Report, Row, publish, timed
from votive.client import Network, Session, SessionStore
from votive.client.results import Minted
from votive.devnet import Devnet
from votive.devnet.lit_config import lit_config
from votive.terms.ethereum import keccak

RESOURCES = ("lit-litaction://*", "lit-pkp://*")
CODE = b"""(async () => {
  const toSign = ethers.utils.arrayify(ethers.utils.id(text));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'signed' });
  Lit.Actions.setResponse({ response: text });
})();"""
WARM_UP, PARALLEL = 40, 8
TURNS = {1: (80, 1), PARALLEL: (12, 2)}
"""How many turns each client has, and how often each worker calls in one, by the number of workers."""
ARRIVALS = {1: 24, PARALLEL: 5}
"""How often each worker connects and opens a session, by the number of workers."""
HOW = {1: "one at a time", PARALLEL: f"{PARALLEL} at a time"}
REACH = "< 0.5"
SDKS = ("javascript", "python")
NAMES = {"nodes": "the nodes alone", "javascript": "Lit's SDK", "python": "ours"}

Turn = dict[str, Calls]
"""What each client took, one after another."""


async def run() -> None:
    """Start a network, put both SDKs and none to it in turns, and report."""
    with tempfile.TemporaryDirectory(prefix="votive-bench-") as directory:
        network = await Devnet.up(Path(directory) / "network", nodes=NODES)
        try:
            async with callers(network, Path(directory)) as clients:
                for client in clients.values():
                    await warm(client)
                await settle(network)
                rows = await measure(clients)
        finally:
            await network.down()
    publish(Report(section="sdk", rows=tuple(rows)))


async def measure(clients: dict[str, Caller]) -> list[Row]:
    """All rows."""
    sdks = {name: clients[name] for name in SDKS}
    rows = []
    for workers, how in HOW.items():
        arrivals = await turns(sdks, "arrive", ARRIVALS[workers], 1, workers)
        rows += [*compared(f"connect, {how}", arrivals, "connect"), *compared(f"first session, {how}", arrivals, "session")]
    for operation, name in (("sign", "pkpSign"), ("execute", "executeJs")):
        for workers, how in HOW.items():
            taken = await turns(clients, operation, *TURNS[workers], workers)
            rows += [*compared(f"{name}, {how}", taken, "all"), *added(f"{name}, {how}", taken, alone=workers == 1)]
    return rows


async def turns(clients: dict[str, Caller], operation: str, count: int, calls: int, workers: int) -> list[Turn]:
    """Let all clients call in so many turns, each turn beginning with another."""
    names, taken = list(clients), []
    for turn in range(count):
        order = names[turn % len(names) :] + names[: turn % len(names)]
        taken.append({name: await clients[name].calls(operation, calls, workers) for name in order})
    return taken


async def warm(client: Caller) -> None:
    """Call until compilers have compiled, connections are open, and nodes know the session."""
    await client.calls("sign", WARM_UP)
    await client.calls("execute", WARM_UP // 2)
    await client.calls("sign", 2, PARALLEL)


def compared(name: str, taken: Sequence[Turn], step: str) -> list[Row]:
    """How long a step takes with each client."""
    return [timed(f"{name}: {NAMES[client]}", samples(taken, client, step)) for client in NAMES if client in taken[0]]


def added(name: str, taken: Sequence[Turn], *, alone: bool) -> list[Row]:
    """What each SDK adds, and what part of Lit's that of ours is; ``alone`` says that calls were not made beside others."""
    own = {client: samples(taken, client, "own") for client in SDKS}
    cpu = {client: cpu_of_each(taken, client) for client in NAMES}
    longer = {client: differences(taken, client) for client in SDKS}
    of_own = [timed(f"{name}: own time of {NAMES[client]}", own[client]) for client in SDKS]
    return [
        *([*of_own, ratio(f"{name}: own time, ours ÷ Lit's SDK", own)] if alone else []),
        *(timed(f"{name}: CPU of {NAMES[client]}", cpu[client]) for client in SDKS),
        timed(f"{name}: CPU of the same requests without an SDK", cpu["nodes"]),
        ratio(f"{name}: CPU beyond that, ours ÷ Lit's SDK", {client: beyond(cpu[client], cpu["nodes"]) for client in SDKS}),
        *(timed(f"{name}: longer than the nodes alone, {NAMES[client]}", longer[client]) for client in SDKS),
    ]


def beyond(cpu: Sequence[float], least: Sequence[float]) -> list[float]:
    """What a client's CPU is more than the median of the ``least``, in each turn, in ms."""
    return [taken - statistics.median(least) for taken in cpu]


def ratio(name: str, of: dict[str, list[float]]) -> Row:
    """The median of ours by that of Lit's SDK."""
    ours, theirs = statistics.median(of["python"]), statistics.median(of["javascript"])
    return Row(name=name, unit="", value=ours / theirs, samples=len(of["python"]), reach=REACH)


def samples(taken: Sequence[Turn], client: str, step: str) -> list[float]:
    """A step's time in every call of a client, in ms."""
    return [sample for turn in taken for sample in turn[client].of(step)]


def differences(taken: Sequence[Turn], client: str) -> list[float]:
    """How much longer a client's calls take than the nodes alone, in each turn, in ms."""
    return [statistics.median(turn[client].of("all")) - statistics.median(turn["nodes"].of("all")) for turn in taken]


def cpu_of_each(taken: Sequence[Turn], client: str) -> list[float]:
    """A client's own CPU for one call, in each turn, in ms."""
    return [turn[client].cpu / len(turn[client].milliseconds) for turn in taken]


@asynccontextmanager
async def callers(network: Devnet, directory: Path) -> AsyncIterator[dict[str, Caller]]:
    """The clients, all of one wallet and one key."""
    account, store = network.accounts[0].private_key, SessionStore(directory / "state")
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(votive.connect(network.node_url(1)))
        key = await client.mint(account=account)
        session = await client.session(account, RESOURCES, store=store)
        client._requests._session = Watched(client._http)  # to see when its requests leave
        bare = Bare([node.url for node in client.committee.nodes])
        stack.push_async_callback(bare.close)
        described = {
            "client": msgspec.to_builtins(lit_config(network.plan).client) | {"debug": False},
            "account": account,
            "publicKey": key.public_key,
            "code": CODE.decode(),
        }
        yield {
            "nodes": Here("nodes", alone(bare, client, session, key)),
            "javascript": await stack.enter_async_context(javascript(described, directory)),
            "python": Here("python", our_operations(network, client, session, key, directory)),
        }


def our_operations(network: Devnet, client: Network, session: Session, key: Minted, directory: Path) -> dict[str, Any]:
    """Our SDK."""
    account, url = network.accounts[0].private_key, network.node_url(1)

    async def arrive(text: str) -> dict[str, float]:
        began = time.perf_counter()
        async with votive.connect(url) as client:
            there = time.perf_counter()
            session = await client.session(account, RESOURCES, store=SessionStore(directory / text))
            session.prove(client.committee.nodes)
            return {"connect": (there - began) * 1000, "session": since(there)}

    async def sign(text: str) -> dict[str, float]:
        digest = keccak(text.encode())
        return await taken_by(lambda: client.sign(key.token_id, digest, session=session))

    async def execute(text: str) -> dict[str, float]:
        params = {"publicKey": key.public_key, "text": text}
        return await taken_by(lambda: client.execute(CODE, params, session=session))

    return {"arrive": arrive, "sign": sign, "execute": execute}


def alone(bare: Bare, client: Network, session: Session, key: Minted) -> dict[str, Any]:
    """No SDK: what it would send, written before the clock starts."""

    def bodies(fields: dict[str, Any]) -> list[bytes]:
        proofs = session.prove(client.committee.nodes)
        return [
            msgspec.json.encode({**fields, "authSig": proofs[node.seat], "epoch": client.committee.epoch})
            for node in client.committee.nodes
        ]

    async def sign(text: str) -> dict[str, float]:
        written = bodies({"toSign": list(keccak(text.encode())), "pubkey": key.public_key})
        return await taken_by(lambda: bare.post("/web/pkp/sign/v1", written))

    async def execute(text: str) -> dict[str, float]:
        written = bodies({"code": base64.b64encode(CODE).decode(), "jsParams": {"publicKey": key.public_key, "text": text}})
        return await taken_by(lambda: bare.post("/web/execute/v1", written))

    return {"sign": sign, "execute": execute}


def since(began: float) -> float:
    """Milliseconds since ``began``."""
    return (time.perf_counter() - began) * 1000
