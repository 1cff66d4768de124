"""What the network adds to the engine: the CPU of all node processes for a signature, beside that of the engine's three parties.

Both are taken in the same minute, in turns, for both cores' other work inflates them: on two hyperthreads of one core the same
signature takes up to twice the CPU time that it takes alone. The three parties run at once, each in a thread of its own, as in
the network each runs in a process of its own; the engine's messages go from hand to hand. The median of the turns is reported.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any, TypeVar

import msgspec
from tests.core.ceremony import Committee, key_shares, others, to_receiver

from benches.process import ThreadTimes, thread_times
from benches.report import Row, percentile
from votive.terms.participant import Seat

T = TypeVar("T")

TURNS = 9
PER_TURN = 12
NODES, SIGNERS = 4, 3


class Parties:
    """Three of four parties of the engine, each with a thread."""

    def __init__(self) -> None:
        self._committee = Committee(range(1, NODES + 1))
        signers = self._committee.seats[:SIGNERS]
        for pair in itertools.combinations(signers, 2):
            self._committee.set_up(*pair)
        self._shares = key_shares(self._committee.generate())
        self._threads = {seat: ThreadPoolExecutor(1) for seat in signers}

    def sign(self) -> float:
        """Make one signature; return the CPU of the three threads in ms, wrapper included."""
        spent: list[float] = []
        digest = hashlib.sha256(secrets.token_bytes(8)).digest()
        begin = time.thread_time()
        parties = self._committee.signing_parties(self._shares, digest=digest)
        spent.append((time.thread_time() - begin) * 1000)
        first = self._step(spent, lambda seat: parties[seat].round1())
        second = self._step(spent, lambda seat: parties[seat].round2(to_receiver(seat, first)))
        third = self._step(spent, lambda seat: parties[seat].round3(to_receiver(seat, second)))
        self._step(spent, lambda seat: parties[seat].finish(others(seat, third)))
        return sum(spent)

    def close(self) -> None:
        """End the threads."""
        for thread in self._threads.values():
            thread.shutdown()

    def _step(self, spent: list[float], step: Callable[[Seat], T]) -> Mapping[Seat, T]:
        def timed(seat: Seat) -> tuple[T, float]:
            begin = time.thread_time()
            result = step(seat)
            return result, (time.thread_time() - begin) * 1000

        running = {seat: thread.submit(timed, seat) for seat, thread in self._threads.items()}
        ended = {seat: future.result() for seat, future in running.items()}
        spent.extend(cost for _, cost in ended.values())
        return {seat: result for seat, (result, _) in ended.items()}


class Turn(msgspec.Struct, frozen=True):
    """One turn's means a signature, in ms of CPU."""

    loops: float
    threads: float
    engine: float

    @property
    def nodes(self) -> float:
        """All node processes."""
        return self.loops + self.threads


async def compared(pids: Sequence[int], sign: Callable[[int], Awaitable[Any]]) -> list[Row]:
    """Sign with the network and with the bare engine in turns; return the ratio and its parts."""
    parties = Parties()
    try:
        turns = [await turn(pids, parties, sign, 100_000 + number * PER_TURN) for number in range(TURNS)]
    finally:
        parties.close()
    samples = TURNS * PER_TURN
    return [
        Row(name="pkp/sign, CPU of all node processes", unit="ms", value=median(turn.nodes for turn in turns), samples=samples),
        Row(name="  of it the nodes' event loops", unit="ms", value=median(turn.loops for turn in turns), samples=samples),
        Row(name="  of it the nodes' other threads: the engine", unit="ms", value=median(turn.threads for turn in turns), samples=samples),
        Row(name="three parties of the engine at once, CPU", unit="ms", value=median(turn.engine for turn in turns), samples=samples),
        Row(
            name="pkp/sign, CPU of all node processes ÷ three parties of the engine, in turns",
            unit="",
            value=median(ratios := [turn.nodes / turn.engine for turn in turns]),
            p95=percentile(ratios, 0.95),
            samples=TURNS,
            reach="≤ 1.5",
        ),
    ]


async def turn(pids: Sequence[int], parties: Parties, sign: Callable[[int], Awaitable[Any]], first: int) -> Turn:
    """Half of the engine's signatures, the network's, and the other half."""
    engine = [await asyncio.to_thread(parties.sign) for _ in range(PER_TURN // 2)]
    before = of_all(pids)
    for number in range(PER_TURN):
        await sign(first + number)
    after = of_all(pids)
    engine += [await asyncio.to_thread(parties.sign) for _ in range(PER_TURN // 2)]
    return Turn(
        loops=(after.main - before.main) * 1000 / PER_TURN,
        threads=(after.others - before.others) * 1000 / PER_TURN,
        engine=sum(engine) / len(engine),
    )


def of_all(pids: Sequence[int]) -> ThreadTimes:
    """The CPU of several processes until now."""
    found = [thread_times(pid) for pid in pids]
    return ThreadTimes(main=sum(times.main for times in found), others=sum(times.others for times in found))
