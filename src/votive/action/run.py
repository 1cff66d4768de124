"""One run: hand the job over, answer calls until it ends, and say how it ended."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Mapping
from typing import Any

import msgspec

from votive.action.calls import TABLE, Run
from votive.action.child import Child
from votive.action.errors import (
    ActionOutOfMemory,
    ActionThrew,
    ActionTimedOut,
    LimitExceeded,
    ParameterRefused,
    ProtocolViolation,
)
from votive.action.fetch import as_refusal
from votive.action.pipe import NONCE_BYTES, Frame, Kind, Lengths, message, raw_message, split_body
from votive.terms.action import ActionLimits, AuthContext, RunResult
from votive.terms.errors import CallerError, VotiveError

_OUT_OF_MEMORY = ("out of memory", "Out of memory", "memory allocation", "OOM", "Cannot allocate memory")
_ALLOCATION_FAILED = "RangeError: Array buffer allocation failed"
_MEMORY_SIGNALS = frozenset({-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGSEGV, -signal.SIGBUS})
_TOO_MANY_CALLS = "The action made too many calls"
_GIVEN_UP = {"message": "The action gave this call up.", "errorCode": "", "details": ()}
_FRAMES_IN_A_ROW = 64
"""After so many frames that were there already, others on the event loop get their turn."""
_CALLS_AT_ONCE = 16
"""Calls answered at a time; further ones wait in the process. Bounds the replies held in memory, and keeps the pipes from filling up."""


class _Call(msgspec.Struct, frozen=True):
    id: int
    name: str
    args: msgspec.Raw


class _Threw(msgspec.Struct, frozen=True):
    text: str
    refusal: int | None = None
    parameter: bool = False


def job_header(params: Mapping[str, Any], auth: AuthContext, seconds: float) -> bytes:
    """Encode what the action gets to see, as JSON; integers of any size pass as they are. ParameterRefused if it is not JSON."""
    try:
        given = json.dumps(params, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterRefused(f"The parameters are not JSON: {error}.") from error
    fixed = {"auth": auth, "seconds": seconds, "callsAtOnce": _CALLS_AT_ONCE}
    return msgspec.json.encode(fixed)[:-1] + b',"params":' + given + b"}"


class Conversation:
    """The talk with one process about one run."""

    def __init__(self, child: Child, run: Run) -> None:
        self._child = child
        self._run = run
        self._limits: ActionLimits = run.limits
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        self._logs = bytearray()
        self._response = ""
        self._frames = 0
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._given_up: set[int] = set()
        self._refusals: dict[int, VotiveError] = {}
        self._writing = asyncio.Lock()
        self._answering = asyncio.Semaphore(_CALLS_AT_ONCE)

    @property
    def logs(self) -> str:
        """What the action logged so far."""
        return self._logs.decode("utf-8", "replace")

    async def hold(self, header: bytes, source: bytes) -> RunResult:
        """Run the job to its end, within its time. Raises what ``Pool.run`` says."""
        try:
            async with asyncio.timeout(self._limits.time_seconds) as clock:
                await self._start(header, source)
                await self._listen()
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise ActionTimedOut(
                f"The action ran longer than its limit of {self._limits.time_seconds:g} s and was ended.",
                details=({"limit": "time_seconds", "value": self._limits.time_seconds},),
            ) from error
        return RunResult(response=self._response, logs=self.logs)

    async def _start(self, header: bytes, source: bytes) -> None:
        self._child.restrict(self._limits)
        await self._send(raw_message(self._nonce, header, source))

    async def _send(self, frame: bytes) -> None:
        async with self._writing:
            try:
                await self._child.send(frame)
            except (BrokenPipeError, ConnectionResetError):
                return  # the process is gone; what it was is told by the end of its output

    async def _listen(self) -> None:
        """Take frames until the end; calls are answered side by side. The first error of any of them ends the run."""
        try:
            async with asyncio.TaskGroup() as answers:
                lengths = Lengths(self._limits)
                while (frame := await self._child.receive(lengths)) is not None:
                    if await self._take(frame, answers):
                        return
                    await self._give_way()
        except BaseExceptionGroup as group:
            raise _first(group) from None
        await self._ended()

    async def _give_way(self) -> None:
        self._frames += 1
        if self._frames % _FRAMES_IN_A_ROW == 0:
            await asyncio.sleep(0)

    async def _take(self, frame: Frame, answers: asyncio.TaskGroup) -> bool:
        if not secrets.compare_digest(frame.nonce, self._nonce):
            raise ProtocolViolation("The sandbox sent a frame without this run's nonce.")
        match frame.kind:
            case Kind.DONE:
                return True
            case Kind.LOG:
                self._log(frame.body)
            case Kind.RESPONSE:
                self._run.count("host_calls", _TOO_MANY_CALLS)
                self._response = frame.body.decode("utf-8", "replace")
            case Kind.THREW:
                raise self._thrown(_parsed(frame.body, _Threw))
            case Kind.CALL:
                await self._answering.acquire()
                header, payload = split_body(frame.body)
                call = _parsed(header, _Call)
                self._answers[call.id] = answers.create_task(self._answer(call, payload))
            case Kind.GIVE_UP:
                self._give_up(int.from_bytes(frame.body, "big"))
            case Kind.READY:
                raise ProtocolViolation("The sandbox said a second time that it is ready.")
        return False

    def _log(self, line: bytes) -> None:
        if len(self._logs) + len(line) > self._limits.log_bytes:
            self._logs += line[: self._limits.log_bytes - len(self._logs)]
            raise LimitExceeded("log_bytes", self._limits.log_bytes, "The action logged too much")
        self._logs += line

    async def _answer(self, call: _Call, payload: bytes) -> None:
        try:
            await self._send(await self._reply(call, payload))
        except asyncio.CancelledError:
            if call.id not in self._given_up:
                raise
            await self._send(message(self._nonce, {"id": call.id, "refusal": _GIVEN_UP}))
        finally:
            self._answers.pop(call.id, None)
            self._answering.release()

    def _give_up(self, call_id: int) -> None:
        """Stop a fetch that the action aborted; of other calls it does not ask this, and they could not be taken back."""
        self._run.count("host_calls", _TOO_MANY_CALLS)
        if call_id in self._answers:
            self._given_up.add(call_id)
            self._answers[call_id].cancel()

    async def _reply(self, call: _Call, payload: bytes) -> bytes:
        try:
            value, content = await self._handle(call, payload)
        except ProtocolViolation:
            raise
        except VotiveError as error:
            self._refusals[call.id] = error
            return message(self._nonce, {"id": call.id, "refusal": as_refusal(error)})
        return message(self._nonce, {"id": call.id, "value": value}, content)

    async def _handle(self, call: _Call, payload: bytes) -> tuple[Any, bytes]:
        self._run.count("host_calls", _TOO_MANY_CALLS)
        capability = TABLE.get(call.name)
        if capability is None:
            raise ProtocolViolation(f"The sandbox called {call.name!r}, which is not in the host-call table.")
        if capability.limit is not None:
            self._run.count(capability.limit, capability.what)
        return await capability.handle(self._run, _arguments(call, capability.arguments), payload)

    def _thrown(self, threw: _Threw) -> CallerError | VotiveError:
        if threw.refusal is not None and threw.refusal in self._refusals:
            return self._refusals[threw.refusal]
        if threw.parameter:
            return ParameterRefused(f"A parameter cannot be named {threw.text!r}: every action has that name already.")
        if threw.text.startswith(_ALLOCATION_FAILED):
            return self._out_of_memory()
        return ActionThrew(threw.text)

    def _out_of_memory(self) -> ActionOutOfMemory:
        mib = self._limits.memory_bytes // (1024 * 1024)
        return ActionOutOfMemory(
            f"The action needed more than its limit of {mib} MiB of memory and was ended.",
            details=({"limit": "memory_bytes", "value": self._limits.memory_bytes},),
        )

    async def _ended(self) -> None:
        """Tell from the exit of a process that did not say how the run ended."""
        code = await self._child.ended()
        if code == 0:
            return
        if code == -signal.SIGXCPU:
            raise ActionTimedOut(
                f"The action used more than its limit of {self._limits.cpu_seconds:g} s of processor time and was ended.",
                details=({"limit": "cpu_seconds", "value": self._limits.cpu_seconds},),
            )
        if code == -signal.SIGKILL or code in _MEMORY_SIGNALS or any(word in self._child.errors for word in _OUT_OF_MEMORY):
            raise self._out_of_memory()
        raise ProtocolViolation(f"The sandbox ended by itself with code {code}.")


def _arguments(call: _Call, kind: type[msgspec.Struct]) -> Any:
    """Parse a call's arguments; what does not fit is the action's mistake and thrown there."""
    try:
        return msgspec.json.decode(call.args, type=kind)
    except msgspec.ValidationError as error:
        raise CallerError(f"{call.name}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation(f"The sandbox sent arguments that are not JSON: {error}.") from error


def _parsed(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation(f"The sandbox sent a frame that cannot be read: {error}.") from error


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended the group: the first that is none of the cancellations it caused."""
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    return group
