"""A whole network on one machine, in one directory: started, looked at, ended.

    DIR/network.json            what the network is (``plan``)
    DIR/lock                    held while a command changes what runs
    DIR/anvil/                  the chain's state, log and process record
    DIR/ipfs/                   the store of actions
    DIR/issuer/                 the development issuer of identity tokens
    DIR/node-<seat>/            one node: node.toml, kek, identity, store, log

Every process is independent: nothing watches them, and nothing but ``up`` starts one again.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from votive.client.errors import Unreachable
from votive.client.registry import Registry
from votive.client.rpc import Rpc
from votive.devnet import anvil, configuration, create, ports, services
from votive.devnet.errors import DevnetError
from votive.devnet.lock import locked
from votive.devnet.plan import (
    NODES_DEFAULT,
    NODES_LEAST,
    NODES_MOST,
    Account,
    Plan,
    Ports,
    Wanted,
    count_for,
    existing,
    load,
    require_local,
)
from votive.devnet.processes import Process, end, kill, log_tail
from votive.devnet.progress import Progress, Report, silent
from votive.devnet.services import Service
from votive.devnet.status import NetworkStatus, NodeState, Running, get_json, node_state, status_of
from votive.devnet.undisturbed import GOES_ON, undisturbed
from votive.terms.version import VERSION

if TYPE_CHECKING:
    import aiohttp

    from votive.node.identity import NodeIdentityPublic

START_SECONDS = 120.0
POLL_SECONDS = 0.05


class Devnet:
    """One network. It holds no process and no lock: any number of these may look at one directory."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory = directory
        self.plan = plan

    @classmethod
    def open(cls, directory: Path | str, *, older: bool = False) -> Devnet:
        """Return the network in ``directory``; nothing is started.

        Args:
            directory: where it is.
            older: whether one that an older version made will do: its processes and logs are known, its contracts are not.

        Raises:
            DevnetError: there is none, or another version made it.
        """
        path = _absolute(directory)
        return cls(path, existing(path, older=older))

    @classmethod
    async def up(
        cls,
        directory: Path | str,
        nodes: int | None = None,
        port: int | None = None,
        progress: Report = silent,
        *,
        allow_fetch: Sequence[str] = (),
    ) -> Devnet:
        """Start what is down of the network in ``directory``, after making it if there is none; returns once it serves.

        Args:
            directory: made if it does not exist.
            nodes: 4 to 10, by default 4; an existing network must have as many.
            port: first of the ports to use, in a row; by default free ones are chosen.
            progress: is told of each step.
            allow_fetch: servers on this machine, ``127.0.0.1:PORT``, that actions may fetch from; an existing network's nodes must
                be configured with the same.

        Raises:
            DevnetError: it cannot be started, or is another network than the one asked for.
            PortInUse: a port that it needs belongs to another process.
            AnvilMissing: the chain's program is missing and cannot be installed.
        """
        path, wanted = _absolute(directory), Wanted(nodes=nodes, port=port, allow_fetch=tuple(allow_fetch))
        made = create.prepare(path)
        async with locked(path, progress), _undone_on_failure(path, made, progress), _http() as session:
            plan = load(path)
            if plan is None:
                plan = await _create(path, wanted, session, progress)
            else:
                require_same(path, plan, wanted)
            network = cls(path, plan)
            await network._start(network.services(await asyncio.to_thread(anvil.find, progress)), session, progress)
        return network

    # -- looking -------------------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The development chain's funded accounts."""
        return self.plan.accounts

    async def status(self) -> NetworkStatus:
        """Return what the network is and what of it runs."""
        chain, ipfs, issuer, *nodes = (service.process() for service in self.services())
        async with _http() as session:
            by_seat = {node.index: process for node, process in zip(self.plan.nodes, nodes, strict=True)}
            return await status_of(session, VERSION, self.plan, Running(chain=chain, ipfs=ipfs, issuer=issuer, nodes=by_seat))

    def node_url(self, seat: int) -> str:
        """Return the base URL of a node."""
        return self.plan.node(seat).url

    def node_pid(self, seat: int) -> int | None:
        """Return the pid of a node's process; None if it does not run."""
        process = self._node(seat).process()
        return None if process is None else process.pid

    def services(self, executable: Path = Path("anvil")) -> list[Service]:
        """Return all processes of the network: chain, IPFS, issuer, then the nodes by seat."""
        return [
            services.chain(self.directory, self.plan.chain_port, executable),
            services.ipfs(self.directory, self.plan.ipfs_port),
            services.issuer(self.directory, self.plan.issuer_port),
            *(self._node(node.index) for node in self.plan.nodes),
        ]

    # -- changing ------------------------------------------------------------------------------------------------------

    async def start(self, progress: Report = silent) -> None:
        """Start all that is down and wait until the network serves."""
        await Devnet.up(self.directory, progress=progress)

    async def start_node(self, seat: int) -> None:
        """Start one node, if it is down, and wait until it serves."""
        async with locked(self.directory, silent), _http() as session:
            service = self._node(seat)
            await _run([service])
            await self._serving(service, seat, session)

    def kill_node(self, seat: int, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a node's process, if it runs; by SIGKILL it is gone once this returns, and may be started again."""
        process = self._node(seat).process()
        if process is not None and number is signal.SIGKILL:
            kill(process)
        elif process is not None:
            process.send(number)

    async def down(self, progress: Report = silent) -> None:
        """End the processes of the network and nothing else: the nodes, IPFS and issuer, then the chain, which saves its state.

        Once that has begun, it goes on to the end, even if we are cancelled meanwhile.

        Raises:
            DevnetError: a process does not end; all others were ended.
        """
        async with locked(self.directory, progress):
            await undisturbed(self._end(progress), lambda: progress(GOES_ON))

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _end(self, report: Report) -> None:
        chain, ipfs, issuer, *nodes = self.services()
        left: list[DevnetError] = []
        for name, group in (("the nodes", nodes), ("IPFS and the issuer", [ipfs, issuer]), ("the chain", [chain])):
            running = [process for service in group if (process := service.process()) is not None]
            if not running:
                continue
            report(Progress(f"ending {name}"))
            try:
                await end(running)
            except DevnetError as error:
                left.append(error)
        if left:
            raise DevnetError(" ".join(map(str, left)))

    def _node(self, seat: int) -> Service:
        return services.node(self.directory, self.plan, seat)

    async def _start(self, wanted: Sequence[Service], session: aiohttp.ClientSession, report: Report) -> None:
        chain, ipfs, issuer, *nodes = wanted
        await _run_chain(chain, Rpc(session, self.plan.rpc_url), report)
        down = [service.name for service in (ipfs, issuer, *nodes) if service.process() is None]
        if down:
            report(Progress(f"starting {', '.join(down)}"))
        await _run([ipfs, issuer, *nodes])
        waits = [self._serving(service, node.index, session) for service, node in zip(nodes, self.plan.nodes, strict=True)]
        beside = [
            _until(ipfs, lambda: _answers(session, self.plan.ipfs_url)),
            _until(issuer, lambda: _answers(session, self.plan.issuer_url)),
        ]
        await _all([*beside, *waits])
        await self._stocked(nodes, session, report)

    async def _serving(self, service: Service, seat: int, session: aiohttp.ClientSession) -> None:
        async def serves() -> bool:
            return await node_state(session, self.plan.node(seat).url) is NodeState.SERVING

        await _until(service, serves)

    async def _stocked(self, nodes: Sequence[Service], session: aiohttp.ClientSession, report: Report) -> None:
        """Wait until there is a key to mint, and enough nodes hold their shares of the network's own keys."""
        registry = await Registry.open(Rpc(session, self.plan.rpc_url), self.plan.resolver)
        urls, enough = [node.url for node in self.plan.nodes], self.plan.threshold
        if not await registry.stock():
            report(Progress("the nodes generate the first keys"))
        await _until(nodes[0], lambda: _has_stock(registry))
        await _until(nodes[0], lambda: _holds_network_keys(session, urls, enough))


@asynccontextmanager
async def _undone_on_failure(directory: Path, made: Sequence[Path], report: Report) -> AsyncIterator[None]:
    """If what is done inside fails or is interrupted, end the processes that it started; what these said stays to be read.

    ``made`` are the directories to remove again if there is nothing to read.
    """
    before = create.processes_in(directory)
    try:
        yield
    except BaseException:
        started = [process for process in create.processes_in(directory) if process not in before]
        if started:
            report(Progress("ending what was started"))
        try:
            await undisturbed(end(started), lambda: report(GOES_ON))
        finally:
            create.unprepare(directory, made)
        raise


async def _create(directory: Path, wanted: Wanted, session: aiohttp.ClientSession, report: Report) -> Plan:
    """Make a network; its chain runs afterwards, nothing else does."""
    nodes = NODES_DEFAULT if wanted.nodes is None else wanted.nodes
    if not NODES_LEAST <= nodes <= NODES_MOST:
        raise DevnetError(f"a development network has {NODES_LEAST} to {NODES_MOST} nodes, not {nodes}.")
    require_local(wanted.allow_fetch)
    await create.clear_unfinished(directory)
    executable = await asyncio.to_thread(anvil.find, report)
    row = Ports(ports.choose(count_for(nodes)) if wanted.port is None else wanted.port, nodes)
    ports.require_valid(row.all)
    ports.require_free(row.all)
    create.make_folders(directory, nodes)
    report(Progress(f"making the identities of {nodes} nodes"))
    rpc = Rpc(session, f"http://{ports.HOST}:{row.chain}")
    chain = services.chain(directory, row.chain, executable)
    public: list[NodeIdentityPublic] = []

    async def identities() -> None:
        public.extend(await create.identities(directory, nodes))

    await _all([identities(), _run_chain(chain, rpc, report)])
    return await create.finish(directory, row, public, rpc, report, allow_fetch=wanted.allow_fetch)


def _absolute(directory: Path | str) -> Path:
    return Path(directory).absolute()


def require_same(directory: Path, plan: Plan, wanted: Wanted) -> None:
    """Raise DevnetError if ``wanted`` is another network than the one of ``plan``.

    An existing one keeps its size and its ports, which are on chain, and what its nodes are configured with.
    """
    size, base = len(plan.nodes), plan.nodes[0].port
    if wanted.nodes is not None and wanted.nodes != size:
        raise DevnetError(
            f"the network in {directory} has {size} nodes, not {wanted.nodes}. Leave out --nodes, or choose another --directory."
        )
    if wanted.port is not None and wanted.port != base:
        why = f"the network in {directory} keeps its ports, from {base} on, because they are on chain"
        raise DevnetError(f"{why}. Leave out --port, or choose another --directory.")
    if wanted.allow_fetch:
        _require_same_fetches(directory, configuration.fetches(directory, plan), frozenset(wanted.allow_fetch))


def _require_same_fetches(directory: Path, allowed: Mapping[int, frozenset[str]], wanted: frozenset[str]) -> None:
    other = {seat: servers for seat, servers in allowed.items() if servers != wanted}
    if not other:
        return
    said = " or ".join(sorted({", ".join(sorted(servers)) or "no server" for servers in other.values()}))
    some, their = (f"nodes {', '.join(map(str, other))}", "their") if len(other) > 1 else (f"node {next(iter(other))}", "its")
    where = f"the network in {directory}" if len(other) == len(allowed) else some
    why = f"actions at {where} may fetch from {said} on this machine, as {their} node.toml says"
    how = "change the line allow = [...] under [fetch] in every node.toml between `votive down` and `votive up`"
    raise DevnetError(f"{why}. Leave out --allow-fetch, choose another --directory, or {how}.")


async def _run_chain(chain: Service, rpc: Rpc, report: Report) -> None:
    if chain.process() is None:
        report(Progress("starting the chain"))
    await _run([chain])
    await _until(chain, lambda: _chain_answers(rpc))


async def _run(wanted: Sequence[Service]) -> list[Process]:
    """Start those of ``wanted`` that are down, after making sure that all their ports are free."""
    down = [service for service in wanted if service.process() is None]
    ports.require_free(port for service in down for port in service.ports)
    return [service.start() for service in down]


async def _until(service: Service, ready: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Wait until ``ready``; if the process of ``service`` ends meanwhile, say what it said last."""
    deadline = time.monotonic() + START_SECONDS
    while not await ready():
        if service.process() is None:
            raise DevnetError(f"{service.name} ended while it started. {log_tail(service.folder)}")
        if time.monotonic() > deadline:
            raise DevnetError(f"{service.name} is not ready after {START_SECONDS:.0f} s. {log_tail(service.folder)}")
        await asyncio.sleep(POLL_SECONDS)


async def _all(waits: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await undisturbed(asyncio.gather(*tasks, return_exceptions=True))


async def _chain_answers(rpc: Rpc) -> bool:
    try:
        return bool(await rpc.call("eth_chainId"))
    except Unreachable:
        return False


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    return await get_json(session, f"{url}/health") is not None


async def _has_stock(registry: Registry) -> bool:
    return await registry.stock() > 0


async def _holds_network_keys(session: aiohttp.ClientSession, urls: Sequence[str], enough: int) -> bool:
    """Whether so many of the nodes at ``urls`` can use the network's own keys."""
    told = await asyncio.gather(*(get_json(session, f"{url}/votive/network") for url in urls))
    keys = [list(network["keys"].values()) for network in told if network is not None and "keys" in network]
    return sum(None not in those for those in keys) >= enough


@asynccontextmanager
async def _http() -> AsyncIterator[aiohttp.ClientSession]:
    import aiohttp  # noqa: PLC0415  # loaded when first needed

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield session
