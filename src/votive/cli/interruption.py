"""What Ctrl-C, SIGTERM and a closed terminal do to a command that starts or ends processes."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from votive.cli.output import note

LOOK_SECONDS = 1.0
"""So often is looked whether the terminal is still there."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal cancel the running task, so that all is put back in order on the way out."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else it is nohup's wish that a closed terminal changes nothing
        numbers.append(signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel if task is not None else loop.stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def until_interrupted() -> None:
    """Wait for Ctrl-C, which is here the way to end and no failure, or until our terminal is closed.

    That is looked for, beside the signal: where ``make`` is what the terminal runs, the signal goes to it alone, and it waits for us.
    """
    terminals = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [number for number in (0, 1, 2) if is_device(number)]
    try:
        while not any(closed(number) for number in terminals):  # noqa: ASYNC110  # a terminal sets no event; its input is not ours to read
            await asyncio.sleep(LOOK_SECONDS)
        # The signal would say the same once more, and interrupt the ending: no more of them, and one that is on its way ends here.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        note("")


def is_device(number: int) -> bool:
    """Whether a descriptor may be a terminal. Asked whether it is one, a terminal that was closed moments ago says no."""
    try:
        return stat.S_ISCHR(os.fstat(number).st_mode)
    except OSError:
        return False


def closed(terminal: int) -> bool:
    """Whether a terminal has hung up; what was typed on it is left alone, and other devices never do."""
    poll = select.poll()
    poll.register(terminal, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


@contextmanager
def told_when_stopped(then: str = "") -> Iterator[None]:
    """Say so if the start of a network, done inside, is interrupted; ``then`` is what to do now."""
    try:
        yield
    except asyncio.CancelledError:
        note(f"Stopped: what was started has been ended.{then and ' '}{then}")
        raise
