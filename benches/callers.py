"""Clients under measurement, each of which can be told to call so many times: ours in this process, Lit's in a Node.js of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

import msgspec
from tests.conformance.sdk import HERE, find_node, install

PROGRAM = Path(__file__).with_name("sdk.mjs")
LINE_LIMIT = 2**24
"""Longest line that the program may answer with, in bytes."""


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn took."""

    milliseconds: list[dict[str, float]]
    """Of each call, of each of its steps."""
    cpu: float
    """Of the client, all calls together, in ms."""

    def of(self, step: str) -> list[float]:
        """One step's time in each call, in ms."""
        return [one[step] for one in self.milliseconds]


class Caller(Protocol):
    """A client under measurement."""

    async def calls(self, operation: str, count: int, workers: int = 1) -> Calls:
        """Let so many workers call so many times each."""
        ...


class Moments:
    """Of one call: when its last request was handed to HTTP, and when the last answer to it began to arrive."""

    def __init__(self) -> None:
        self.began = self.asked = self.answered = time.perf_counter()

    def took(self) -> dict[str, float]:
        """How long the call took, and how much of that before its last request left and after the last answer was there, in ms."""
        ended = time.perf_counter()
        own = self.asked - self.began + ended - self.answered
        return {"all": (ended - self.began) * 1000, "own": own * 1000}


CURRENT: ContextVar[Moments | None] = ContextVar("CURRENT", default=None)


async def timed(call: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    """Make a call and say what it took."""
    CURRENT.set(moments := Moments())
    await call()
    return moments.took()


class Watched:
    """An HTTP session that notes a call's moments."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def post(self, *words: Any, **more: Any) -> AbstractAsyncContextManager[Any]:
        """Post as the session does."""
        return self._noting(self._session.post, words, more)

    @asynccontextmanager
    async def _noting(self, post: Callable[..., Any], words: tuple[Any, ...], more: dict[str, Any]) -> AsyncIterator[Any]:
        moments = CURRENT.get() or Moments()
        moments.asked = time.perf_counter()
        async with post(*words, **more) as response:
            moments.answered = time.perf_counter()
            yield response


Operation = Callable[[str], Awaitable[dict[str, float]]]
"""Takes a text that no call before was given, and returns the milliseconds of each of its steps."""


class Here:
    """A client in this process."""

    def __init__(self, name: str, operations: Mapping[str, Operation]) -> None:
        self._name = name
        self._operations = operations
        self._number = 0

    async def calls(self, operation: str, count: int, workers: int = 1) -> Calls:
        """Call, and count this process's CPU."""
        before = time.process_time()
        found = await asyncio.gather(*(self._repeated(self._operations[operation], count) for _ in range(workers)))
        return Calls(milliseconds=[one for part in found for one in part], cpu=(time.process_time() - before) * 1000)

    async def _repeated(self, operation: Operation, count: int) -> list[dict[str, float]]:
        return [await operation(self._text()) for _ in range(count)]

    def _text(self) -> str:
        self._number += 1
        return f"{self._name} {self._number}"


class JavaScript:
    """Lit's SDK, in the program ``sdk.mjs``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def calls(self, operation: str, count: int, workers: int = 1) -> Calls:
        """Have the program call."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode({"operation": operation, "count": count, "workers": workers}) + b"\n")
        return msgspec.json.decode(await self.line(), type=Calls)

    async def line(self) -> bytes:
        """Return the program's next line."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the program of Lit's SDK has ended; run benches/sdk.mjs by hand to see why")
        return line


@asynccontextmanager
async def javascript(network: Mapping[str, Any], directory: Path) -> AsyncIterator[JavaScript]:
    """Start the program with the packages that the conformance tests install, told of ``network``."""
    node, described = find_node(), directory / "network.json"
    install(node)
    described.write_bytes(msgspec.json.encode(network))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node.node, str(PROGRAM), str(HERE), str(described), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=LINE_LIMIT
    )
    try:
        program = JavaScript(process)
        await program.line()
        yield program
    finally:
        process.kill()
        await process.wait()
