"""One batch of keys, from this node's side: take part, stage durably, vote once n equal confirms are held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from votive.chain.errors import DeadlinePassed
from votive.chain.votes import Votes
from votive.core import DkgParty, KeyShare, SealingKey
from votive.net import Mesh
from votive.node.engine import Engine
from votive.node.signing import proof_checker
from votive.node.transitions import BatchPlan
from votive.protocol import Batch, Clock, DkgOutcome, DkgSetup, generate
from votive.store import StagedBatch, Store
from votive.terms.errors import WorldError
from votive.terms.key import Scheme
from votive.terms.participant import Committee, Seat

log = structlog.get_logger()

GENERATE_SECONDS = 60.0
VOTE_RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class KeyGeneration:
    """What taking part in a batch needs."""

    me: Seat
    committee: Committee
    sealing: SealingKey
    mesh: Mesh
    store: Store
    votes: Votes
    engine: Engine
    clock: Clock

    async def take_part(self, plan: BatchPlan) -> Batch[KeyShare]:
        """Generate the batch together with all other nodes; on return our shares are staged and n equal confirms are held.

        Raises:
            OurError: the number was used before.
            PeerError, WorldError: as ``votive.protocol.generate`` says; what is staged stays staged.
        """
        setup = self._setup(plan)
        await asyncio.to_thread(self.store.use_batch, plan.epoch, plan.purpose, plan.batch)
        async with self.mesh.open(setup.session) as channel:
            outcome: DkgOutcome[KeyShare] = await generate(
                channel,
                setup,
                make_party=self._party(plan),
                stage=self._stage,
                run=self.engine,
                clock=self.clock,
                seconds=GENERATE_SECONDS,
                proves=proof_checker(setup.session, self.committee),
            )
        return outcome.batch

    async def vote(self, batch: Batch[KeyShare]) -> None:
        """Vote for every key of ``batch`` on chain; while the chain does not answer, again and again until the deadline."""
        while True:
            try:
                transactions = await self.votes.vote(batch.vote())
            except DeadlinePassed as error:
                log.warning("the batch's deadline passed before our vote", batch=batch.setup.batch, why=error.message)
                return
            except WorldError as error:
                log.warning("the vote did not reach the chain; trying again", batch=batch.setup.batch, why=error.message)
                await self.clock.sleep(VOTE_RETRY_SECONDS)
            else:
                log.info("voted", batch=batch.setup.batch, keys=len(batch.keys), transactions=list(transactions))
                return

    def _setup(self, plan: BatchPlan) -> DkgSetup:
        return DkgSetup(
            network=self.committee.network,
            epoch=plan.epoch,
            purpose=plan.purpose,
            scheme=Scheme.ECDSA_SECP256K1,
            batch=plan.batch,
            count=plan.count,
            seats=self.committee.seats,
            threshold=self.committee.threshold,
            deadline_block=plan.deadline_block,
        )

    def _party(self, plan: BatchPlan) -> Callable[[bytes], DkgParty]:
        def make(context: bytes) -> DkgParty:
            return DkgParty(
                context=context,
                seat=self.me,
                seats=self.committee.seats,
                threshold=self.committee.threshold,
                count=plan.count,
                sealing=self.sealing,
                peer_keys={seat: self.committee.member(seat).x25519_key for seat in self.committee.others(self.me)},
            )

        return make

    async def _stage(self, batch: Batch[KeyShare]) -> None:
        """Keep our shares of ``batch``, durably, before we confirm that we have them."""
        staged = StagedBatch(
            epoch=batch.setup.epoch,
            purpose=batch.setup.purpose,
            batch=batch.setup.batch,
            scheme=batch.setup.scheme,
            deadline_block=batch.setup.deadline_block,
            transcript_hash=batch.transcript_hash,
        )
        await asyncio.to_thread(self.store.stage, staged, batch.shares)
