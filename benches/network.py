"""A whole network of four node processes on this machine, as a client sees it."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import votive
from benches.parties import compared
from benches.process import total_cpu_seconds
from benches.report import Report, Row, publish, timed
from votive.devnet import Devnet

NODES = 4
SEQUENTIAL = 60
PARALLEL = 8
PER_WORKER = 12
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 60.0
RESTING_PERCENT = 10.0
PRIME = Path(__file__).resolve().parent.parent / "examples" / "prime.js"


async def run() -> None:
    """Start a network twice (cold, warm), sign with it, leave it alone, and report."""
    with tempfile.TemporaryDirectory(prefix="votive-bench-") as directory:
        cold, network = await start(Path(directory))
        await network.down()
        warm, network = await start(Path(directory))
        try:
            await settle(network)
            rows = [
                Row(name="start to serving with keys on chain, fresh directory", unit="s", value=cold, reach="≤ 15"),
                Row(name="start to serving, existing directory", unit="s", value=warm, reach="≤ 15"),
                *await measure(network),
                await idle(network),
            ]
        finally:
            await network.down()
    publish(Report(section="network", rows=tuple(rows)))


async def start(directory: Path) -> tuple[float, Devnet]:
    """Bring the network up; return the seconds it took."""
    begin = time.monotonic()
    network = await Devnet.up(directory, nodes=NODES)
    return time.monotonic() - begin, network


async def settle(network: Devnet) -> None:
    """Wait until the nodes rest: after a start they fill their stock of keys and warm their pools, and that is not what is measured."""
    deadline, share = time.monotonic() + SETTLE_SECONDS, 100.0
    while share > RESTING_PERCENT and time.monotonic() < deadline:
        share = await cpu_share(network, 2.0)


async def measure(network: Devnet) -> list[Row]:
    """Latency and throughput of a plain signature and of the prime action."""
    account = network.accounts[0].private_key
    async with votive.connect(network.node_url(1)) as client:
        cid = await client.publish(PRIME.read_bytes())
        key = await client.mint(account=account)
        await client.grant(key.token_id, action=cid, account=account)

        async def sign(i: int) -> Any:
            return await client.sign(key.token_id, hashlib.sha256(str(i).encode()).digest(), account=account)

        async def prime(_: int) -> Any:
            return await client.execute(cid, {"n": "7919", "publicKey": key.public_key}, account=account)

        await asyncio.gather(*(sign(-i) for i in range(1, 5)), *(prime(0) for _ in range(2)))
        await settle(network)
        return [
            *await latencies(network, "pkp/sign", sign, reach="≤ 60", rate_reach="≥ 20"),
            *await compared(node_pids(network), sign),
            *await latencies(network, "prime action", prime, reach="≤ 120"),
        ]


async def latencies(network: Devnet, name: str, call: Callable[[int], Awaitable[Any]], reach: str, rate_reach: str = "") -> list[Row]:
    """One at a time, then eight at a time."""
    pids = node_pids(network)
    before = total_cpu_seconds(pids)
    one = [await milliseconds(call, i) for i in range(SEQUENTIAL)]
    cpu = (total_cpu_seconds(pids) - before) * 1000 / SEQUENTIAL
    begin = time.monotonic()
    many = await asyncio.gather(*(worker(call, 1000 * (1 + w)) for w in range(PARALLEL)))
    rate = PARALLEL * PER_WORKER / (time.monotonic() - begin)
    return [
        timed(f"{name}, one at a time", one, reach),
        Row(name=f"{name}, CPU of all node processes and what they start", unit="ms", value=cpu, samples=SEQUENTIAL),
        timed(f"{name}, {PARALLEL} at a time", [sample for samples in many for sample in samples]),
        Row(name=f"{name}, {PARALLEL} at a time", unit="per s", value=rate, samples=PARALLEL * PER_WORKER, reach=rate_reach),
    ]


def node_pids(network: Devnet) -> list[int]:
    """The node processes."""
    return [pid for seat in range(1, NODES + 1) if (pid := network.node_pid(seat))]


async def worker(call: Callable[[int], Awaitable[Any]], first: int) -> list[float]:
    """Call again and again; return the latencies."""
    return [await milliseconds(call, first + i) for i in range(PER_WORKER)]


async def milliseconds(call: Callable[[int], Awaitable[Any]], i: int) -> float:
    """Time one call."""
    begin = time.monotonic()
    await call(i)
    return (time.monotonic() - begin) * 1000


async def idle(network: Devnet) -> Row:
    """What the network's processes use when nobody asks anything."""
    await asyncio.sleep(3)
    share = await cpu_share(network, IDLE_SECONDS)
    return Row(name="idle: all processes, share of one core", unit="%", value=share, samples=1, reach="< 5")


async def cpu_share(network: Devnet, seconds: float) -> float:
    """CPU of all processes of the network over the next ``seconds``, in percent of one core."""
    status = await network.status()
    pids = [node.pid for node in status.nodes if node.pid] + [pid for pid in (status.chain.pid, status.ipfs.pid) if pid]
    before = total_cpu_seconds(pids)
    await asyncio.sleep(seconds)
    return (total_cpu_seconds(pids) - before) / seconds * 100
