"""Starting and stopping: each reason not to start has its sentence and its exit status."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web
from tests.serving import serving

from votive.core import Vault
from votive.node.config import Config
from votive.node.config_file import load
from votive.node.daemon import Daemon, network_view, open_store
from votive.node.failure import ExitStatus, StartFailure
from votive.node.identity import load_identity
from votive.node.init import create
from votive.node.joining import OnChain, member_of
from votive.node.ports import listen, owner_of
from votive.node.unlock import unlock
from votive.store import Store
from votive.terms.contracts import RESOLVER_KEYS, Contracts
from votive.terms.participant import Committee, Participant, Seat

RESOLVER = "0x59Ca1A5e05f45Cda8e138d0e03b6f8d3E83F9b5E"
PASSPHRASE = "correct horse battery staple"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def a_folder(directory: Path, *, rpc: str = "http://127.0.0.1:9", patience: float = 0.5, more: str = "") -> Path:
    """A node's folder with an identity and a configuration; returns the configuration."""
    Vault.create_key_file(str(directory / "kek"))
    create(directory, Vault.from_key_file(str(directory / "kek")))
    file = directory / "node.toml"
    file.write_text(
        f'[chain]\nresolver = "{RESOLVER}"\nrpc_urls = ["{rpc}"]\npatience_seconds = {patience}\n'
        f"[http]\nport = {free_port()}\n[peer]\nport = {free_port()}\n{more}"
    )
    return file


@contextmanager
def process(config: Path) -> Iterator[subprocess.Popen[str]]:
    """A node's process; ended when the block ends."""
    command = [sys.executable, "-m", "votive.node", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def last_words(running: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """Exit status and last log line of a process that ends by itself."""
    _, log = running.communicate(timeout=60)
    return running.returncode, json.loads(log.strip().splitlines()[-1])


def health(config: Config) -> dict[str, Any]:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{config.http.port}/health", timeout=5) as answer:
                return dict(json.load(answer))
        except OSError:
            assert time.monotonic() < until, "the node does not answer"
            time.sleep(0.1)


def test_a_node_without_its_key_encryption_key_says_so(tmp_path: Path) -> None:
    config = a_folder(tmp_path)
    (tmp_path / "kek").unlink()
    with process(config) as running:
        status, line = last_words(running)
    assert status == ExitStatus.KEY_ENCRYPTION_KEY
    assert "key-encryption key" in line["why"]
    assert str(tmp_path / "kek") in line["why"]


def test_a_port_in_use_is_named_with_its_process(tmp_path: Path) -> None:
    config = a_folder(tmp_path)
    port = load(config, {}).http.port
    with socket.create_server(("127.0.0.1", port)), process(config) as running:
        status, line = last_words(running)
    assert status == ExitStatus.PORT_IN_USE
    assert f"port {port}" in line["why"]
    assert f"process {os.getpid()}" in line["why"]


def test_a_node_waits_for_its_chain_tells_so_and_stops_cleanly_when_asked(tmp_path: Path) -> None:
    file = a_folder(tmp_path, patience=60)
    with process(file) as running:
        status = health(load(file, {}))
        while not status["waiting_for"]:
            status = health(load(file, {}))
        assert (status["status"], status["step"]) == ("starting", "chain")
        assert "127.0.0.1:9" in status["waiting_for"]
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        code, line = last_words(running)
    assert (code, line["event"]) == (0, "stopped")
    assert time.monotonic() - began < 5


async def started(file: Path) -> StartFailure:
    """Start a node in this process and return why it did not."""
    config = load(file, {})
    vault = unlock(config)
    identity = load_identity(config.directory, vault)
    with (
        listen("127.0.0.1", config.http.port, "http.port") as http,
        listen("127.0.0.1", config.peer.port, "peer.port") as peer,
        open_store(config, identity, vault) as store,
        pytest.raises(StartFailure) as caught,
    ):
        await Daemon(config, identity, store).run(http, peer)
    return caught.value


async def test_a_chain_that_stays_down_ends_the_start_after_its_patience(tmp_path: Path) -> None:
    failure = await started(a_folder(tmp_path))
    assert failure.exit_status is ExitStatus.CHAIN_DOWN
    assert "0.5 s" in failure.message


@asynccontextmanager
async def a_chain(answers: dict[str, Any]) -> AsyncIterator[str]:
    """An endpoint that answers by method."""

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"jsonrpc": "2.0", "id": asked["id"], "result": answers[asked["method"]]})

    async with serving(answer) as url:
        yield url + "/"


async def test_another_chain_id_ends_the_start_at_once(tmp_path: Path) -> None:
    async with a_chain({"eth_chainId": "0x1"}) as url:
        failure = await started(a_folder(tmp_path, rpc=url, patience=60))
    assert failure.exit_status is ExitStatus.WRONG_CHAIN
    assert "31337" in failure.message


async def test_a_chain_without_the_network_ends_the_start_at_once(tmp_path: Path) -> None:
    header = {"number": "0x1", "hash": "0x" + "11" * 32, "parentHash": "0x" + "00" * 32, "timestamp": "0x1"}
    async with a_chain({"eth_chainId": hex(31337), "eth_call": "0x", "eth_getBlockByNumber": header}) as url:
        failure = await started(a_folder(tmp_path, rpc=url, patience=60))
    assert failure.exit_status is ExitStatus.WRONG_CHAIN
    assert RESOLVER in failure.message


def test_a_store_that_another_process_has_is_not_opened_twice(tmp_path: Path) -> None:
    config = load(a_folder(tmp_path), {})
    vault = unlock(config)
    identity = load_identity(config.directory, vault)
    with open_store(config, identity, vault), pytest.raises(StartFailure) as caught:
        open_store(config, identity, vault)
    assert caught.value.exit_status is ExitStatus.STORE_LOCKED
    assert str(os.getpid()) in caught.value.message


def test_a_store_of_another_network_is_not_opened(tmp_path: Path) -> None:
    config = load(a_folder(tmp_path), {})
    vault = unlock(config)
    identity = load_identity(config.directory, vault)
    Store.open(config.path("store.db"), network=bytes(32), node=identity.public.address, vault=vault).close()
    with pytest.raises(StartFailure) as caught:
        open_store(config, identity, vault)
    assert caught.value.exit_status is ExitStatus.STORE_BROKEN


def registry(folder: Path, **changes: Any) -> tuple[Committee, Config]:
    """A committee with the node of ``folder`` in seat 3, except for ``changes``."""
    config = load(folder / "node.toml", {})
    public = load_identity(folder, unlock(config)).public
    fields = {"address": public.address, "certificate_hash": public.certificate_hash, "x25519_key": public.x25519_key} | changes
    others = [
        Participant(
            seat=Seat(seat), address="0x" + f"{seat:02x}" * 20, url="u", peer_host="h", peer_port=1, certificate_hash=b"", x25519_key=b""
        )
        for seat in (4, 5, 6)
    ]
    mine = Participant(seat=Seat(3), url="u", peer_host="h", peer_port=1, **fields)
    return Committee(network=bytes(32), epoch=1, members=(mine, *others)), config


def test_a_registered_node_finds_its_seat(tmp_path: Path) -> None:
    a_folder(tmp_path)
    committee, config = registry(tmp_path)
    assert member_of(committee, load_identity(tmp_path, unlock(config)), config).seat == 3


@pytest.mark.parametrize("changes", [{"address": "0x" + "99" * 20}, {"certificate_hash": bytes(32)}, {"x25519_key": bytes(32)}])
def test_a_node_that_the_registry_does_not_know_as_it_is_does_not_start(tmp_path: Path, changes: dict[str, Any]) -> None:
    a_folder(tmp_path)
    committee, config = registry(tmp_path, **changes)
    with pytest.raises(StartFailure, match="not registered") as caught:
        member_of(committee, load_identity(tmp_path, unlock(config)), config)
    assert caught.value.exit_status is ExitStatus.NOT_REGISTERED


def test_a_seat_that_the_registry_does_not_give_is_refused(tmp_path: Path) -> None:
    a_folder(tmp_path, more="[node]\nseat = 9\n")
    committee, config = registry(tmp_path)
    with pytest.raises(StartFailure, match=r"node\.seat is 9"):
        member_of(committee, load_identity(tmp_path, unlock(config)), config)


@pytest.mark.parametrize("public", [None, "https://public.example"])
def test_clients_are_told_the_public_endpoint_where_there_is_one(tmp_path: Path, public: str | None) -> None:
    a_folder(tmp_path)
    committee, config = registry(tmp_path)
    config = msgspec.structs.replace(config, chain=msgspec.structs.replace(config.chain, public_rpc_url=public))
    nowhere = "0x" + "00" * 20
    contracts = Contracts.from_dict(dict.fromkeys(("ContractResolver", *RESOLVER_KEYS), nowhere))
    chain = cast("OnChain", SimpleNamespace(contracts=contracts, committee=committee))
    assert network_view(config, chain).rpc_url == (public or config.chain.rpc_urls[0])


def test_nobody_owns_a_free_port() -> None:
    assert owner_of(free_port()) is None


async def test_a_host_that_is_not_ours_is_explained() -> None:
    with pytest.raises(StartFailure, match=r"http\.port"):
        await asyncio.to_thread(listen, "203.0.113.7", free_port(), "http.port")


def test_a_passphrase_opens_what_it_sealed_and_leaves_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[chain]\nresolver = "{RESOLVER}"\n[key_encryption_key]\nsource = "passphrase-env"\nvariable = "A_TEST_PASSPHRASE"\n')
    config = load(file, {})
    for _ in range(2):
        monkeypatch.setenv("A_TEST_PASSPHRASE", "correct horse battery staple")
        public = create(tmp_path, unlock(config))
        assert "A_TEST_PASSPHRASE" not in os.environ
        assert load_identity(tmp_path, unlock_again(config, monkeypatch)).public == public
    monkeypatch.setenv("A_TEST_PASSPHRASE", "another horse battery staple")
    with pytest.raises(StartFailure):
        load_identity(tmp_path, unlock(config))


def unlock_again(config: Config, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setenv("A_TEST_PASSPHRASE", "correct horse battery staple")
    return unlock(config)


def with_passphrase(directory: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node's folder whose identity is sealed under ``PASSPHRASE``, which the node is to read from ``source``; its configuration."""
    file = directory / "node.toml"
    section = f'[key_encryption_key]\nvariable = "A_TEST_PASSPHRASE"\nsource = "{source}"\n'
    file.write_text(
        f'[chain]\nresolver = "{RESOLVER}"\nrpc_urls = ["http://127.0.0.1:9"]\n[http]\nport = {free_port()}\n[peer]\nport = {free_port()}\n'
        + section
    )
    monkeypatch.setenv("A_TEST_PASSPHRASE", PASSPHRASE)
    create(directory, unlock(load(file, {"VOTIVE_KEY_ENCRYPTION_KEY_SOURCE": "passphrase-env"})))
    return file


@contextmanager
def at_a_terminal(config: Path) -> Iterator[tuple[int, int]]:
    """A node's process at a pseudo-terminal of its own: its pid and the terminal; ended when the block ends."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "votive.node", "--config", str(config)])
    try:
        yield child, terminal
    finally:
        os.close(terminal)
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def shown_until(terminal: int, text: str) -> str:
    """What is shown at a terminal, up to ``text``."""
    shown = b""
    while text.encode() not in shown:
        assert select.select([terminal], [], [], 30)[0], f"not shown in time: {text}, only {shown!r}"
        shown += os.read(terminal, 4096)
    return shown.decode()


def test_a_node_starts_with_the_passphrase_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = with_passphrase(tmp_path, "passphrase-env", monkeypatch)
    monkeypatch.setenv("A_TEST_PASSPHRASE", PASSPHRASE)
    with process(file):
        assert health(load(file, {}))["status"] == "starting"
    monkeypatch.setenv("A_TEST_PASSPHRASE", "another horse battery staple")
    with process(file) as running:
        status, line = last_words(running)
    assert status == ExitStatus.KEY_ENCRYPTION_KEY
    assert "horse" not in line["why"]


def test_a_node_asks_for_its_passphrase_at_the_terminal_and_starts_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = with_passphrase(tmp_path, "prompt", monkeypatch)
    with at_a_terminal(file) as (_, terminal):
        shown_until(terminal, "Passphrase of this node: ")
        os.write(terminal, f"{PASSPHRASE}\n".encode())
        assert health(load(file, {}))["status"] == "starting"
        assert "horse" not in shown_until(terminal, "event")


def test_a_node_does_not_start_with_another_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = with_passphrase(tmp_path, "prompt", monkeypatch)
    with at_a_terminal(file) as (node, terminal):
        shown_until(terminal, "Passphrase of this node: ")
        os.write(terminal, b"another horse battery staple\n")
        assert "horse" not in shown_until(terminal, "cannot start")
        ended = os.waitid(os.P_PID, node, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_status == ExitStatus.KEY_ENCRYPTION_KEY


def test_a_missing_passphrase_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_TEST_PASSPHRASE", raising=False)
    file = tmp_path / "node.toml"
    file.write_text(f'[chain]\nresolver = "{RESOLVER}"\n[key_encryption_key]\nsource = "passphrase-env"\nvariable = "A_TEST_PASSPHRASE"\n')
    with pytest.raises(StartFailure, match="A_TEST_PASSPHRASE") as caught:
        unlock(load(file, {}))
    assert caught.value.exit_status is ExitStatus.KEY_ENCRYPTION_KEY
