"""What a network is, apart from whether it runs: written once into its directory, never changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from votive.devnet.errors import DevnetError
from votive.devnet.ports import HOST
from votive.devnet.processes import write_whole
from votive.terms.contracts import Contracts
from votive.terms.ethereum import address_of_text
from votive.terms.participant import threshold_of

CHAIN_ID = 31337
CHAIN_NAME = "yellowstone"
"""What conditions call the development chain. Lit's SDK knows no name for a chain on this machine; this is one that it knows, of a
chain where nobody keeps value."""
FILE = "network.json"
FORMAT: Literal[2] = 2
"""Of the plan and of the contracts that it names, which never change: one more whenever a new network has others. 1 had six contracts."""
_is_local = re.compile(r"127\.0\.0\.1:[1-9][0-9]{0,4}").fullmatch
NODES_DEFAULT, NODES_LEAST, NODES_MOST = 4, 4, 10


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A funded account of the development chain. Everybody knows these keys."""

    address: str
    private_key: str


class NodePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One node."""

    index: int
    """Its seat."""
    address: str
    port: int
    peer_port: int

    @property
    def url(self) -> str:
        """Base URL of its HTTP API."""
        return f"http://{HOST}:{self.port}"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One network on one machine."""

    format: Literal[1, 2] = FORMAT
    nodes: tuple[NodePlan, ...]
    chain_port: int
    ipfs_port: int
    issuer_port: int
    contracts: dict[str, str]
    accounts: tuple[Account, ...]
    allow_fetch: tuple[str, ...] = ()
    """``127.0.0.1:PORT`` of servers on this machine that actions may fetch from."""

    @property
    def threshold(self) -> int:
        """How many nodes must agree."""
        return threshold_of(len(self.nodes))

    @property
    def rpc_url(self) -> str:
        """The chain's JSON-RPC endpoint."""
        return f"http://{HOST}:{self.chain_port}"

    @property
    def ipfs_url(self) -> str:
        """Base of ``/ipfs/{cid}`` and of ``/api/v0/add``."""
        return f"http://{HOST}:{self.ipfs_port}"

    @property
    def issuer_url(self) -> str:
        """The development issuer: ``iss`` of the tokens that it signs."""
        return f"http://{HOST}:{self.issuer_port}"

    @property
    def resolver(self) -> str:
        """Address of the network's ContractResolver."""
        return self.contracts["ContractResolver"]

    def node(self, seat: int) -> NodePlan:
        """Return the node in ``seat``; DevnetError if there is none."""
        for node in self.nodes:
            if node.index == seat:
                return node
        raise DevnetError(f"this network has no node {seat}: its nodes are 1 to {len(self.nodes)}.")


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a plan before all else."""

    format: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a network; None and nothing: whatever it has, or the default of a new one."""

    nodes: int | None = None
    port: int | None = None
    """First of its ports."""
    allow_fetch: tuple[str, ...] = ()


class Ports(msgspec.Struct, frozen=True):
    """The ports of a network of ``nodes`` nodes: a row from ``base`` on."""

    base: int
    nodes: int

    def http(self, seat: int) -> int:
        """Port of a node's HTTP API."""
        return self.base + seat - 1

    def peer(self, seat: int) -> int:
        """Port where a node listens for other nodes."""
        return self.base + self.nodes + seat - 1

    @property
    def ipfs(self) -> int:
        """Port of the IPFS store."""
        return self.base + 2 * self.nodes

    @property
    def chain(self) -> int:
        """Port of the chain."""
        return self.base + 2 * self.nodes + 1

    @property
    def issuer(self) -> int:
        """Port of the development issuer."""
        return self.base + 2 * self.nodes + 2

    @property
    def all(self) -> range:
        """All of them."""
        return range(self.base, self.base + count_for(self.nodes))


def count_for(nodes: int) -> int:
    """How many ports a network of so many nodes needs."""
    return 2 * nodes + 3


def require_local(allow_fetch: Sequence[str]) -> None:
    """Raise DevnetError unless all are servers on this machine."""
    for server in allow_fetch:
        if _is_local(server) is None:
            raise DevnetError(f"--allow-fetch {server}: name a server on this machine as {HOST}:PORT.")


def save(directory: Path, plan: Plan) -> None:
    """Write ``plan`` into ``directory``: from now on there is a network in it."""
    write_whole(directory / FILE, msgspec.json.format(msgspec.json.encode(plan), indent=2))


def existing(directory: Path, *, older: bool = False) -> Plan:
    """Read the plan in ``directory`` as ``load`` does; DevnetError if no network was ever finished there."""
    plan = load(directory, older=older)
    if plan is None:
        raise DevnetError(
            f"there is no network in {directory}. Start one with `votive up --directory {directory}`, or name the directory of another "
            "with --directory: without it, every command means .votive in the directory where it is called."
        )
    return plan


def load(directory: Path, *, older: bool = False) -> Plan | None:
    """Read the plan in ``directory``; None if no network was ever finished there.

    Args:
        directory: where to look.
        older: whether one that an older version made will do, whose contracts this version does not know.

    Raises:
        DevnetError: it is damaged, or of a network that another version made.
    """
    try:
        raw = (directory / FILE).read_bytes()
        _require_known(directory, msgspec.json.decode(raw, type=_Made).format, older=older)
        plan = msgspec.json.decode(raw, type=Plan)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise DevnetError(f"{directory / FILE} cannot be read: {error}. Restore it, or use another directory.") from error
    fault = _fault_of(plan)
    if fault:
        raise DevnetError(f"{directory / FILE} {fault}. Restore it, or use another directory.")
    return plan


def _fault_of(plan: Plan) -> str:
    """Say what no network has that was ever finished; empty if there is nothing."""
    if [node.index for node in plan.nodes] != list(range(1, len(plan.nodes) + 1)):  # one started twice could not be ended again
        return "does not name each node once, in order"
    if plan.format != FORMAT:
        return ""  # its contracts are others
    try:
        Contracts.from_dict({name: address_of_text(address) for name, address in plan.contracts.items()})
    except KeyError as error:
        return f"names no contract {error.args[0]}"
    except ValueError as error:
        return f"names a contract at no address ({error})"
    return ""


def _require_known(directory: Path, format_: int, *, older: bool) -> None:
    if format_ == FORMAT or (older and 1 <= format_ < FORMAT):
        return
    which = "an older" if format_ < FORMAT else "a newer"
    raise DevnetError(
        f"the network in {directory} was made by {which} version of Votive, with other contracts, and those of a network never change. "
        f"Go on with it in that version, or end it with `votive down --directory {directory}` and start a new one in another directory."
    )
