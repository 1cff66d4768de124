"""A whole committee in one process: key generation, pair set-ups and signing over the simulated network.

    async def scenario() -> None:
        committee = Committee(seats=(1, 2, 3, 4), seed=7)
        (key,) = await committee.generate_keys()
        await committee.set_up_pairs()
        results = await committee.sign(key, digest=bytes(31) + b"7")

Each result is what ``sign`` returned at that seat or the error it raised.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeVar

from votive.protocol.dkg import Batch, DkgOutcome, DkgSetup, generate
from votive.protocol.engine import SigningParty
from votive.protocol.events import Event
from votive.protocol.memory import Signed, SigningMemory
from votive.protocol.setup import set_up_pair
from votive.protocol.sign import SignLimits, SignRequest, SignTools, sign
from votive.protocol.simulation.group import LARGE, Group
from votive.protocol.simulation.keygen import ToyDkgParty, ToySealing, ToyShare
from votive.protocol.simulation.late import answer_late
from votive.protocol.simulation.loop import VirtualClock, directly
from votive.protocol.simulation.network import CALM, SimulatedChannel, SimulatedNetwork, Weather
from votive.protocol.simulation.pairs import ToyPairTable
from votive.protocol.simulation.signing import ToySigningParty, toy_verify
from votive.protocol.simulation.steps import digest_of
from votive.terms.block import Block
from votive.terms.errors import VotiveError
from votive.terms.key import Purpose, Scheme
from votive.terms.participant import Seat, threshold_of
from votive.terms.session import setup_session

T = TypeVar("T")

NETWORK = b"\x05" * 32
BLOCK = Block(number=100, hash=b"\x64" * 32)
"""The final block of all nodes, unless a scenario says otherwise."""

Results = dict[Seat, Signed | VotiveError]


@dataclass
class SimulatedPermission:
    """What one node reads on chain: final up to ``height``, permitted from ``since`` until it is revoked."""

    height: int = BLOCK.number
    since: int = 0
    revoked: bool = False

    async def permits(self, block: Block) -> bool:
        """Return whether the block is final and canonical (all blocks here repeat their number) and permits."""
        canonical = block.hash == bytes([block.number % 256]) * 32
        return canonical and self.since <= block.number <= self.height and not self.revoked

    async def permits_now(self) -> bool:
        """Return whether the newest final block permits."""
        return not self.revoked


@dataclass
class SimulatedNode:
    """One process of the committee."""

    seat: Seat
    table: ToyPairTable
    memory: SigningMemory
    permission: SimulatedPermission = field(default_factory=SimulatedPermission)
    staged: list[Batch[ToyShare]] = field(default_factory=list)
    shares: dict[bytes, ToyShare] = field(default_factory=dict)
    """By public key."""
    events: list[Event] = field(default_factory=list)


class Committee:
    """n simulated nodes; every coin comes from ``seed``."""

    def __init__(
        self, seats: Sequence[int], *, seed: int = 0, weather: Weather = CALM, group: Group = LARGE, limits: SignLimits | None = None
    ) -> None:
        self.seats = tuple(Seat(seat) for seat in seats)
        self.threshold = threshold_of(len(seats))
        self.network = SimulatedNetwork(self.seats, seed=seed, weather=weather)
        self.group, self.limits, self.clock = group, limits or SignLimits(), VirtualClock()
        self._rng = random.Random(seed + 1)  # noqa: S311  # chance of a simulation, not of a key
        self.sealing = ToySealing(self._rng.randbytes(32))
        self.nodes = {seat: self._node(seat) for seat in self.seats}
        self.parties: dict[Seat, ToyDkgParty] = {}
        self._staying: list[asyncio.Task[None]] = []
        self._counter = 0

    def _node(self, seat: Seat) -> SimulatedNode:
        table = ToyPairTable(seat, random.Random(self._rng.getrandbits(64)))  # noqa: S311  # as above
        return SimulatedNode(seat=seat, table=table, memory=SigningMemory(self.clock))

    def others(self, seat: Seat) -> tuple[Seat, ...]:
        """All seats but one."""
        return tuple(other for other in self.seats if other != seat)

    # Key generation

    def dkg_setup(self, count: int = 1, batch: int = 1) -> DkgSetup:
        """Return what honest nodes mean by a batch."""
        return DkgSetup(
            network=NETWORK, epoch=1, batch=batch, purpose=Purpose.PKP_ECDSA, scheme=Scheme.ECDSA_SECP256K1,
            count=count, seats=self.seats, threshold=self.threshold, deadline_block=500,
        )  # fmt: skip

    async def generate_at(
        self, seat: Seat, setup: DkgSetup, stage: Callable[[Batch[ToyShare]], Awaitable[None]] | None = None, seconds: float = 10.0
    ) -> DkgOutcome[ToyShare]:
        """Run one node's part in a batch."""
        node = self.nodes[seat]

        async def keep(batch: Batch[ToyShare]) -> None:
            node.staged.append(batch)

        def party(context: bytes) -> ToyDkgParty:
            self.parties[seat] = self._dkg_party(seat, setup, context)
            return self.parties[seat]

        return await generate(
            self.network.open(self.dkg_setup(batch=setup.batch).session, seat), setup, make_party=party, stage=stage or keep,
            run=directly, clock=self.clock, seconds=seconds, proves=self.network.proves(self.dkg_setup(batch=setup.batch).session),
        )  # fmt: skip

    def _dkg_party(self, seat: Seat, setup: DkgSetup, context: bytes) -> ToyDkgParty:
        return ToyDkgParty(
            group=self.group, rng=random.Random(self._rng.getrandbits(64)), sealing=self.sealing, context=context,  # noqa: S311
            seat=seat, seats=setup.seats, threshold=setup.threshold, count=setup.count,
        )  # fmt: skip

    async def generate_everywhere(
        self, setups: Mapping[Seat, DkgSetup] | None = None, seats: Iterable[Seat] | None = None
    ) -> dict[Seat, DkgOutcome[ToyShare] | VotiveError]:
        """Run all nodes' parts at once; by seat the outcome or the error."""
        setup, taking_part = self.dkg_setup(), tuple(seats or self.seats)
        works = [self.generate_at(seat, (setups or {}).get(seat, setup)) for seat in taking_part]
        return dict(zip(taking_part, await outcomes(works), strict=True))

    async def generate_keys(self, count: int = 1) -> list[bytes]:
        """Generate keys among all nodes and promote the shares; return the public keys."""
        setup = self.dkg_setup(count)
        ended = await asyncio.gather(*(self.generate_at(seat, setup) for seat in self.seats))
        for seat, outcome in zip(self.seats, ended, strict=True):
            self.nodes[seat].shares = {share.public_key: share for share in outcome.batch.shares}
        return [key.public_key for key in ended[0].batch.keys]

    # Pair set-ups

    async def set_up_pairs(self, pairs: Iterable[tuple[Seat, Seat]] | None = None) -> list[VotiveError]:
        """Set up all pairs, or those given; return the errors of all sides."""
        sides = []
        for one, other in pairs if pairs is not None else combinations(self.seats, 2):
            session = self._setup_session(one, other)
            sides += [self._set_up(one, other, session), self._set_up(other, one, session)]
        return [result for result in await outcomes(sides) if isinstance(result, VotiveError)]

    def _setup_session(self, one: Seat, other: Seat) -> bytes:
        self._counter += 1
        lower, higher = sorted((one, other))
        return setup_session(
            NETWORK, 1, lower_seat=lower, lower_nonce=bytes(16), higher_seat=higher, higher_nonce=bytes(16), counter=self._counter
        )

    async def _set_up(self, me: Seat, peer: Seat, session: bytes) -> None:
        setup = self.nodes[me].table.begin(peer, session)
        await set_up_pair(self.network.open(session, me), peer, setup, run=directly, clock=self.clock, seconds=5.0)

    # Signing

    async def sign(
        self,
        key: bytes,
        digest: bytes = b"\x07" * 32,
        *,
        name: str = "request",
        digests: Mapping[Seat, bytes] | None = None,
        blocks: Mapping[Seat, Block] | None = None,
        seats: Collection[Seat] | None = None,
        late: Mapping[Seat, float] | None = None,
    ) -> Results:
        """Sign at all nodes (or ``seats``) at once, each with its own digest, block and lateness; by seat what came of it."""
        taking_part = sorted(self.seats if seats is None else seats)
        works = [
            self.sign_at(
                seat,
                key,
                (digests or {}).get(seat, digest),
                name=name,
                block=(blocks or {}).get(seat, BLOCK),
                late=(late or {}).get(seat, 0.0),
            )
            for seat in taking_part
        ]
        return dict(zip(taking_part, await outcomes(works), strict=True))

    async def sign_at(
        self, seat: Seat, key: bytes, digest: bytes, *, name: str = "request", block: Block = BLOCK, late: float = 0.0
    ) -> Signed:
        """Run one node's signing session."""
        await self.clock.sleep(late)
        session = self.session(key, name)
        request = SignRequest(session=session, public_key=key, digest=digest, block=block)
        channel = self.network.open(session, seat)
        try:
            signed = await sign(channel, request, self.tools(seat, key, digest, session), self.nodes[seat].memory, self.limits)
        except BaseException:
            channel.close()
            raise
        self._staying.append(asyncio.ensure_future(self._stay(channel, request, signed)))
        return signed

    async def _stay(self, channel: SimulatedChannel, request: SignRequest, signed: Signed) -> None:
        try:
            await answer_late(channel, request, signed, clock=self.clock)
        finally:
            channel.close()

    def session(self, key: bytes, name: str) -> bytes:
        """The session in which nodes meet for one request."""
        return digest_of(b"session", key, name.encode())

    def tools(self, seat: Seat, key: bytes, digest: bytes, session: bytes) -> SignTools:
        """What one node gives to its signing sessions."""
        node = self.nodes[seat]

        def assemble(*, signers: Sequence[Seat], sign_id: bytes) -> SigningParty:
            share, t = node.shares[key], self.threshold
            return ToySigningParty(
                group=self.group, table=node.table, share=share, threshold=t, signers=signers, sign_id=sign_id, digest=digest
            )

        return SignTools(
            clock=self.clock, run=directly, assemble=assemble, permission=node.permission, pairs=node.table.live,
            reachable=lambda: self.network.reachable(seat), verify=self.verify, observe=node.events.append,
            proves=self.network.proves(session),
        )  # fmt: skip

    def verify(self, public_key: bytes, digest: bytes, r: bytes, s: bytes, recovery_id: int) -> bool:
        """Check a signature of the stand-in engine."""
        return toy_verify(self.group, public_key, digest, r, s, recovery_id)


async def outcomes(works: Iterable[Awaitable[T]]) -> list[T | VotiveError]:
    """Run all; errors of ours are results, anything else is a defect and comes through."""
    results = await asyncio.gather(*works, return_exceptions=True)
    kept: list[T | VotiveError] = []
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, VotiveError):
            raise result
        kept.append(result)
    return kept
