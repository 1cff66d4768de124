"""A right that ends while nodes sign: no node lets its last message out that could have read that the right is gone."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from tests.node.grants import a_grant
from tests.node.ledger import Ledger
from tests.protocol.conftest import Scene, perform

from votive.node.permission import SharedBlocks, Standing
from votive.protocol import PermissionLost, Signed
from votive.protocol.simulation import Sent
from votive.terms.block import Block
from votive.terms.frame import Kind

OWNER, BUYER, KEY = "0x" + "0a" * 20, "0x" + "0b" * 20, "0x" + "0c" * 20
TOKEN = 7
INTERLEAVINGS = 500


@dataclass
class Watched:
    """A node's standing; remembers at which block its last check passed."""

    standing: Standing
    ledger: Ledger
    passed: list[int] = field(default_factory=list)

    async def permits(self, block: Block) -> bool:
        return await self.standing.permits(block)

    async def permits_now(self) -> bool:
        permitted = await self.standing.permits_now()
        if permitted:
            self.passed.append(self.ledger.number)
        return permitted


@dataclass
class Sale:
    """The token changes hands as the ``at``-th message leaves."""

    ledger: Ledger
    at: int
    sent: int = 0
    block: int | None = None

    def __call__(self, sent: Sent) -> list[Sent]:
        self.sent += 1
        if self.sent == self.at:
            self.ledger.owners[TOKEN] = BUYER
            self.ledger.mine()
            self.block = self.ledger.number
        return [sent]


def interleave(at: int, seed: int) -> tuple[Sale, bool]:
    """Sign while the token is sold; return the sale and whether a signature came to be."""
    ledger = Ledger(4)
    ledger.owners[TOKEN] = OWNER
    sale, signed = Sale(ledger, at), []

    async def scenario(scene: Scene) -> None:
        committee = scene.committee
        watched = {}
        for seat, node in committee.nodes.items():
            grant = a_grant(OWNER)
            watched[seat] = Watched(Standing(grant, TOKEN, KEY, False, ledger, SharedBlocks(ledger)), ledger)
            node.permission = watched[seat]  # type: ignore[assignment]
            committee.network.corrupt(seat, sale)
        before = len(committee.network.wire)
        results = await committee.sign(scene.key, blocks=dict.fromkeys(committee.seats, ledger.newest()))
        signed.append(any(isinstance(result, Signed) for result in results.values()))
        last = {sent.sender for sent in committee.network.wire[before:] if sent.kind is Kind.SIGN_ROUND3}
        in_time = {seat for seat, one in watched.items() if any(sale.block is None or number < sale.block for number in one.passed)}
        assert last <= in_time, "a node let its last message out after a check that could have seen the sale"
        if signed[0]:
            assert len(in_time) >= committee.threshold
        elif sale.block is not None:
            assert any(isinstance(result, PermissionLost) for result in results.values())

    perform(scenario, 4, seed=seed)
    return sale, signed[0]


def test_five_hundred_sales_in_the_middle_of_signing_never_let_a_signature_slip_by() -> None:
    undisturbed, signed = interleave(0, seed=0)
    assert signed
    chance = random.Random(9)
    outcomes = [interleave(chance.randrange(1, undisturbed.sent + 1), seed)[1] for seed in range(INTERLEAVINGS)]
    # Early sales prevent the signature, late ones come after every check: both kinds were tried.
    assert min(outcomes.count(True), outcomes.count(False)) > INTERLEAVINGS / 20


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_sale_at_the_beginning_prevents_the_signature(at: int) -> None:
    assert interleave(at, seed=1)[1] is False
