"""What a command says: results on standard output, progress and errors on standard error; JSON on request.

Whoever listens may go away at any time: ``head`` has what it wants, a terminal is closed. Nobody misses progress then, and no work,
least of all the ending of a network, stops in the middle for it. A result that nobody takes is a ``BrokenPipeError``.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

import msgspec

from votive.cli.reasons import reasons
from votive.client.errors import ErrorShape, Refused, shape_of
from votive.devnet.progress import Progress, Report
from votive.terms.errors import ErrorCode, VotiveError

if TYPE_CHECKING:
    from rich.console import Console


GONE = (errno.EPIPE, errno.EIO)
"""What a write fails with when its reader has ended, and when its terminal was closed."""


def open_missing() -> None:
    """Open the null device for each standard stream that we were started without, as by ``2>&-``.

    Else there is nothing to write to, and the next file to be opened would be taken for that stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  # open as long as the process is


def abandon(stream: TextIO) -> None:
    """Have all that is still written to ``stream`` go nowhere, also what it holds back and would write at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def print_json(value: Any) -> None:
    """Print ``value`` as JSON, and nothing else, on standard output."""
    _result(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say(*lines: str) -> None:
    """Print lines for a person on standard output; rich's markup is not read, so that any text can be printed."""
    _result("".join(line + "\n" for line in lines))


def note(text: str) -> None:
    """Tell a person something that is not the result, on standard error; nothing happens if it is gone."""
    Aside(sys.stderr).write(text + "\n")


def _result(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in GONE:
            raise
        abandon(sys.stdout)
        raise BrokenPipeError from error


class Aside:
    """Standard error for what nobody needs: what cannot be written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """Tells rich which characters it may use."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Tells rich whether it may move the cursor."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write ``text`` at once, or never."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            abandon(self._stream)
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""


def _terminal() -> Console:
    from rich.console import Console  # only terminals need it

    return Console(file=cast("IO[str]", Aside(sys.stderr)))  # rich asks for no more of it than is there


@contextmanager
def reporting(title: str) -> Iterator[Report]:
    """Show the steps of long work on standard error: with a spinner on a terminal, a line for each elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: note(f"· {progress.text}")
        return
    console = _terminal()
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
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(title), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_terminal()) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


def print_error(error: VotiveError, *, as_json: bool, verbose: bool) -> None:
    """Print an error: as JSON on standard output, or for a person on standard error; the trace if wanted."""
    if verbose:
        note("".join(traceback.format_exception(error)).rstrip())
    shape = shape_of(error)
    if as_json:
        _print_refusal(shape)
        return
    note(f"votive: {shape.message}  [{shape.error_code}]")
    for line in reasons(shape.details):
        note(f"  {line}")
    for detail in shape.details if verbose else ():
        note(f"  {detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()}")
    if isinstance(error, Refused) and error.logs:
        note(f"  The action logged:\n{error.logs.rstrip()}")


def _print_refusal(shape: ErrorShape) -> None:
    """Print an error as JSON; also for a person, where standard output goes into a file or another program and he would see nothing."""
    if not sys.stdout.isatty():
        note(f"votive: {shape.message}  [{shape.error_code}]")
    print_json(shape)


def print_usage_error(message: str, *, as_json: bool) -> None:
    """Print what is wrong with the words of a command."""
    if as_json:
        _print_refusal(ErrorShape(error_code=ErrorCode.BAD_INPUT, message=message))
    else:
        note(f"votive: {message}")
