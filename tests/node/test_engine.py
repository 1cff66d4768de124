"""The engine's threads: what a step returns or raises reaches whoever waits, and nobody else."""

from __future__ import annotations

import asyncio
import threading

import pytest

from votive.node.engine import Engine


async def test_a_step_runs_in_another_thread_and_gives_what_it_returns() -> None:
    with Engine(2) as engine:
        assert await engine(threading.get_ident) != threading.get_ident()


async def test_what_a_step_raises_is_raised_where_it_is_awaited() -> None:
    def broken() -> None:
        raise RuntimeError("a check failed")

    with Engine(1) as engine:
        with pytest.raises(RuntimeError, match="a check failed"):
            await engine(broken)
        assert await engine(lambda: "and the thread lives on") == "and the thread lives on"


async def test_steps_run_at_once_in_as_many_threads_as_there_are_and_the_rest_wait() -> None:
    gate, begun = threading.Event(), threading.Semaphore(0)

    def step() -> int:
        begun.release()
        gate.wait(10)
        return threading.get_ident()

    with Engine(3) as engine:
        steps = [engine(step) for _ in range(5)]
        for _ in range(3):
            assert await asyncio.to_thread(begun.acquire, timeout=10)
        assert not begun.acquire(blocking=False), "the other two wait for a thread"
        gate.set()
        assert len(set(await asyncio.gather(*steps))) == 3


async def test_threads_are_used_again() -> None:
    with Engine(8) as engine:
        assert len({await engine(threading.get_ident) for _ in range(20)}) == 1


async def test_a_step_whose_waiter_has_gone_harms_nobody() -> None:
    gate, begun = threading.Event(), threading.Event()

    def step() -> None:
        begun.set()
        gate.wait(10)

    with Engine(1) as engine:
        running, waiting = engine(step), engine(lambda: pytest.fail("nobody waits for this step"))
        assert await asyncio.to_thread(begun.wait, 10)
        running.cancel()
        waiting.cancel()
        gate.set()
        assert await engine(lambda: 7) == 7


async def test_after_the_end_no_step_begins_and_nobody_waits() -> None:
    gate, begun = threading.Event(), threading.Event()

    def step() -> str:
        begun.set()
        gate.wait(10)
        return "finished"

    with Engine(1) as engine:
        running, waiting = engine(step), engine(lambda: pytest.fail("it had not begun"))
        assert await asyncio.to_thread(begun.wait, 10)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    gate.set()
    assert await running == "finished"
