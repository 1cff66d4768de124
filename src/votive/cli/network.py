"""``votive up | status | logs | down``: a network on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from votive.cli.interruption import interruptible, told_when_stopped
from votive.cli.options import DEFAULT_DIRECTORY, Directory, Json, Nodes, Verbose
from votive.cli.output import note, print_json, reporting, say

if TYPE_CHECKING:
    from votive.devnet import NetworkStatus

POLL_SECONDS = 0.25


def up(
    directory: Directory = DEFAULT_DIRECTORY,
    nodes: Nodes = None,
    port: Annotated[int | None, typer.Option(help="First of the ports to use.  [default: free ones]", metavar="BASE")] = None,
    allow_fetch: Annotated[
        list[str] | None, typer.Option(help="A server, 127.0.0.1:PORT, that actions may fetch from.", metavar="SERVER")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Start a network: chain, contracts, IPFS and nodes.

    Each is a process of its own. Makes a new one if there is none in the directory. Of an existing one, starts what is down and
    nothing else. Returns once the network serves and has a key to mint; it runs until `votive down`.
    """
    from votive.devnet import Devnet  # loads the node

    then = f"The next `votive up` completes what is in {directory}."

    was_up = is_up(directory)

    async def go() -> NetworkStatus:
        with interruptible():
            with told_when_stopped(then), reporting("starting the network") as report:
                network = await Devnet.up(directory, nodes=nodes, port=port, progress=report, allow_fetch=allow_fetch or ())
            return await network.status()

    now = asyncio.run(go())
    if was_up:
        note("votive: the network was up already; nothing was started.")
    show(now, json=json)


def is_up(directory: Path) -> bool:
    """Whether there is a network in ``directory`` all of whose processes run."""
    from votive.devnet import Devnet, DevnetError

    try:
        return all(service.process() is not None for service in Devnet.open(directory).services())
    except DevnetError:
        return False


def status(directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """Show a network: its nodes, contracts and accounts."""
    from votive.devnet import Devnet

    show(asyncio.run(Devnet.open(directory).status()), json=json)


def down(directory: Directory = DEFAULT_DIRECTORY, json: Json = False, verbose: Verbose = False) -> None:
    """End a network's processes, and nothing else.

    Its keys, its chain and its files stay for the next `votive up`.
    """
    from votive.devnet import Devnet

    network = Devnet.open(directory, older=True)
    running = [service.name for service in network.services() if service.process() is not None]

    async def go() -> None:
        with interruptible(), reporting("ending the network") as report:
            await network.down(report)

    asyncio.run(go())
    if json:
        print_json({"directory": str(network.directory), "ended": running})
    else:
        say(f"Ended {', '.join(running)}." if running else "Nothing was running.")


def logs(
    name: Annotated[str | None, typer.Argument(help="chain, ipfs, issuer, or a node's number.  [default: all]", metavar="NAME")] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-l", help="How many of the last lines of each log.", min=0)] = 20,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show what the processes of a network logged.

    With --json, one JSON object on each line.
    """
    chosen = chosen_logs(directory, name)
    for source, path in chosen.items():
        for line in tail(path, lines):
            show_line(source, line, json=json)
    if follow:
        for source, line in following(chosen):
            show_line(source, line, json=json)


def chosen_logs(directory: Path, name: str | None) -> dict[str, Path]:
    """Return the logs meant, by the name of their process."""
    from votive.devnet import Devnet

    all_logs = {service.name: service.log for service in Devnet.open(directory, older=True).services()}
    if name is None:
        return all_logs
    wanted = f"node {name}" if name.isdecimal() else name
    if wanted not in all_logs:
        raise typer.BadParameter(f"there is no {wanted!r} in this network, only {', '.join(all_logs)}.", param_hint="NAME")
    return {wanted: all_logs[wanted]}


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a log; none if it does not exist yet."""
    if not path.exists() or lines == 0:
        return []
    return path.read_text(errors="replace").splitlines()[-lines:]


def following(chosen: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield new lines of all logs for ever."""
    places = {source: path.stat().st_size if path.exists() else 0 for source, path in chosen.items()}
    while True:
        for source, path in chosen.items():
            for line in new_lines(path, places, source):
                yield source, line
        time.sleep(POLL_SECONDS)


def new_lines(path: Path, places: dict[str, int], source: str) -> list[str]:
    """Return the whole lines written since ``places`` was last brought up to date for ``source``."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(places[source])
        written, _, rest = file.read().rpartition(b"\n")
        places[source] = file.tell() - len(rest)
    return written.decode(errors="replace").splitlines()


def show_line(source: str, line: str, *, json: bool) -> None:
    """Print one line of a log with the process it is of."""
    import msgspec

    say(msgspec.json.encode({"source": source, "line": line}).decode() if json else f"{source:>8} │ {line}")


def show(status: NetworkStatus, *, json: bool) -> None:
    """Print what a network is and what of it runs."""
    if json:
        print_json(status)
        return
    no_key = "unknown: the chain is not running" if status.chain.pid is None else "no key yet"
    say(
        f"chain      {status.chain.rpc_url}  id {status.chain.chain_id}, in conditions {status.chain.name}  {process(status.chain.pid)}",
        f"ipfs       {status.ipfs.gateway}  {process(status.ipfs.pid)}",
        f"issuer     {status.issuer.url}  {process(status.issuer.pid)}",
        *(f"node {node.index:<5} {node.url}  {node.state}  {process(node.pid)}" for node in status.nodes),
        f"threshold  {status.threshold} of {len(status.nodes)} nodes sign",
        f"encryption {status.keys.encryption or no_key}",
        f"sessions   {status.keys.session or no_key}",
        *(f"{name:<17} {address}" for name, address in status.contracts.items()),
        *(f"account {number}  {account.address}" for number, account in enumerate(status.accounts)),
    )


def process(pid: int | None) -> str:
    """Name a process."""
    return "not running" if pid is None else f"process {pid}"
