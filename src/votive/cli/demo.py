"""``votive demo``: the whole idea, on this machine."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from votive.cli.interruption import interruptible, told_when_stopped, until_interrupted
from votive.cli.options import Json, Nodes, Verbose
from votive.cli.output import note, print_json, reporting, say

if TYPE_CHECKING:
    from votive.cli.story import Story
    from votive.devnet import Devnet
    from votive.devnet.progress import Report


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the last step instead of staying up.")] = False,
    directory: Annotated[
        Path | None, typer.Option("--directory", "-d", help="Keep the network here.  [default: a temporary one]", metavar="DIR")
    ] = None,
    nodes: Nodes = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Start a network and show the whole idea, step by step.

    A key that nobody holds is minted, granted to one program and burned; what that proves is said in words. The network stays up
    until Ctrl-C. Ends with status 0 only if every step went as told.
    """
    asyncio.run(_demo(directory, once=once, nodes=nodes, json=json))


async def _demo(directory: Path | None, *, once: bool, nodes: int | None, json: bool) -> None:
    with interruptible(), kept(directory) as place:
        async with running(place, nodes) as (network, seconds):
            with reporting("demonstrating Votive") as report:
                story = await _tell(network, seconds, report)
            print_json(story) if json else say(*words(story))
            if not once:
                note(f"\nThe network stays up until Ctrl-C. In another terminal: {program()} status --directory {place}")
                await until_interrupted()


def program() -> str:
    """Return how to call this program: by its name, or by the path that it was called by if a shell would not find the name."""
    called = sys.argv[0]
    return called if Path(called).name == "votive" and not shutil.which("votive") else "votive"


@contextmanager
def kept(directory: Path | None) -> Iterator[Path]:
    """Give the directory that is meant, or a temporary one that is gone afterwards."""
    if directory is not None:
        yield directory
        return
    place = Path(tempfile.mkdtemp(prefix="votive-"))
    try:
        yield place
    finally:
        discard(place)


def discard(place: Path) -> None:
    """Remove a temporary network, unless a process of it still runs: without its record, no command could end that any more."""
    from votive.devnet.create import processes_in

    left = processes_in(place)
    if not left:
        shutil.rmtree(place)
        return
    pids = ", ".join(str(process.pid) for process in left)
    note(f"Still running: process {pids}. {place} is kept: end them with `{program()} down --directory {place}`, or by their numbers.")


@asynccontextmanager
async def running(place: Path, nodes: int | None) -> AsyncIterator[tuple[Devnet, float]]:
    """Start the network in ``place``; give it and the seconds that took; end it afterwards, whatever happens."""
    from votive.devnet import GOES_ON, Devnet, undisturbed  # loads the node

    started = time.perf_counter()
    with told_when_stopped(), reporting("starting the network") as report:
        network = await Devnet.up(place, nodes=nodes, progress=report)
    try:
        yield network, time.perf_counter() - started
    finally:
        with reporting("ending the network") as report:
            # Also while it waits for another command that changes this network: afterwards nobody is left who would end it.
            await undisturbed(network.down(report), lambda: report(GOES_ON))


async def _tell(network: Devnet, seconds: float, report: Report) -> Story:
    from votive.cli.session import connected
    from votive.cli.story import Stopwatch, prime_source, tell
    from votive.client import Wallet

    payer = Wallet.from_key(network.accounts[0].private_key)
    watch = Stopwatch(report, {"network": round(seconds * 1000, 3)})
    async with connected(network.plan) as client:
        return await tell(client, await network.status(), payer, prime_source(), watch)


def words(story: Story) -> list[str]:
    """Tell the story in plain words."""
    n, timings = len(story.network.nodes), story.timings_ms
    seconds = timings["network"] / 1000
    return [
        "",
        f"{n} nodes, each a process of its own, made keys together in {seconds:.1f} s. Each holds a share; nobody holds a key.",
        "",
        f"The key       {story.pkp.eth_address} (token {story.pkp.token_id})",
        f"The program   {story.action.cid}: signs n only if n is prime",
        f"Transaction   {story.transaction.hash} (block {story.transaction.block}): minted, granted and burned",
        "",
        f"✓ {story.signature.n} is prime: {story.network.threshold} of {n} nodes signed it in {timings['sign_prime']:.0f} ms; it verifies.",
        f"✓ A composite was refused: {first_line(story.refusals.composite.message)}",
        f"✓ Another program was refused: {first_line(story.refusals.other_action.message)}",
        f"✓ Who paid for the key was refused: {first_line(story.refusals.payer.message)}",
        "",
        story.verification.summary,
        *(f"  - {sentence}" for sentence in story.verification.proves),
        "This assumes:",
        *(f"  - {sentence}" for sentence in story.verification.assumes),
    ]


def first_line(text: str) -> str:
    """Return the first line of an error's message."""
    return text.splitlines()[0] if text else text
