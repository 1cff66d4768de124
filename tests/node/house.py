"""Four nodes in one process: real engine, real links on loopback, real stores; only the chain is the test's own."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from tests.node.ledger import Ledger

from votive.core import PairTable, Vault
from votive.net import Identity, Mesh, wallet_signer
from votive.node.approval import Approver
from votive.node.clock import MonotonicClock
from votive.node.control import Control
from votive.node.coordinator import Coordinator
from votive.node.custody import Custody
from votive.node.decryption import Decryption, Judge
from votive.node.derivation import Derivation
from votive.node.engine import Engine
from votive.node.identity import NodeIdentity, create_identity, load_identity
from votive.node.keygen import KeyGeneration
from votive.node.metrics import Metrics
from votive.node.pairs import Pairs
from votive.node.permission import SharedBlocks
from votive.node.signing import Signer
from votive.node.transitions import StockPolicy, network_key_policy
from votive.protocol import SigningMemory
from votive.store import Store
from votive.terms.claim import ROOT_KEYS
from votive.terms.key import NETWORK_PURPOSES, Purpose
from votive.terms.participant import Committee, Participant, Seat
from votive.terms.session import control_session

NETWORK = hashlib.sha256(b"the network of the node's tests").digest()
POLICY = StockPolicy(low=2, high=4, first_batch=2, batch=4, deadline_blocks=100, surplus=4, turn_seconds=1.0, await_seconds=1.0)
ONE_KEY = replace(network_key_policy(100), turn_seconds=1.0, await_seconds=1.0)
TEN_KEYS = replace(network_key_policy(100, ROOT_KEYS), turn_seconds=1.0, await_seconds=1.0)


@dataclass(frozen=True)
class Node:
    """One running node."""

    seat: Seat
    address: str
    mesh: Mesh
    table: PairTable
    store: Store
    custody: Custody
    coordinator: Coordinator
    signer: Signer
    approver: Approver
    pairs: Pairs
    decryption: Decryption


@dataclass(frozen=True)
class House:
    """All nodes and their chain."""

    ledger: Ledger
    nodes: dict[Seat, Node]

    @property
    def any(self) -> Node:
        return next(iter(self.nodes.values()))


async def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait for ``condition``; fail with ``what`` was awaited."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def a_house(
    directory: Path, seats: tuple[int, ...] = (3, 37, 200, 255), policy: StockPolicy = POLICY, ledger: Ledger | None = None
) -> AsyncIterator[House]:
    """Start a node in each of ``seats``, on a chain of its own unless given one."""
    ledger = ledger or Ledger(len(seats))
    async with AsyncExitStack() as stack:
        identities, sockets = {}, {}
        for number in seats:
            seat = Seat(number)
            folder = directory / f"node-{number}"
            folder.mkdir()
            Vault.create_key_file(str(folder / "kek"))
            vault = Vault.from_key_file(str(folder / "kek"))
            create_identity(folder, vault)
            identities[seat] = (folder, vault, load_identity(folder, vault))
            sockets[seat] = socket.create_server(("127.0.0.1", 0))
        committee = Committee(
            network=NETWORK,
            epoch=1,
            members=tuple(participant(seat, identity, sockets[seat]) for seat, (_, _, identity) in identities.items()),
        )
        nodes = {}
        for seat, (folder, vault, identity) in identities.items():
            store = stack.enter_context(Store.open(folder / "store.db", network=NETWORK, node=identity.public.address, vault=vault))
            nodes[seat] = await a_node(stack, committee, seat, identity, store, sockets[seat], ledger, policy)
        yield House(ledger, nodes)


def participant(seat: Seat, identity: NodeIdentity, listener: socket.socket) -> Participant:
    return Participant(
        seat=seat,
        address=identity.public.address,
        url="http://127.0.0.1:1",
        peer_host="127.0.0.1",
        peer_port=listener.getsockname()[1],
        certificate_hash=identity.public.certificate_hash,
        x25519_key=identity.public.x25519_key,
    )


async def a_node(
    stack: AsyncExitStack,
    committee: Committee,
    seat: Seat,
    identity: NodeIdentity,
    store: Store,
    listener: socket.socket,
    ledger: Ledger,
    policy: StockPolicy,
) -> Node:
    clock, chain = MonotonicClock(), cast("Any", ledger)
    engine = stack.enter_context(Engine(32))
    table = PairTable(network=NETWORK, epoch=1, seat=seat, sealing=identity.sealing)
    mesh = await stack.enter_async_context(a_mesh(committee, seat, identity, table, listener))
    tasks = await stack.enter_async_context(ended(asyncio.TaskGroup()))
    control = Control(mesh.open(control_session(NETWORK, 1)))
    pairs = Pairs(me=seat, committee=committee, table=table, links=mesh, control=control, store=store, run=engine, clock=clock)
    signer = Signer(
        mesh=mesh,
        committee=committee,
        table=table,
        pairs=pairs,
        engine=engine,
        clock=clock,
        memory=SigningMemory(clock),
        metrics=Metrics(),
    )
    await stack.enter_async_context(signer.running())
    custody, blocks = Custody(store), SharedBlocks(chain)
    custody.refresh()
    generation = KeyGeneration(
        me=seat,
        committee=committee,
        sealing=identity.sealing,
        mesh=mesh,
        store=store,
        votes=cast("Any", ledger.ballot(identity.public.address)),
        engine=engine,
        clock=clock,
    )
    coordinator = a_coordinator(committee, generation, control, ledger, blocks, custody, policy, lambda: signer.active > 0)
    for work in (control.run(), pairs.run(), coordinator.run()):
        tasks.create_task(work)

    approver = Approver(
        committee=committee,
        custody=custody,
        reader=chain,
        blocks=blocks,
        signer=signer,
        look_again=coordinator.settle_now,
        derivation=Derivation(custody, ledger, blocks),
    )
    decryption = Decryption(
        committee=committee,
        custody=custody,
        judge=Judge(ledger, ledger.ask_action, ledger.fetch),
        mesh=mesh,
        engine=engine,
        clock=clock,
        metrics=Metrics(),
    )
    return Node(seat, identity.public.address, mesh, table, store, custody, coordinator, signer, approver, pairs, decryption)


def a_coordinator(
    committee: Committee,
    generation: KeyGeneration,
    control: Control,
    ledger: Ledger,
    blocks: SharedBlocks,
    custody: Custody,
    policy: StockPolicy,
    signing: Callable[[], bool],
) -> Coordinator:
    return Coordinator(
        committee=committee,
        policies={Purpose.PKP_ECDSA: policy, **dict.fromkeys(NETWORK_PURPOSES, ONE_KEY), Purpose.ROOT_ECDSA: TEN_KEYS},
        generation=generation,
        control=control,
        keys=cast("Any", ledger),
        blocks=blocks,
        store=generation.store,
        custody=custody,
        signing=signing,
        changed=asyncio.Event(),
        poll_seconds=0.2,
    )


def a_mesh(committee: Committee, seat: Seat, identity: NodeIdentity, table: PairTable, listener: socket.socket) -> Mesh:
    return Mesh(
        Identity(
            seat=seat,
            address=identity.public.address,
            certificate_pem=identity.certificate_pem,
            key_pem=identity.key_pem,
            key_password=identity.key_password,
            sign=wallet_signer(identity.wallet_key),
            boot_nonce=table.boot_nonce,
        ),
        committee,
        listen_host="127.0.0.1",
        listen_port=0,
        listen_socket=listener,
    )


@asynccontextmanager
async def ended(tasks: asyncio.TaskGroup) -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose tasks run for ever, until the block ends."""
    started: list[asyncio.Task[Any]] = []

    class Remembering:
        def create_task(self, work: Any) -> asyncio.Task[Any]:
            started.append(tasks.create_task(work))
            return started[-1]

    async with tasks:
        try:
            yield cast("asyncio.TaskGroup", Remembering())
        finally:
            for task in started:
                task.cancel()
