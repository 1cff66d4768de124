"""The network's own keys with the real engine, over the simulated network: generated, and used for decryption among n nodes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from votive.core import (
    DkgParty,
    KeyShare,
    SealingKey,
    bls_combine,
    bls_verify,
    bls_verify_share,
    ibe_decrypt,
    ibe_encrypt,
)
from votive.protocol import Blamed, DecryptRequest, DecryptTools, DkgAborted, DkgSetup, SetupsDiffer, decrypt_together, generate
from votive.protocol.decrypt import ShareMessage
from votive.protocol.simulation import SimulatedNetwork, VirtualClock, directly, simulate
from votive.protocol.simulation.traitors import Traitor, changed, edited
from votive.terms.encoding import encode
from votive.terms.errors import VotiveError
from votive.terms.frame import Kind
from votive.terms.key import NETWORK_PURPOSES, Purpose
from votive.terms.participant import Seat, threshold_of

NETWORK = b"\x05" * 32
IDENTITY = f"lit-accesscontrolcondition://{'ab' * 32}/{hashlib.sha256(b'text').hexdigest()}".encode()
ANOTHER = f"lit-accesscontrolcondition://{'cd' * 32}/{hashlib.sha256(b'text').hexdigest()}".encode()


@dataclass
class Node:
    seat: Seat
    sealing: SealingKey = field(default_factory=SealingKey.generate)
    share: KeyShare | None = None
    events: list[Any] = field(default_factory=list)


class Nodes:
    """n nodes with the real engine."""

    def __init__(self, n: int, seed: int = 0) -> None:
        self.seats = tuple(Seat(seat) for seat in (3, 37, 200, 255, 11, 12, 13, 14, 15, 16)[:n])
        self.seats = tuple(sorted(self.seats))
        self.threshold = threshold_of(n)
        self.network, self.clock = SimulatedNetwork(self.seats, seed=seed), VirtualClock()
        self.nodes = {seat: Node(seat) for seat in self.seats}

    def setup(self, purpose: Purpose) -> DkgSetup:
        return DkgSetup(
            network=NETWORK, epoch=1, batch=1, purpose=purpose, scheme=purpose.scheme, count=1, seats=self.seats,
            threshold=self.threshold, deadline_block=500,
        )  # fmt: skip

    async def generate_at(self, seat: Seat, purpose: Purpose, *, engine: Purpose | None = None) -> KeyShare:
        """Take part in a batch; ``engine`` is what the core is told, for a node that is broken."""
        setup, node = self.setup(purpose), self.nodes[seat]
        keys = {other: self.nodes[other].sealing.public_key for other in self.seats if other != seat}

        def party(context: bytes) -> DkgParty:
            return DkgParty(
                context=context, seat=seat, seats=self.seats, threshold=self.threshold, count=1, sealing=node.sealing, peer_keys=keys,
                purpose=(engine or purpose).value,
            )  # fmt: skip

        async def stage(batch: Any) -> None:
            node.share = batch.shares[0]

        channel = self.network.open(self.setup(Purpose.ENCRYPTION_BLS).session, seat)
        outcome = await generate(channel, setup, make_party=party, stage=stage, run=directly, clock=self.clock, seconds=2.0)
        return outcome.batch.shares[0]

    async def generate(self, purpose: Purpose, **others: Any) -> dict[Seat, Any]:
        works = [self.generate_at(seat, **({"purpose": purpose} | others.get(str(seat), {}))) for seat in self.seats]
        return dict(zip(self.seats, await asyncio.gather(*works, return_exceptions=True), strict=True))

    async def decrypt_at(self, seat: Seat, late: float) -> bytes:
        node = self.nodes[seat]
        share = node.share
        assert share is not None
        await self.clock.sleep(late)
        tools = DecryptTools(
            clock=self.clock,
            run=directly,
            combine=lambda given: bls_combine(share.public_key, self.threshold, given, IDENTITY),
            fits=lambda sender, given: bls_verify_share(share.verification_shares[sender], IDENTITY, given),
            reachable=lambda: self.network.reachable(seat),
            observe=node.events.append,
        )
        request = DecryptRequest(identity=IDENTITY, share=share.decryption_share(IDENTITY), threshold=self.threshold)
        return await decrypt_together(self.network.open(b"\x09" * 32, seat), request, tools)

    async def decrypt(self, late: Mapping[Seat, float]) -> dict[Seat, Any]:
        works = [self.decrypt_at(seat, late.get(seat, 0.0)) for seat in self.seats]
        return dict(zip(self.seats, await asyncio.gather(*works, return_exceptions=True), strict=True))


@pytest.mark.parametrize("purpose", NETWORK_PURPOSES)
def test_all_nodes_agree_on_a_key_of_the_networks_own(n: int, purpose: Purpose) -> None:
    async def play() -> None:
        shares = await Nodes(n).generate(purpose)
        assert len({share.public_key for share in shares.values()}) == 1
        assert {len(share.public_key) for share in shares.values()} == {48}
        assert {share.purpose for share in shares.values()} == {purpose.value}
        first = next(iter(shares.values()))
        assert all(share.verification_shares == first.verification_shares and share.matches() for share in shares.values())

    simulate(play())


def test_nodes_that_mean_different_purposes_reveal_nothing(n: int) -> None:
    async def play() -> None:
        nodes = Nodes(n)
        odd = nodes.seats[0]
        results = await nodes.generate(Purpose.ENCRYPTION_BLS, **{str(odd): {"purpose": Purpose.SESSION_BLS}})
        assert all(isinstance(error, SetupsDiffer | DkgAborted) and error.culprits == () for error in results.values())
        assert not any(sent.kind in (Kind.DKG_REVEAL, Kind.DKG_DEAL) for sent in nodes.network.wire)

    simulate(play())


def test_a_node_that_generates_for_another_purpose_than_it_says_is_named(n: int) -> None:
    async def play() -> None:
        nodes = Nodes(n)
        odd, *honest = nodes.seats
        results = await nodes.generate(
            Purpose.ENCRYPTION_BLS, **{str(odd): {"purpose": Purpose.ENCRYPTION_BLS, "engine": Purpose.SESSION_BLS}}
        )
        for seat in honest:
            assert isinstance(results[seat], DkgAborted)
            assert set(results[seat].culprits) <= {odd}
        assert any(results[seat].culprits == (odd,) for seat in honest)
        assert all(nodes.nodes[seat].share is None for seat in nodes.seats)

    simulate(play())


def message(payload: bytes, share: Callable[[bytes], bytes]) -> bytes:
    from votive.protocol.wire import decode

    said = decode(payload, ShareMessage)
    return encode(ShareMessage(identity=said.identity, share=share(said.share)))


NO_POINTS: dict[str, Callable[[bytes], bytes]] = {
    "a bit of the point flipped": lambda share: share[:-1] + bytes([share[-1] ^ 1]),
    "no point": lambda share: share[:1] + b"\xff" * 96,
    "the identity": lambda share: share[:1] + b"\xc0" + bytes(95),
    "zeroes": lambda share: share[:1] + bytes(96),
    "the wrong sign": lambda share: share[:1] + bytes([share[1] ^ 0x20]) + share[2:],
    "an x that is not reduced": lambda share: share[:1] + b"\x9a" + b"\xff" * 95,
}


@pytest.mark.parametrize("lie", [*NO_POINTS, "a share of another identity", "another node's share"])
def test_wrong_shares_of_as_many_nodes_as_may_fail_cost_nothing_and_name_them(n: int, lie: str) -> None:
    """A28 with the real engine."""

    async def play() -> None:
        nodes = Nodes(n)
        shares = await nodes.generate(Purpose.ENCRYPTION_BLS)
        liars = nodes.seats[: n - nodes.threshold]
        honest = nodes.seats[n - nodes.threshold :]
        for seat in liars:
            if lie in NO_POINTS:
                behaviour = changed(Kind.DECRYPT_SHARE, lambda payload: message(payload, NO_POINTS[lie]))
            elif lie == "a share of another identity":
                behaviour = edited(Kind.DECRYPT_SHARE, ShareMessage, share=shares[seat].decryption_share(ANOTHER))
            else:
                stolen = shares[honest[0]].decryption_share(IDENTITY)
                behaviour = edited(Kind.DECRYPT_SHARE, ShareMessage, share=bytes([seat]) + stolen[1:])
            nodes.network.corrupt(seat, Traitor(behaviour))
        results = await nodes.decrypt(dict.fromkeys(honest, 0.1))
        public_key = shares[honest[0]].public_key
        ciphertext = ibe_encrypt(public_key, IDENTITY, b"text")
        for seat in honest:
            assert not isinstance(results[seat], VotiveError), results[seat]
            assert bls_verify(public_key, IDENTITY, results[seat])
            assert ibe_decrypt(ciphertext, results[seat]) == b"text"
            assert {event.seat for event in nodes.nodes[seat].events if isinstance(event, Blamed)} == set(liars)

    simulate(play())
