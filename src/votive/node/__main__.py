"""``python -m votive.node --config FILE``: run a node until SIGTERM or SIGINT.

The exit status is 0 after a clean stop, else one of ``failure.ExitStatus``.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import structlog

from votive.net import loop_factory
from votive.node import logs
from votive.node.config import Config, LogSection
from votive.node.config_file import load
from votive.node.daemon import run
from votive.node.failure import ExitStatus, StartFailure
from votive.store import StoreError

log = structlog.get_logger()

Failure = TypeVar("Failure", StartFailure, StoreError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a node; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m votive.node", description="Run one Votive node.")
    parser.add_argument("--config", type=Path, required=True, help="the node's configuration, a TOML file")
    options = parser.parse_args(arguments)
    logs.configure(LogSection())
    status = 0
    try:
        config = load(options.config)
        logs.configure(config.log)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(until_signal(config))
    except* StartFailure as group:
        status = fail(first(group))
    except* StoreError as group:
        log.critical(
            "the node ends: its store failed. Make room on the disk or repair it, and start the node again.", why=first(group).message
        )
        status = int(ExitStatus.STORE_BROKEN)
    except* Exception as group:  # the last border: say it in the log's own form before the process ends
        log.critical("the node ends by a defect", exc_info=group)
        status = int(ExitStatus.DEFECT)
    return status


async def until_signal(config: Config) -> None:
    """Run the node until it ends or the process is told to stop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    node, stopped = asyncio.create_task(run(config), name="node"), asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({node, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        log.info("stopping")
    stopped.cancel()
    node.cancel()
    try:
        await node
    except asyncio.CancelledError:
        log.info("stopped")


def first(group: BaseExceptionGroup[Failure]) -> Failure:
    """Return one failure of a group."""
    inner = group.exceptions[0]
    return first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def fail(failure: StartFailure) -> int:
    """Say why the node does not start; return the exit status."""
    log.error("the node cannot start", why=failure.message, status=int(failure.exit_status), reason=failure.exit_status.name.lower())
    return int(failure.exit_status)


if __name__ == "__main__":
    sys.exit(main())
