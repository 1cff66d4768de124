"""The sandbox alone: actions that do nothing, so that what is measured is the process each of them gets."""

from __future__ import annotations

import asyncio
import resource
import time
from typing import Any

from benches.report import Report, Row, publish, timed
from votive.action import Pool, Warm
from votive.terms.action import AuthContext

SEQUENTIAL = 60
PARALLEL = 8
PER_WORKER = 15
PAUSE_SECONDS = 0.25
AUTH = AuthContext(action_ipfs_ids=(), action_ipfs_id_stack=(), auth_sig_address=None)
SOURCES = {
    "bare": b"Lit.Actions.setResponse({response: String(n)})",
    "ethers": b"Lit.Actions.setResponse({response: ethers.utils.id(String(n))})",
    "fetch named": b"const f = fetch; Lit.Actions.setResponse({response: String(n)})",
}


class NoHost:
    """These actions ask for nothing."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"an action of this benchmark asked for {name}")


async def run() -> None:
    """Measure each kind of action: alone, one after the other, and eight at a time."""
    rows: list[Row] = []
    for name, source in SOURCES.items():
        ethers = name == "ethers"
        async with Pool(warm=Warm(bare=0 if ethers else 2, ethers=2 if ethers else 0), parallel=PARALLEL) as pool:
            await full(pool)
            rows += [await alone(pool, name, source), *await in_a_row(pool, name, source), await at_a_time(pool, name, source)]
    publish(Report(section="action", rows=tuple(rows)))


async def alone(pool: Pool, name: str, source: bytes) -> Row:
    """Latency where every run finds a process ready and nothing else to do."""
    samples = []
    for i in range(SEQUENTIAL // 2):
        await full(pool)
        await asyncio.sleep(PAUSE_SECONDS / 5)
        samples.append(await milliseconds(pool, source, i))
    return timed(f"{name}: a run, with a pause before each", samples)


async def in_a_row(pool: Pool, name: str, source: bytes) -> list[Row]:
    """Latency of runs without a pause, and the processor time of all: the host, the processes used, and those that replace them."""
    await full(pool)
    before = cpu_seconds()
    samples = [await milliseconds(pool, source, i) for i in range(SEQUENTIAL)]
    await full(pool)
    cpu = (cpu_seconds() - before) * 1000 / SEQUENTIAL
    return [
        timed(f"{name}: a run, one right after the other", samples),
        Row(name=f"{name}: CPU of a run, host and new process included", unit="ms", value=cpu, samples=SEQUENTIAL),
    ]


async def at_a_time(pool: Pool, name: str, source: bytes) -> Row:
    """Runs a second, with as many callers as the pool takes."""

    async def worker(first: int) -> None:
        for i in range(PER_WORKER):
            await milliseconds(pool, source, first + i)

    begin = time.monotonic()
    await asyncio.gather(*(worker(1000 * number) for number in range(PARALLEL)))
    return Row(
        name=f"{name}: {PARALLEL} at a time",
        unit="per s",
        value=PARALLEL * PER_WORKER / (time.monotonic() - begin),
        samples=PARALLEL * PER_WORKER,
    )


async def milliseconds(pool: Pool, source: bytes, n: int) -> float:
    """Time one run."""
    begin = time.monotonic()
    await pool.run(source, {"n": n}, AUTH, NoHost())
    return (time.monotonic() - begin) * 1000


async def full(pool: Pool) -> None:
    """Wait until every process that was used is gone and replaced."""
    while pool._closing or any(len(pool._idle[kind]) < wanted for kind, wanted in pool._wanted.items()):  # noqa: ASYNC110  # the pool has no reason to tell
        await asyncio.sleep(0.005)


def cpu_seconds() -> float:
    """User and system time of this process and of all children it has collected."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
