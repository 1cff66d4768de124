"""Encryption, decryption and sessions on a whole network of four node processes, as a client sees them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import votive
from benches.network import NODES, milliseconds, settle
from benches.process import total_cpu_seconds
from benches.report import Report, Row, publish, timed
from votive.client import Network, SessionStore
from votive.devnet import Devnet

SEQUENTIAL = 60
PARALLEL = 32
PER_WORKER = 6
LARGE_BYTES = 64 * 1024 * 1024
MIB = 1024 * 1024
CONDITION = "balance(yellowstone) > 0"

Call = Callable[[int], Awaitable[Any]]


async def run() -> None:
    """Start a network, encrypt and decrypt with it, and report."""
    with tempfile.TemporaryDirectory(prefix="votive-bench-") as directory:
        network = await Devnet.up(Path(directory) / "network", nodes=NODES)
        try:
            await settle(network)
            rows = await measure(network, Path(directory))
        finally:
            await network.down()
    publish(Report(section="encryption", rows=tuple(rows)))


async def measure(network: Devnet, directory: Path) -> list[Row]:
    """Latencies of requests by a wallet and by a session, and the throughput of files."""
    account, store = network.accounts[0].private_key, SessionStore(directory / "state")
    async with votive.connect(network.node_url(1)) as client:
        key = await client.mint(account=account)
        sealed = await client.encrypt(b"what few may read", CONDITION)
        session = await client.session(account, ["lit-accesscontrolcondition://*", f"lit-pkp://{key.token_id}"], store=store)

        async def encrypt(_: int) -> Any:
            return await client.encrypt(b"what few may read", CONDITION)

        async def by_wallet(_: int) -> Any:
            return await client.decrypt(sealed, account=account)

        async def by_session(_: int) -> Any:
            return await client.decrypt(sealed, session=session)

        async def sign(i: int) -> Any:
            return await client.sign(key.token_id, i.to_bytes(32), session=session)

        await asyncio.gather(*(by_wallet(i) for i in range(8)), *(sign(i) for i in range(1, 5)))
        await settle(network)
        return [
            await alone("encrypt, no node asked", encrypt),
            *await latencies(network, "decryption by a wallet", by_wallet),
            *await latencies(network, "decryption by a session", by_session),
            await alone("pkp/sign by a session, one at a time", lambda i: sign(1000 + i)),
            *await files(client, directory, account),
        ]


async def alone(name: str, call: Call) -> Row:
    """One after the other."""
    return timed(name, [await milliseconds(call, i) for i in range(SEQUENTIAL)])


async def latencies(network: Devnet, name: str, call: Call) -> list[Row]:
    """One at a time, with the nodes' CPU; then ``PARALLEL`` at a time."""
    pids = [pid for seat in range(1, NODES + 1) if (pid := network.node_pid(seat))]
    before = total_cpu_seconds(pids)
    one = await alone(f"{name}, one at a time", call)
    cpu = (total_cpu_seconds(pids) - before) * 1000 / SEQUENTIAL
    begin = time.monotonic()
    many = await asyncio.gather(*(worker(call) for _ in range(PARALLEL)))
    rate = PARALLEL * PER_WORKER / (time.monotonic() - begin)
    return [
        one,
        Row(name=f"{name}, CPU of all node processes", unit="ms", value=cpu, samples=SEQUENTIAL),
        timed(f"{name}, {PARALLEL} at a time", [sample for samples in many for sample in samples]),
        Row(name=f"{name}, {PARALLEL} at a time", unit="per s", value=rate, samples=PARALLEL * PER_WORKER),
    ]


async def worker(call: Call) -> list[float]:
    """Call again and again; return the latencies."""
    return [await milliseconds(call, i) for i in range(PER_WORKER)]


async def files(client: Network, directory: Path, account: str) -> list[Row]:
    """Throughput of a large file, in and out."""
    source = directory / "large"
    source.write_bytes(bytes(LARGE_BYTES))
    into = await milliseconds(lambda _: client.encrypt_file(source, directory / "sealed.json", CONDITION), 0)
    out = await milliseconds(lambda _: client.decrypt_file(directory / "sealed.json", directory / "opened", account=account), 0)
    size = LARGE_BYTES / MIB
    return [
        Row(name=f"encrypting a file of {size:.0f} MiB", unit="MiB/s", value=size / into * 1000),
        Row(name=f"decrypting a file of {size:.0f} MiB", unit="MiB/s", value=size / out * 1000),
    ]
