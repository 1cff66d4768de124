"""SIGKILL while the nodes make the network's own keys: whenever it comes, the network ends up with its keys of every purpose."""

from __future__ import annotations

import asyncio
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from coincurve import PublicKey
from tests.network.city import SEATS, until

from votive.client.registry import Registry
from votive.client.rpc import Rpc
from votive.devnet import Devnet, anvil
from votive.devnet.progress import silent
from votive.terms.claim import ROOT_KEYS
from votive.terms.encoding import bytes_of, hex0x
from votive.terms.key import NETWORK_PURPOSES, verification_hash
from votive.terms.participant import Seat


async def laid_out(directory: Path) -> Devnet:
    """A network whose contracts are deployed and whose nodes have never met."""
    starting = asyncio.create_task(Devnet.up(directory))
    while not (directory / "network.json").exists():
        await asyncio.sleep(0.01)
        assert not starting.done(), starting.exception()
    starting.cancel()
    await asyncio.wait([starting])
    return Devnet.open(directory)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Devnet]:
    network = asyncio.run(laid_out(tmp_path / "fresh"))
    try:
        yield network
    finally:
        asyncio.run(network.down())


def told(network: Devnet, seat: int, path: str) -> dict[str, Any]:
    """What a node answers; empty if it does not, or is starting."""
    try:
        with urllib.request.urlopen(network.node_url(seat) + path, timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return {}


def begin(network: Devnet) -> None:
    """Start every process, without waiting for anything but the chain."""
    chain, *others = network.services(asyncio.run(asyncio.to_thread(anvil.find, silent)))
    chain.start()
    time.sleep(0.5)
    for service in others:
        service.start()


def keys_of(network: Devnet, seat: int) -> dict[str, str | None]:
    network_keys: dict[str, str | None] = told(network, seat, "/health").get("keys", {}).get("network", {})
    return network_keys


def has_keys(network: Devnet) -> bool:
    return all(None not in (found := keys_of(network, seat)).values() and len(found) == 2 and has_roots(network, seat) for seat in SEATS)


def has_roots(network: Devnet, seat: int) -> bool:
    """Whether a node can use its shares of all ten root keys."""
    return bool(told(network, seat, "/votive/network").get("keys", {}).get("roots"))


def service_of(network: Devnet, seat: int) -> Any:
    return next(service for service in network.services() if service.name == f"node {seat}")


def kill(network: Devnet, seat: int) -> None:
    network.kill_node(seat)
    until(lambda: network.node_pid(seat) is None, "the killed node is gone")


@pytest.mark.parametrize("seed", [1, 2])
def test_nodes_killed_while_the_network_keys_are_made_come_back_with_them(fresh: Devnet, seed: int) -> None:
    chance = random.Random(seed)
    begin(fresh)
    for _ in range(3):
        seat = chance.choice(SEATS)
        until(lambda: told(fresh, seat, "/health").get("step") in ("mesh", "sandbox", "pairs", "serving"), "the node links to others")  # noqa: B023
        time.sleep(chance.random() * 0.7)
        kill(fresh, seat)
        service_of(fresh, seat).start()
    asyncio.run(Devnet.up(fresh.directory))
    until(lambda: has_keys(fresh), "every node has the network keys", 90)
    assert_one_network(fresh)


def test_a_node_killed_between_storing_its_share_and_its_registration_has_it_afterwards(fresh: Devnet) -> None:
    begin(fresh)
    seat = 2

    def store_holds_a_share() -> bool:
        return b"batch generated" in service_of(fresh, seat).log.read_bytes()

    until(store_holds_a_share, "the node has generated a batch", 60)
    kill(fresh, seat)
    asyncio.run(Devnet.up(fresh.directory))
    until(lambda: has_keys(fresh), "every node has the network keys", 90)
    assert_one_network(fresh)


async def registered_roots(network: Devnet) -> list[str]:
    """The root keys as the chain has them, compressed, in its order."""
    async with aiohttp.ClientSession() as session:
        registry = await Registry.open(Rpc(session, network.plan.rpc_url), network.plan.resolver)
        return [hex0x(PublicKey(root).format()) for root in await registry.root_keys()]


async def registered_keys(network: Devnet) -> dict[str, tuple[bytes, bytes]]:
    """What the chain says of both keys."""
    async with aiohttp.ClientSession() as session:
        registry = await Registry.open(Rpc(session, network.plan.rpc_url), network.plan.resolver)
        found = {purpose.value: await registry.network_key(purpose) for purpose in NETWORK_PURPOSES}
    return {purpose: (key.public_key, key.verification_hash) for purpose, key in found.items() if key is not None}


def assert_one_network(network: Devnet) -> None:
    """All nodes publish the same keys, with the verification shares that the chain has the hash of, and can use theirs."""
    views = [told(network, seat, "/votive/network")["keys"] for seat in SEATS]
    assert all(view == views[0] for view in views)
    assert views[0]["roots"] == asyncio.run(registered_roots(network))
    assert len(set(views[0]["roots"])) == ROOT_KEYS
    registered = asyncio.run(registered_keys(network))
    for purpose, view in zip(NETWORK_PURPOSES, (views[0]["encryption"], views[0]["session"]), strict=True):
        shares = {Seat(int(seat)): bytes_of(point) for seat, point in view["verification_shares"].items()}
        assert sorted(shares) == list(SEATS)
        assert registered[purpose.value] == (bytes_of(view["public_key"]), verification_hash(shares))
    assert all(told(network, seat, "/health")["keys"]["unavailable"] == {} for seat in SEATS)
