"""One sandboxed process from its start to its end: three pipes, one job, and a directory that goes with it."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

from votive.action.errors import SandboxUnavailable
from votive.action.limits import restrict
from votive.action.pipe import Frame, Kind, Lengths, read_frame
from votive.terms.action import ActionLimits

START_SECONDS = 60.0
"""How long Deno may take to get ready; generous, because a machine may start many at once."""
_BUFFER = 64 * 1024
_TAIL = 4096


class Child:
    """A process that serves one run. ``close`` ends it, whatever it does, and leaves nothing of it behind."""

    def __init__(self, process: subprocess.Popen[bytes], scratch: Path, *, ethers: bool) -> None:
        self.ethers = ethers
        self.pid = process.pid
        self.on_exit: Callable[[], None] = _ignore
        self._process = process
        self._scratch = scratch
        self._errors = _Tail()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._transports: list[asyncio.BaseTransport] = []

    async def open(self) -> None:
        """Connect the pipes and wait for the process to be ready; if that fails it is closed and SandboxUnavailable raised."""
        try:
            await self._connect()
            async with asyncio.timeout(START_SECONDS):
                frame = await read_frame(self._reader, Lengths(ActionLimits()))
        except BaseException:
            await self.close()
            raise
        if frame is None or frame.kind is not Kind.READY:
            await self.close()
            raise SandboxUnavailable(f"Deno ended before it was ready for an action: {self.errors or 'it said nothing'}")

    @property
    def alive(self) -> bool:
        """Whether the process still holds its end of the pipe."""
        return not self._reader.at_eof()

    @property
    def errors(self) -> str:
        """The end of what the process wrote to standard error."""
        return self._errors.text

    def restrict(self, limits: ActionLimits) -> None:
        """Put the kernel's limits on the process, which is ready and waits for its job."""
        restrict(self.pid, limits)

    async def send(self, frame: bytes) -> None:
        """Write a frame and wait until the pipe has taken most of it; BrokenPipeError if the process is gone."""
        if self._writer.is_closing():
            raise BrokenPipeError("The process closed its input.")
        self._writer.write(frame)
        await self._writer.drain()

    async def receive(self, lengths: Lengths) -> Frame | None:
        """Read the next frame; None at the end. LimitExceeded or ProtocolViolation by ``lengths``."""
        return await read_frame(self._reader, lengths)

    async def ended(self) -> int:
        """Wait for a process that closed its pipe; return its exit code, negative for a signal."""
        return await asyncio.to_thread(self._process.wait)

    async def close(self) -> None:
        """Kill the process and its group if they run, collect it, and remove its directory. A cancellation waits for that."""
        self.on_exit = _ignore
        self.kill()
        collecting = asyncio.create_task(asyncio.to_thread(self._collect))
        try:
            await asyncio.shield(collecting)
        except asyncio.CancelledError:
            await collecting
            raise
        finally:
            for transport in self._transports:
                transport.close()

    def kill(self) -> None:
        """Send SIGKILL to the process group, which is the process's own and not collected yet, so that its id is still its."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)

    def _collect(self) -> None:
        self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _exited(self) -> None:
        self.on_exit()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=_BUFFER, loop=loop)
        protocol = _Output(self._reader, self._exited)
        output, _ = await loop.connect_read_pipe(lambda: protocol, _handed_over(self._process.stdout, loop))
        self._transports.append(output)
        errors, _ = await loop.connect_read_pipe(lambda: self._errors, _handed_over(self._process.stderr, loop))
        self._transports.append(errors)
        jobs, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, _handed_over(self._process.stdin, loop))
        self._transports.append(jobs)
        self._writer = asyncio.StreamWriter(jobs, flow, None, loop)


def _handed_over(pipe: IO[bytes] | None, loop: asyncio.AbstractEventLoop) -> io.FileIO:
    """Take the descriptor out of ``pipe`` for ``loop``, which closes it once.

    uvloop closes what it connected twice: libuv closes the number, then the object is closed, by when another thread may have opened
    something else under the same number. So the object that it gets does not own it; asyncio closes by the object alone.
    """
    if pipe is None:
        raise SandboxUnavailable("The process was started without its three pipes.")
    number, writes = os.dup(pipe.fileno()), pipe.writable()
    pipe.close()
    return io.FileIO(number, "wb" if writes else "rb", closefd=isinstance(loop, asyncio.SelectorEventLoop))


class _Output(asyncio.StreamReaderProtocol):
    """A stream that tells when it ends, so that a process which dies while it waits is replaced at once."""

    def __init__(self, reader: asyncio.StreamReader, on_exit: Callable[[], None]) -> None:
        super().__init__(reader)
        self._on_exit = on_exit

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._on_exit()


class _Tail(asyncio.Protocol):
    """Keeps the last bytes of a stream that is otherwise thrown away."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def data_received(self, data: bytes) -> None:
        self._bytes = (self._bytes + data)[-_TAIL:]

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace").strip()


def _ignore() -> None:
    """Nobody waits for this process."""
