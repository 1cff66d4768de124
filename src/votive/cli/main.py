"""The commands, put together; and what happens when one fails."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from votive.cli import action, key, sessions
from votive.cli.demo import demo
from votive.cli.encryption import decrypt, encrypt
from votive.cli.lit_config import lit_config
from votive.cli.network import down, logs, status, up
from votive.cli.options import Verbose
from votive.cli.output import abandon, note, open_missing, print_error, print_usage_error, say
from votive.cli.verify import verify
from votive.terms.errors import OurError, VotiveError
from votive.terms.version import VERSION

FAILED, MISUSED, DEFECT, INTERRUPTED = 1, 2, 70, 130
"""Exit status: an error that was foreseen, words that make no command, a defect of ours (BSD's EX_SOFTWARE), Ctrl-C."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # it would swallow what stands in brackets, such as defaults
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keys that no one holds, programs that may use them, and proofs of which program did.",
)


def _version(wanted: bool) -> None:
    if wanted:
        say(VERSION)
        raise typer.Exit


@app.callback()
def votive(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    verbose: Verbose = False,
) -> None:
    """Keys that no one holds, programs that may use them, and proofs of which program did."""


app.command(name="demo")(demo)
app.command(name="up")(up)
app.command(name="status")(status)
app.command(name="logs")(logs)
app.command(name="down")(down)
app.command(name="lit-config")(lit_config)
app.add_typer(key.app, name="key")
app.add_typer(action.app, name="action")
app.command(name="encrypt")(encrypt)
app.command(name="decrypt")(decrypt)
app.add_typer(sessions.app, name="session")
app.command(name="verify")(verify)


def run() -> None:
    """Run the command in ``sys.argv`` and exit with its status."""
    open_missing()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; every error is printed here and nowhere else."""
    try:
        return _status_of(arguments)
    except BrokenPipeError:
        abandon(sys.stdout)  # the reader of our output, be it a result or an error as JSON, has gone: nothing is left to flush
        return FAILED


def _status_of(arguments: Sequence[str]) -> int:
    try:
        return int(app(list(arguments), prog_name="votive", standalone_mode=False) or 0)
    except (KeyboardInterrupt, typer.Abort, asyncio.CancelledError):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  # the last line of defence: a defect is reported, with its trace on request
        return report(error, as_json="--json" in arguments, verbose="--verbose" in arguments)


def report(error: Exception, *, as_json: bool, verbose: bool) -> int:
    """Print why a command failed and return its exit status."""
    if isinstance(error, typer.TyperException):
        _explain(error, as_json=as_json)
        return MISUSED
    foreseen = isinstance(error, VotiveError)
    print_error(error if isinstance(error, VotiveError) else _defect(error), as_json=as_json, verbose=verbose)
    return FAILED if foreseen else DEFECT


def _explain(error: typer.TyperException, *, as_json: bool) -> None:
    """Say what is wrong with a command's words, and where its help is. Where words are missing altogether, the message is that help."""
    context, message = getattr(error, "ctx", None), getattr(error, "format_message", str)()
    path = context.command_path if context is not None else "votive"
    if not message.startswith("Usage:"):
        print_usage_error(f"{message if message.endswith('?') else message.rstrip('.') + '.'} See `{path} --help`.", as_json=as_json)
    elif as_json:
        print_usage_error(f"A command is missing. See `{path} --help`.", as_json=True)
    else:
        note(message)


def _defect(error: Exception) -> VotiveError:
    wrapped = OurError(f"a defect of Votive; please report it: {type(error).__name__}: {error}. The option --verbose shows the trace.")
    wrapped.__cause__ = error
    return wrapped
