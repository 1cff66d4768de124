"""Sandboxed processes kept ready: one run takes one, and nothing is ever used twice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from votive.action.calls import Run
from votive.action.child import Child
from votive.action.errors import ActionFailed, CodeTooLarge, PoolBusy
from votive.action.fetch import FetchPolicy, SafeFetch
from votive.action.host import Host
from votive.action.launcher import Launcher
from votive.action.run import Conversation, job_header
from votive.terms.action import ActionLimits, AuthContext, RunResult
from votive.terms.errors import CallerError, VotiveError

_RETRY_SECONDS = 1.0
_REST_SECONDS = 0.03
"""How long nothing must have run before a process is replaced while others of its kind wait ready."""


class Warm(msgspec.Struct, frozen=True, kw_only=True):
    """How many processes wait ready: about 30 MB each, 70 MB with ethers."""

    bare: int = 2
    ethers: int = 1


class Pool:
    """Runs actions, each in a process of its own. Use as ``async with Pool() as pool``.

    Args:
        limits: What a run may use where ``run`` is not told otherwise; the memory limit also sets V8's heap.
        warm: Processes kept ready. They are replaced while nothing runs: at once where none of the kind is left, else a little later.
        parallel: Runs at a time.
        queue: Runs that may wait for their turn; more are refused with PoolBusy.
        deno: The Deno binary; by default the one installed beside this Python.
        fetch: What actions may fetch, or a SafeFetch made elsewhere.
        place: A folder for this pool alone, emptied when it opens; by default the system's temporary one is used, where a host
            that is killed leaves its files.
    """

    def __init__(
        self,
        limits: ActionLimits | None = None,
        *,
        warm: Warm | None = None,
        parallel: int = 8,
        queue: int = 64,
        deno: Path | None = None,
        fetch: FetchPolicy | SafeFetch | None = None,
        place: Path | None = None,
    ) -> None:
        self._limits = limits or ActionLimits()
        warm = warm or Warm()
        self._wanted = {False: warm.bare, True: warm.ethers}
        self._idle: dict[bool, deque[Child]] = {False: deque(), True: deque()}
        self._launcher = Launcher(memory_bytes=self._limits.memory_bytes, deno=deno, place=place)
        self._fetcher = fetch if isinstance(fetch, SafeFetch) else SafeFetch(fetch)
        self._turns = asyncio.Semaphore(parallel)
        self._room = parallel + queue
        self._runs = 0
        self._entered = 0
        self._missing = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._refilling: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start the first process, so that a broken Deno is known at once; the others follow in the background."""
        self._launcher.open()
        try:
            self._keep(await self._launcher.start(ethers=False))
        except BaseException:
            self._launcher.close()
            raise
        self._missing.set()
        self._refilling = asyncio.create_task(self._refill())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End every process and remove what they had."""
        if self._refilling is not None:
            self._refilling.cancel()
            await asyncio.wait([self._refilling])
        for idle in self._idle.values():
            while idle:
                self._end(idle.popleft())
        if self._closing:
            await asyncio.wait(self._closing)
        self._launcher.close()

    def layers(self) -> tuple[str, ...]:
        """Name the layers that hold a run, for the node's status."""
        return self._launcher.layers()

    def missing_layers(self) -> tuple[str, ...]:
        """Name the layers that this version or this machine does not have, for the node's status."""
        return self._launcher.missing_layers()

    async def run(
        self, source: bytes, params: Mapping[str, Any], auth: AuthContext, host: Host, limits: ActionLimits | None = None
    ) -> RunResult:
        """Run one action to its end.

        Raises ActionFailed (see ``errors``), PoolBusy, ParameterRefused, CallerError for code that is not UTF-8, or whatever
        VotiveError a Host method raised and the action did not catch. Any of them carries ``logs``. A cancelled run's process is killed.
        """
        limits = limits or self._limits
        _check_code(source, limits)
        header = await asyncio.to_thread(job_header, params, auth, limits.time_seconds)
        if self._runs >= self._room:
            raise PoolBusy(f"{self._runs} actions run or wait here already. Try again, or ask another node.")
        self._enter()
        try:
            async with self._turns:
                return await self._converse(header, source, Run(host, self._fetcher, limits))
        finally:
            self._leave()

    async def _converse(self, header: bytes, source: bytes, run: Run) -> RunResult:
        child = await self._take(ethers=b"ethers" in source)
        conversation = Conversation(child, run)
        try:
            return await conversation.hold(header, source)
        except VotiveError as error:
            error.logs = conversation.logs  # type: ignore[attr-defined]  # also on errors of the host, which know no logs
            raise
        finally:
            self._end(child)

    async def _take(self, *, ethers: bool) -> Child:
        """Take a ready process that lives, or start one."""
        idle = self._idle[ethers]
        while idle:
            child = idle.popleft()
            child.on_exit = _unwatched
            self._missing.set()
            if child.alive:
                return child
            self._end(child)
        self._missing.set()
        return await self._launcher.start(ethers=ethers)

    def _keep(self, child: Child) -> None:
        def lost() -> None:
            if child in self._idle[child.ethers]:
                self._idle[child.ethers].remove(child)
                self._end(child)
                self._missing.set()

        child.on_exit = lost
        self._idle[child.ethers].append(child)

    def _end(self, child: Child) -> None:
        """Kill now, clean up behind the caller's back."""
        child.kill()
        task = asyncio.create_task(child.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _refill(self) -> None:
        """Replace what was used, but while runs are going on leave them the processor."""
        while True:
            await self._missing.wait()
            await self._quiet.wait()
            kind = self._most_missed()
            if kind is None:
                self._missing.clear()
            elif not self._idle[kind] or await self._rested():
                await self._replace(kind)

    def _most_missed(self) -> bool | None:
        """Return the kind of which too few wait, first one of which none does."""
        missed = [kind for kind, wanted in self._wanted.items() if len(self._idle[kind]) < wanted]
        return min(missed, key=lambda kind: len(self._idle[kind]), default=None)

    async def _rested(self) -> bool:
        """Wait a little; say whether nothing ran meanwhile."""
        entered = self._entered
        await asyncio.sleep(_REST_SECONDS)
        return self._entered == entered

    async def _replace(self, kind: bool) -> None:
        try:
            self._keep(await self._launcher.start(ethers=kind))
        except (VotiveError, TimeoutError):
            await asyncio.sleep(_RETRY_SECONDS)  # a run that needs one starts it itself and tells its caller why it cannot

    def _enter(self) -> None:
        self._runs += 1
        self._entered += 1
        self._quiet.clear()

    def _leave(self) -> None:
        self._runs -= 1
        if self._runs == 0:
            self._quiet.set()


def _check_code(source: bytes, limits: ActionLimits) -> None:
    if len(source) > limits.code_bytes:
        raise CodeTooLarge(
            f"The action's code has {len(source)} bytes; the limit code_bytes is {limits.code_bytes}.",
            details=({"limit": "code_bytes", "value": limits.code_bytes},),
        )
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CallerError(f"The action's code is not UTF-8: {error.reason} at byte {error.start}.") from error


def _unwatched() -> None:
    """The process belongs to a run now, which reads its end itself."""


__all__ = ["ActionFailed", "Pool", "Warm"]
