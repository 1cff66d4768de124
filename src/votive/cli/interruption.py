"""What Ctrl-C, SIGTERM and a closed terminal do to a command that starts or ends processes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from votive.cli.output import note


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


@contextmanager
def told_when_stopped(then: str = "") -> Iterator[None]:
    """Say so if the start of a network, done inside, is interrupted; ``then`` is what to do now."""
    try:
        yield
    except asyncio.CancelledError:
        note(f"Stopped: what was started has been ended.{then and ' '}{then}")
        raise
