"""What commands say before they ask a network, and of one that they cannot ask."""

from __future__ import annotations

import gc
import json
from datetime import timedelta
from pathlib import Path
from unittest.mock import AsyncMock, Mock

import pytest
from tests.client.town import ACCOUNT, CHAIN_ID, TOKEN

import votive
from votive.cli import network, sessions
from votive.cli.main import main
from votive.client import BadArgument, SessionStore, Wallet
from votive.client.auth_sig import ANONYMOUS
from votive.client.blocking import BlockingNetwork
from votive.client.session import capabilities_of, delegate
from votive.devnet import Devnet
from votive.devnet.create import funded_accounts
from votive.devnet.plan import NodePlan, Plan, save
from votive.devnet.services import Service
from votive.terms.capability import Resource
from votive.terms.contracts import RESOLVER_KEYS

PLAN = Plan(
    nodes=tuple(NodePlan(index=seat, address="0x" + f"{seat:040x}", port=1, peer_port=1) for seat in (1, 2, 3, 4)),
    chain_port=1,
    ipfs_port=1,
    issuer_port=1,
    contracts=dict.fromkeys(("ContractResolver", *RESOLVER_KEYS), "0x" + "cc" * 20),
    accounts=funded_accounts(),
)
"""A network where nobody answers."""


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state directory that is no person's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class TestSessions:
    NEEDED = capabilities_of([Resource.pkp(TOKEN)])

    @staticmethod
    def keep(wallet: Wallet, resource: str) -> None:
        made = delegate(wallet, [resource], lifetime=timedelta(days=1), chain_id=CHAIN_ID, origin=ANONYMOUS)
        SessionStore().keep(sessions.network_of(PLAN), made)

    def test_the_session_of_whom_as_names_is_taken(self) -> None:
        self.keep(ACCOUNT, "lit-pkp://*")
        assert sessions.session_of(PLAN, ACCOUNT.address, self.NEEDED).delegation.auth_sig.address == ACCOUNT.address

    def test_a_session_of_another_that_would_do_is_named_with_the_option(self) -> None:
        self.keep(ACCOUNT, f"lit-pkp://{TOKEN:064x}")
        with pytest.raises(BadArgument, match=rf"no session of {PLAN.accounts[0].address} .* sessions of {ACCOUNT.address}: say by --as"):
            sessions.session_of(PLAN, "0", self.NEEDED)

    def test_sessions_for_something_else_are_named_as_such(self) -> None:
        self.keep(ACCOUNT, "lit-litaction://*")
        with pytest.raises(BadArgument, match=rf"votive session create.*are of {ACCOUNT.address}, for something else"):
            sessions.session_of(PLAN, "0", self.NEEDED)

    def test_where_there_are_none_none_is_named(self) -> None:
        with pytest.raises(BadArgument, match=r"make one with `votive session create`, or leave out --session\.$"):
            sessions.session_of(PLAN, "0", self.NEEDED)


@pytest.mark.parametrize(
    "command",
    [
        ["action", "publish", "FILE"],
        ["encrypt", "FILE", "--condition", "time > 2030-01-01"],
        ["verify", "--signature", "0x" + "01" * 65, "--digest", "0x" + "01" * 32, "--key", "1"],
        ["key", "list"],
    ],
    ids=lambda command: command[0],
)
def test_where_nobody_answers_every_command_says_how_the_network_is_started(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path, PLAN)
    (file := tmp_path / "file").touch()
    assert main([str(file) if word == "FILE" else word for word in command] + ["--directory", str(tmp_path), "--json"]) == 1
    message = json.loads(capsys.readouterr().out)["message"]
    assert "Connection refused" in message
    assert message.endswith("Is the network up (`votive status`, `votive up`), and the URL right?")


class TestUp:
    """``votive up`` of a network whose processes are pretended."""

    @pytest.fixture
    def dead(self, monkeypatch: pytest.MonkeyPatch) -> set[str]:
        """The names of the processes that do not run."""
        names: set[str] = set()

        async def up(directory: Path, **_: object) -> Devnet:
            return Devnet.open(directory)

        def process(service: Service) -> object:
            return None if service.name in names else object()

        monkeypatch.setattr(Devnet, "up", up)
        monkeypatch.setattr(Service, "process", process)
        monkeypatch.setattr(Devnet, "status", AsyncMock())
        monkeypatch.setattr(network, "show", lambda *_, **__: None)
        return names

    @pytest.mark.parametrize("name", [None, "chain", "node 3"])
    def test_what_was_up_already_is_said_to_have_been(
        self, dead: set[str], name: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        save(tmp_path, PLAN)
        dead.update({name} if name else ())
        assert main(["up", "--directory", str(tmp_path)]) == 0
        assert ("was up already" in capsys.readouterr().err) is (name is None)

    def test_a_directory_without_a_network_is_not_up(self, tmp_path: Path) -> None:
        assert not network.is_up(tmp_path)


async def test_where_a_loop_runs_one_is_told_what_to_use_and_nothing_is_left_unawaited(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(RuntimeError, match=r"use `async with votive\.connect"), votive.connect_blocking("http://127.0.0.1:1"):
        pass
    blocking = BlockingNetwork(Mock(), Mock())
    with pytest.raises(RuntimeError, match=r"votive\.connect"):
        blocking.mint(account="0x" + "11" * 32)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []
