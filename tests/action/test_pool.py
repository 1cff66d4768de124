"""Processes are kept ready, used once, replaced when they die, and gone when the pool is."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from votive.action import Pool, PoolBusy, SandboxUnavailable, Warm
from votive.action.child import Child
from votive.action.launcher import Launcher, find_deno

from .conftest import AUTH, LIMITS

ANSWER = b"globalThis.seen = (globalThis.seen ?? 0) + 1; Lit.Actions.setResponse({response: String(seen)})"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(LIMITS, warm=Warm(bare=1, ethers=0)) as pool:
        yield pool


def idle(pool: Pool, *, ethers: bool = False) -> list[int]:
    return [child.pid for child in pool._idle[ethers]]


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def until(condition, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_no_process_serves_two_runs(pool, host):
    assert [(await pool.run(ANSWER, {}, AUTH, host)).response for _ in range(3)] == ["1", "1", "1"]


async def test_a_used_process_is_gone_and_replaced(pool, host):
    await until(lambda: len(idle(pool)) == 1)
    [first] = idle(pool)
    await pool.run(ANSWER, {}, AUTH, host)
    await until(lambda: not exists(first) and len(idle(pool)) == 1)


class Counting(Launcher):
    starts = 0

    async def start(self, *, ethers: bool) -> Child:
        type(self).starts += 1
        return await super().start(ethers=ethers)


@pytest.fixture
def counting(monkeypatch) -> type[Counting]:
    monkeypatch.setattr(Counting, "starts", 0)
    monkeypatch.setattr("votive.action.pool.Launcher", Counting)
    return Counting


async def test_while_others_wait_ready_nothing_is_started_between_two_runs(host, counting, monkeypatch):
    monkeypatch.setattr("votive.action.pool._REST_SECONDS", 0.3)
    async with Pool(LIMITS, warm=Warm(bare=3, ethers=0)) as pool:
        await until(lambda: len(idle(pool)) == 3)
        for _ in range(2):
            await pool.run(ANSWER, {}, AUTH, host)
            await asyncio.sleep(0.05)
            assert counting.starts == 3
        await until(lambda: len(idle(pool)) == 3)
        assert counting.starts == 5


async def test_a_frame_for_a_process_that_is_gone_says_so(pool):
    await until(lambda: len(idle(pool)) == 1)
    child = pool._idle[False].popleft()
    await child.close()
    with pytest.raises(BrokenPipeError):
        await child.send(b"")


async def test_a_process_that_dies_while_it_waits_is_replaced(pool, host):
    await until(lambda: len(idle(pool)) == 1)
    [first] = idle(pool)
    os.kill(first, signal.SIGKILL)
    await until(lambda: idle(pool) not in ([], [first]) and not exists(first))
    assert (await pool.run(ANSWER, {}, AUTH, host)).response == "1"


async def test_both_kinds_are_kept_ready_and_ethers_goes_only_to_code_that_names_it(host):
    async with Pool(LIMITS, warm=Warm(bare=1, ethers=1)) as pool:
        await until(lambda: len(idle(pool)) == 1 and len(idle(pool, ethers=True)) == 1)
        [with_ethers] = idle(pool, ethers=True)
        await pool.run(ANSWER, {}, AUTH, host)
        assert idle(pool, ethers=True) == [with_ethers]
        await pool.run(b"ethers.version", {}, AUTH, host)
        assert with_ethers not in idle(pool, ethers=True)


async def test_leaving_the_pool_leaves_no_process_and_no_file(host):
    async with Pool(LIMITS, warm=Warm(bare=2, ethers=1)) as pool:
        await until(lambda: len(idle(pool)) == 2 and len(idle(pool, ethers=True)) == 1)
        pids = idle(pool) + idle(pool, ethers=True)
        home = Path(pool._launcher._home.name)
        assert home.is_dir()
    assert not any(exists(pid) for pid in pids)
    assert not home.exists()


async def test_what_a_killed_host_left_is_removed_when_its_pool_opens_again(tmp_path, host):
    left = tmp_path / "sandbox" / "votive-action-of-the-killed" / "run-1"
    left.mkdir(parents=True)
    (left / "file").write_text("left")
    async with Pool(LIMITS, warm=Warm(bare=1, ethers=0), place=tmp_path / "sandbox") as pool:
        assert not left.exists()
        assert (await pool.run(ANSWER, {}, AUTH, host)).response
        assert len(list((tmp_path / "sandbox").iterdir())) == 1
    assert list((tmp_path / "sandbox").iterdir()) == []


async def test_a_cancelled_run_takes_its_process_with_it(pool, host):
    await until(lambda: len(idle(pool)) == 1)
    [first] = idle(pool)
    run = asyncio.create_task(pool.run(b"for (;;);", {}, AUTH, host))
    await until(lambda: first not in idle(pool))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await until(lambda: not exists(first))


async def test_more_runs_than_may_wait_are_refused(host):
    async with Pool(LIMITS, warm=Warm(bare=1, ethers=0), parallel=1, queue=1) as pool:
        first, second = (asyncio.create_task(pool.run(b"setTimeout(() => {}, 300)", {}, AUTH, host)) for _ in range(2))
        await asyncio.sleep(0.1)
        with pytest.raises(PoolBusy) as caught:
            await pool.run(ANSWER, {}, AUTH, host)
        assert caught.value.status == 429
        await asyncio.gather(first, second)
        assert (await pool.run(ANSWER, {}, AUTH, host)).response == "1"


async def test_many_runs_at_once_all_get_their_own_answer(pool, host):
    source = b"setTimeout(() => Lit.Actions.setResponse({response: String(n)}), 5)"
    results = await asyncio.gather(*(pool.run(source, {"n": n}, AUTH, host) for n in range(24)))
    assert [result.response for result in results] == [str(n) for n in range(24)]


async def test_waiting_processes_use_no_processor_time(host):
    async with Pool(LIMITS, warm=Warm(bare=2, ethers=0)) as pool:
        await until(lambda: len(idle(pool)) == 2)
        await asyncio.sleep(0.3)
        before = [cpu_ticks(pid) for pid in idle(pool)]
        await asyncio.sleep(1.5)
        assert sum(cpu_ticks(pid) for pid in idle(pool)) - sum(before) <= 1


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_a_deno_that_cannot_start_is_known_at_once(tmp_path):
    missing = tmp_path / "deno"
    with pytest.raises(SandboxUnavailable, match="Install"):
        await Pool(deno=missing).__aenter__()
    missing.write_text("#!/bin/sh\necho this is no deno >&2\n")
    missing.chmod(0o755)
    with pytest.raises(SandboxUnavailable, match="this is no deno"):
        await Pool(deno=missing).__aenter__()


async def test_a_pool_names_the_layers_in_force_and_those_missing(pool):
    assert pool.layers() == ("process-per-run", "deno-no-permissions", "empty-environment", "rlimits")
    assert pool.missing_layers() == ("namespaces", "landlock", "seccomp")


def test_deno_is_found_beside_the_interpreter():
    assert find_deno().name == "deno"
