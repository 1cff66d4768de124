"""Ports are free when they are chosen, and who has a taken one is named."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from votive.devnet import PortInUse, ports
from votive.devnet.plan import Ports, count_for


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((ports.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_refused_and_its_process_named(occupied: int) -> None:
    with pytest.raises(PortInUse, match=rf"port {occupied} .*process {os.getpid()} .*python"):
        ports.require_free([occupied])


def test_free_ports_pass() -> None:
    base = ports.choose(10)
    ports.require_free(range(base, base + 10))


def test_chosen_ports_lie_below_those_of_outgoing_connections() -> None:
    assert ports.FIRST <= ports.choose(22) <= ports.LAST - 22


def test_a_row_with_a_taken_port_is_not_chosen(monkeypatch: pytest.MonkeyPatch, occupied: int) -> None:
    tried = iter([occupied - 1, occupied, ports.FIRST + 7])
    monkeypatch.setattr(ports.random, "randrange", lambda *_: next(tried))
    monkeypatch.setattr(ports, "taken", lambda row: [port for port in row if port == occupied])
    assert ports.choose(2) == ports.FIRST + 7


@pytest.mark.parametrize("nodes", [4, 7, 10])
def test_every_listener_of_a_network_has_a_port_of_its_own(nodes: int) -> None:
    row = Ports(20000, nodes)
    seats = range(1, nodes + 1)
    used = [*(row.http(seat) for seat in seats), *(row.peer(seat) for seat in seats), row.ipfs, row.chain, row.issuer]
    assert sorted(used) == list(row.all)
    assert len(used) == count_for(nodes)
    assert row.http(1) == 20000
