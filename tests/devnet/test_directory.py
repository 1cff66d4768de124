"""What a directory may hold, and who may change it."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path

import msgspec
import pytest

from votive.devnet import AnvilMissing, Devnet, DevnetError, PortInUse, Progress, configuration
from votive.devnet.lock import forget, locked
from votive.devnet.network import require_same
from votive.devnet.plan import NodePlan, Plan, Wanted, load, save
from votive.devnet.progress import silent
from votive.node.config_file import load as load_node
from votive.terms.contracts import RESOLVER_KEYS

NODES = tuple(NodePlan(index=seat, address="0x" + f"{seat:040x}", port=20000 + seat, peer_port=20100 + seat) for seat in range(1, 5))
CONTRACTS = dict.fromkeys(["ContractResolver", *RESOLVER_KEYS], "0x" + "ab" * 20)
PLAN = Plan(nodes=NODES, chain_port=20200, ipfs_port=20201, issuer_port=20202, contracts=CONTRACTS, accounts=())


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    save(tmp_path, PLAN)
    assert load(tmp_path) == PLAN
    assert (PLAN.threshold, PLAN.node(2).url) == (3, "http://127.0.0.1:20002")
    with pytest.raises(DevnetError, match="no node 5"):
        PLAN.node(5)


def test_a_damaged_plan_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text('{"format": 2}')
    with pytest.raises(DevnetError, match=r"network\.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("contracts", "why"),
    [
        ({name: address for name, address in CONTRACTS.items() if name != "PKPNFT"}, "names no contract PKPNFT"),
        (CONTRACTS | {"Staking": "0x12"}, "names a contract at no address"),
        (CONTRACTS | {"Staking": ""}, "names a contract at no address"),
    ],
)
def test_a_plan_whose_contracts_are_damaged_is_an_error(tmp_path: Path, contracts: dict[str, str], why: str) -> None:
    save(tmp_path, msgspec.structs.replace(PLAN, contracts=contracts))
    with pytest.raises(DevnetError, match=f"{why}.*Restore it"):
        load(tmp_path)


@pytest.mark.parametrize(("format_", "which"), [(1, "an older"), (3, "a newer")])
async def test_a_network_of_another_version_is_refused_in_words(tmp_path: Path, format_: int, which: str) -> None:
    save(tmp_path, PLAN)
    file = tmp_path / "network.json"
    file.write_text(file.read_text().replace('"format": 2', f'"format": {format_}'))
    (tmp_path / "lock").touch()
    with pytest.raises(DevnetError, match=rf"made by {which} version.*votive down"):
        Devnet.open(tmp_path)
    with pytest.raises(DevnetError, match=rf"made by {which} version"):
        await Devnet.up(tmp_path)


async def test_a_network_of_an_older_version_can_be_ended(tmp_path: Path) -> None:
    save(tmp_path, PLAN)
    file = tmp_path / "network.json"
    file.write_text(file.read_text().replace('"format": 2', '"format": 1'))
    network = Devnet.open(tmp_path, older=True)
    assert len(network.services()) == 3 + len(NODES)
    await network.down()


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A network that was made, and whose nodes' actions may fetch from nowhere on this machine."""
    save(tmp_path, PLAN)
    (tmp_path / "lock").touch()
    for node in PLAN.nodes:
        (tmp_path / f"node-{node.index}").mkdir()
        configuration.write(tmp_path / f"node-{node.index}", PLAN, node)
    return tmp_path


def allow(directory: Path, seat: int, *servers: str) -> None:
    """Change a node's file as the manual says."""
    file = directory / f"node-{seat}" / "node.toml"
    changed = file.read_text().replace("\nallow = []\n", f"\nallow = {json.dumps(servers)}\n")
    assert changed != file.read_text()
    file.write_text(changed)


async def test_an_existing_network_is_not_opened_to_another_server(configured: Path) -> None:
    with pytest.raises(DevnetError, match=r"may fetch from no server on this machine.*Leave out --allow-fetch"):
        await Devnet.up(configured, allow_fetch=["127.0.0.1:8000"])


def test_what_the_nodes_files_say_now_is_what_is_compared(configured: Path) -> None:
    for seat in (1, 2, 3):
        allow(configured, seat, "127.0.0.1:8000")
    assert configuration.fetches(configured, PLAN) == {seat: {"127.0.0.1:8000"} for seat in (1, 2, 3)} | {4: set()}
    wanted = Wanted(allow_fetch=("127.0.0.1:8000",))
    with pytest.raises(DevnetError, match=r"actions at node 4 may fetch from no server on this machine, as its node\.toml says"):
        require_same(configured, PLAN, wanted)
    allow(configured, 4, "127.0.0.1:8000")
    require_same(configured, PLAN, wanted)


@pytest.mark.parametrize("text", ["[fetch]\nallow = []\n[fetch]\nallow = []\n", "fetch = 1\n", "[fetch]\nallow = 1\n"])
def test_a_file_that_no_node_could_read_is_named(configured: Path, text: str) -> None:
    (configured / "node-2" / "node.toml").write_text(text)
    with pytest.raises(DevnetError, match=r"node-2/node\.toml cannot be read.*\[fetch\]"):
        configuration.fetches(configured, PLAN)


@pytest.mark.parametrize("server", ["8000", "127.0.0.1", "10.0.0.1:80", "127.0.0.1:0", "localhost:8000", "127.0.0.1:8000/x"])
async def test_only_servers_on_this_machine_can_be_opened_to_actions(tmp_path: Path, server: str) -> None:
    with pytest.raises(DevnetError, match="name a server on this machine"):
        await Devnet.up(tmp_path / "network", allow_fetch=[server])
    assert not (tmp_path / "network").exists()


@pytest.mark.parametrize("nodes", [(NODES[0], NODES[0], *NODES[2:]), NODES[::-1], NODES[1:]])
def test_a_plan_names_each_node_once(tmp_path: Path, nodes: tuple[NodePlan, ...]) -> None:
    """A node that is started twice leaves a process behind that nobody remembers."""
    save(tmp_path, msgspec.structs.replace(PLAN, nodes=nodes))
    with pytest.raises(DevnetError, match="each node once"):
        load(tmp_path)


def test_there_is_no_network_where_none_was_made(tmp_path: Path) -> None:
    with pytest.raises(DevnetError, match="votive up"):
        Devnet.open(tmp_path)


async def test_an_existing_network_keeps_its_size_and_its_ports(tmp_path: Path) -> None:
    save(tmp_path, PLAN)
    with pytest.raises(DevnetError, match="has 4 nodes, not 5"):
        await Devnet.up(tmp_path, nodes=5)
    with pytest.raises(DevnetError, match="keeps its ports, from 20001 on"):
        await Devnet.up(tmp_path, port=30000)


@pytest.mark.parametrize("nodes", [-1, 0, 3, 11])
async def test_a_network_has_four_to_ten_nodes(tmp_path: Path, nodes: int) -> None:
    with pytest.raises(DevnetError, match="4 to 10"):
        await Devnet.up(tmp_path / "network", nodes=nodes)


@pytest.mark.parametrize("port", [0, -5, 65530, 70000])
async def test_ports_lie_within_those_that_there_are(tmp_path: Path, port: int) -> None:
    with pytest.raises(DevnetError, match="port"):
        await Devnet.up(tmp_path / "network", port=port)


async def test_a_taken_base_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        base = server.sockets[0].getsockname()[1] - 9  # the last port of the row of four nodes: the chain's
        with pytest.raises(PortInUse, match="process"):
            await Devnet.up(tmp_path / "network", port=base)
    assert list(tmp_path.iterdir()) == []


async def test_a_failed_creation_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTIVE_ANVIL", str(tmp_path / "absent"))
    with pytest.raises(AnvilMissing):
        await Devnet.up(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    with pytest.raises(AnvilMissing):
        await Devnet.up(tmp_path / "kept")
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]


async def test_a_failed_start_leaves_the_network_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTIVE_ANVIL", str(tmp_path / "absent"))
    save(tmp_path, PLAN)
    with pytest.raises(AnvilMissing):
        await Devnet.up(tmp_path)
    assert load(tmp_path) == PLAN


async def test_what_is_not_ours_is_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "node-1").mkdir()
    (tmp_path / "node-1" / "precious").write_text("kept")
    with pytest.raises(DevnetError, match="in the way"):
        await Devnet.up(tmp_path)
    assert (tmp_path / "node-1" / "precious").read_text() == "kept"


async def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    told: list[Progress] = []
    order: list[str] = []

    async def second() -> None:
        async with locked(tmp_path, told.append):
            order.append("second")

    async with locked(tmp_path, silent):
        task = asyncio.create_task(second())
        await asyncio.sleep(0.3)
        order.append("first")
    await task
    assert order == ["first", "second"]
    assert len(told) == 1
    assert "waiting" in told[0].text


async def test_who_waits_for_a_lock_that_is_removed_takes_the_next_one(tmp_path: Path) -> None:
    place, order = tmp_path / "network", ["first"]

    async def later(name: str) -> None:
        async with locked(place, silent):
            order.append(name)
            await asyncio.sleep(0.2)
            order.append(name)

    async with locked(place, silent):
        waiting = asyncio.create_task(later("second"))
        await asyncio.sleep(0.2)
        forget(place)
        place.rmdir()
    newcomer = asyncio.create_task(later("third"))
    await asyncio.gather(waiting, newcomer)
    assert order[1] == order[2]
    assert order[3] == order[4]


def test_a_node_reads_the_configuration_that_is_written_for_it(tmp_path: Path) -> None:
    configuration.write(tmp_path, PLAN, PLAN.node(3))
    config = load_node(tmp_path / "node.toml", environment={})
    assert (config.node.seat, config.http.port, config.peer.port) == (3, 20003, 20103)
    assert (config.chain.rpc_urls, config.chain.finality) == (("http://127.0.0.1:20200",), 0)
    assert config.auth.accept_bearer_authsig is True
    assert config.ipfs.api == "http://127.0.0.1:20201"


def test_toml_is_written_as_toml_is_read() -> None:
    tables = {"a": {"text": 'quote " and \\ and é', "flag": True, "list": ["x", "y"], "number": 5}, "b": {"empty": []}}
    assert tomllib.loads(configuration.toml(tables)) == tables
