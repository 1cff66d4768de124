"""What a command says: results on standard output, progress and errors on standard error; JSON on request."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from votive.cli.reasons import reasons
from votive.client.errors import ErrorShape, Refused, shape_of
from votive.devnet.progress import Progress, Report
from votive.terms.errors import ErrorCode, VotiveError


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, and nothing else, on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
    sys.stdout.flush()


def say(*lines: str) -> None:
    """Print lines for a person on standard output; rich's markup is not read, so that any text can be printed."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell a person something that is not the result, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def reporting(title: str) -> Iterator[Report]:
    """Show the steps of long work on standard error: with a spinner on a terminal, a line for each elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: note(f"· {progress.text}")
        return
    from rich.console import Console  # only terminals need it

    console = Console(stderr=True)
    with console.status(title) as status:

        def show(progress: Progress) -> None:
            console.print(f"· {progress.text}", markup=False, highlight=False)
            status.update(progress.text)

        yield show


LARGE = 8 * 1024 * 1024
"""Work on so many bytes takes long enough to be watched."""


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` bytes are done, on standard error: with a bar for large work on a terminal, not at all elsewhere."""
    if total < LARGE or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # only terminals need it
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


def print_error(error: VotiveError, *, as_json: bool, verbose: bool) -> None:
    """Print an error: as JSON on standard output, or for a person on standard error; the trace if wanted."""
    if verbose:
        traceback.print_exception(error)
    if as_json:
        print_json(shape_of(error))
        return
    shape = shape_of(error)
    note(f"votive: {shape.message}  [{shape.error_code}]")
    for line in reasons(shape.details):
        note(f"  {line}")
    for detail in shape.details if verbose else ():
        note(f"  {detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()}")
    if isinstance(error, Refused) and error.logs:
        note(f"  The action logged:\n{error.logs.rstrip()}")


def print_usage_error(message: str, *, as_json: bool) -> None:
    """Print what is wrong with the words of a command."""
    if as_json:
        print_json(ErrorShape(error_code=ErrorCode.BAD_INPUT, message=message))
    else:
        note(f"votive: {message}")
