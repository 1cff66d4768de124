"""Fewer lying endpoints than the quorum decide nothing, whoever else is down (B10): ten thousand worlds.

The whole way is real, from a chain's name down to the JSON, but for the socket. Time is rounds of questions: between two rounds
the honest endpoints catch up with one another.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import pytest

from votive.chain import endpoint as endpoint_module
from votive.chain.endpoints import Endpoints
from votive.chain.errors import ChainUnavailable, QuorumNotReached
from votive.chain.line import ExchangeFailed
from votive.chain.named import ChainConfig, Chains
from votive.terms.errors import WorldError

T = TypeVar("T")

CHAIN_ID = 77
FINAL_BEHIND = 3
"""Blocks that this chain's own ``finalized`` lags behind its head."""
CONTRACT = "0x" + "ca" * 20
ROUNDS = 3
LIES = ("stale", "ahead", "fork", "flip", "revert", "garbage", "null", "error", "flood", "other chain", "down")


@lru_cache(1024)
def block_hash(number: int, branch: str = "true") -> str:
    return "0x" + hashlib.sha256(f"{branch} {number}".encode()).hexdigest()


@dataclass
class World:
    """A chain on which a right is withdrawn in block ``revoked``, and the endpoints that tell of it."""

    head: int
    revoked: int
    finality: str | int
    hosts: dict[str, Host] = field(default_factory=dict)

    def final(self, head: int) -> int:
        return max(0, head - (FINAL_BEHIND if self.finality == "finalized" else int(self.finality)))

    def permitted(self, number: int) -> bool:
        return number < self.revoked

    def balance(self, number: int) -> int:
        return 1000 + number

    def tick(self) -> None:
        """Honest endpoints catch up."""
        for host in self.hosts.values():
            if host.lie is None:
                host.head = self.head


@dataclass
class Host:
    world: World
    head: int
    lie: str | None = None
    up: bool = True

    def answer(self, question: dict[str, Any]) -> bytes:
        if not self.up or self.lie == "down":
            raise OSError("down")
        method, params = question["method"], question["params"]
        if method == "eth_chainId":
            return self.result(hex(CHAIN_ID + 1 if self.lie == "other chain" else CHAIN_ID))
        twisted = self.twisted(method)
        return self.result(getattr(self, method)(*params)) if twisted is None else twisted

    def twisted(self, method: str) -> bytes | None:
        match self.lie:
            case "garbage":
                return b'{"result": {"number": "0x0'
            case "null":
                return self.result(None)
            case "error":
                return b'{"error": {"code": -32000, "message": "unknown block"}}'
            case "flood":
                return self.result("0x" + "00" * (1 << 20))
            case "revert" if method != "eth_getBlockByNumber":
                return b'{"error": {"code": 3, "message": "execution reverted", "data": "0x"}}'
        return None

    def result(self, value: Any) -> bytes:
        return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "result": value})

    def eth_getBlockByNumber(self, where: str, _: bool) -> Any:
        head = {"stale": 1, "ahead": self.world.head + 9}.get(self.lie or "", self.head)
        number = {"latest": head, "finalized": max(0, head - FINAL_BEHIND)}.get(where)
        number = int(where, 16) if number is None else number
        if number > head:
            return None
        branch = self.branch(number)
        parent = block_hash(number - 1, self.branch(number - 1))
        return {"number": hex(number), "hash": block_hash(number, branch), "parentHash": parent, "timestamp": hex(number)}

    def branch(self, number: int) -> str:
        """A fork begins in the block that withdraws the right; an endpoint that runs ahead invents what is not there yet."""
        forked = self.lie == "fork" and number >= self.world.revoked
        return "fork" if forked or (self.lie == "ahead" and number > self.world.head) else "true"

    def eth_call(self, _: dict[str, str], pin: dict[str, Any]) -> str:
        true = self.world.permitted(self.number_of(pin))
        return f"0x{int(true ^ (self.lie in ('flip', 'fork', 'ahead'))):064x}"

    def eth_getBalance(self, _: str, pin: dict[str, Any]) -> str:
        return hex(self.world.balance(self.number_of(pin)) + 5 * (self.lie == "flip"))

    def number_of(self, pin: dict[str, Any]) -> int:
        for number in range(self.head + 10):
            known = number <= self.head or self.lie is not None
            if known and pin["blockHash"] in (block_hash(number), block_hash(number, "fork")):
                return number
        raise UnknownBlock


class UnknownBlock(Exception):
    pass


class MemoryLine:
    """Stands where the HTTP connection is; ``hosts`` by URL."""

    hosts: dict[str, Host]

    def __init__(self, url: str, timeout: float) -> None:
        self._host = self.hosts[url]

    async def post(self, body: bytes, limit: int | None = None) -> tuple[int, bytes]:
        try:
            reply = self._host.answer(msgspec.json.decode(body))
        except UnknownBlock:
            reply = b'{"error": {"code": -32001, "message": "header not found"}}'
        if limit is not None and len(reply) > limit:
            raise endpoint_module.ReplyTooLarge(limit)
        return 200, reply

    async def close(self) -> None:
        return None


def a_world(dice: random.Random, quorum: int, liars: int, honest: int) -> World:
    head = dice.randint(8, 20)
    world = World(head, dice.randint(1, head + 3), dice.choice(["finalized", 0, 1, 2]))
    told = [Host(world, head - dice.choice([0, 0, 0, 1, 2])) for _ in range(honest)]
    lied = [Host(world, head, dice.choice(LIES)) for _ in range(liars)]
    hosts = told + lied
    dice.shuffle(hosts)
    world.hosts = {f"http://host{place}/": host for place, host in enumerate(hosts)}
    return world


@pytest.fixture
def in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[World], None]]:
    current: list[World] = []

    async def in_rounds(self: Any, once: Callable[[], Awaitable[T]], deadline: float, began: float) -> T:
        last: WorldError | None = None
        for _ in range(ROUNDS):
            try:
                return await once()
            except (ChainUnavailable, QuorumNotReached) as error:
                last = error
            current[-1].tick()
        assert last is not None
        raise last

    monkeypatch.setattr(endpoint_module, "Line", MemoryLine)
    monkeypatch.setattr(Endpoints, "_until_deadline", in_rounds)

    def show(world: World) -> None:
        current.append(world)
        MemoryLine.hosts = world.hosts

    yield show


async def decided(chains: Chains, world: World) -> int:
    """Read a right and a balance as a condition does; return the block, at which both must be true."""
    block = await chains.final_block("chain")
    permitted = bool(int.from_bytes(await chains.call("chain", CONTRACT, b"", block)))
    balance = await chains.balance("chain", CONTRACT, block)
    assert block.hash.hex() == block_hash(block.number)[2:], "no block of a fork"
    assert permitted is world.permitted(block.number), "no right that was not there"
    assert balance == world.balance(block.number)
    return block.number


def opened(world: World, quorum: int) -> Chains:
    config = ChainConfig(rpc_urls=tuple(world.hosts), chain_id=CHAIN_ID, quorum=quorum, finality=world.finality)
    return Chains({"chain": config})


async def test_a_lying_or_stale_minority_changes_nothing_in_ten_thousand_worlds(in_memory: Callable[[World], None]) -> None:
    """With a quorum of honest endpoints up, the decision is true at a final block that a quorum of them had reached."""
    dice = random.Random(10)
    for _ in range(10_000):
        quorum = dice.randint(1, 4)
        honest = quorum + dice.randint(0, 2)
        world = a_world(dice, quorum, dice.randint(0, quorum - 1), honest)
        heads = sorted((host.head for host in world.hosts.values() if host.lie is None), reverse=True)
        in_memory(world)
        async with opened(world, quorum) as chains:
            number = await decided(chains, world)
        reached = heads[quorum - 1] if quorum > 1 else heads[-1]  # one endpoint is enough then, whichever is preferred
        assert world.final(reached) <= number <= world.final(world.head)


async def test_what_a_minority_can_do_when_the_honest_are_driven_away_is_only_to_stop_it(in_memory: Callable[[World], None]) -> None:
    """Fewer honest endpoints than the quorum: an error, or what is true at a block no older than what was known before."""
    dice = random.Random(11)
    failed = 0
    for _ in range(2_000):
        quorum = dice.randint(2, 4)
        world = a_world(dice, quorum, dice.randint(0, quorum - 1), quorum + dice.randint(0, 1))
        in_memory(world)
        async with opened(world, quorum) as chains:
            before = await decided(chains, world)
            honest = [host for host in world.hosts.values() if host.lie is None]
            for host in dice.sample(honest, len(honest) - dice.randint(0, quorum - 1)):
                host.up = False
            world.head += dice.randint(0, 4)
            world.tick()
            try:
                assert await decided(chains, world) >= before
            except (ChainUnavailable, QuorumNotReached) as error:
                assert error.status == 503
                failed += 1
            except WorldError:
                failed += 1
    assert failed > 1000


async def test_failing_over_and_back_never_asks_fewer_than_the_quorum(in_memory: Callable[[World], None]) -> None:
    """Endpoints come and go at random; with at least a quorum of the honest up the chain is read, with fewer it is not."""
    dice = random.Random(12)
    for _ in range(300):
        quorum = dice.randint(1, 4)
        world = a_world(dice, quorum, 0, quorum + dice.randint(0, 3))
        in_memory(world)
        async with opened(world, quorum) as chains:
            for _ in range(8):
                for host in world.hosts.values():
                    host.up = dice.random() < 0.7
                world.tick()
                if sum(host.up for host in world.hosts.values()) >= quorum:
                    await decided(chains, world)
                else:
                    with pytest.raises(ChainUnavailable):
                        await decided(chains, world)


def test_the_worlds_tell_lies_from_truth() -> None:
    """Each lie is one: the test would notice an endpoint that was believed alone."""
    world = World(head=10, revoked=5, finality=0)
    told = Host(world, 10)
    for lie in LIES:
        lying = Host(world, 10, lie)
        questions = [
            {"method": "eth_chainId", "params": []},
            {"method": "eth_getBlockByNumber", "params": ["latest", False]},
            {"method": "eth_call", "params": [{}, {"blockHash": block_hash(7)}]},
        ]
        try:
            assert [told.answer(question) for question in questions] != [lying.answer(question) for question in questions]
        except (OSError, ExchangeFailed):
            assert lie == "down"
