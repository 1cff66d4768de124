"""One batch of keys, from this node's side: take part, stage durably, vote once n equal confirms are held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from votive.chain.errors import DeadlinePassed
from votive.chain.votes import Votes
from votive.core import DkgParty, KeyShare, SealingKey
from votive.net import Mesh
from votive.node.engine import Engine
from votive.node.signing import proof_checker
from votive.node.transitions import BatchPlan
from votive.node.unbroken import while_linked
from votive.protocol import Batch, Clock, DkgOutcome, DkgSetup, generate
from votive.store import StagedBatch, Store
from votive.terms.errors import WorldError
from votive.terms.key import BatchVote, KeyVote, Purpose, verification_hash
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
            ceremony = generate(
                channel,
                setup,
                make_party=self._party(plan),
                stage=self._stage,
                run=self.engine,
                clock=self.clock,
                seconds=GENERATE_SECONDS,
                proves=proof_checker(setup.session, self.committee),
            )
            outcome: DkgOutcome[KeyShare] = await while_linked(ceremony, self.mesh, self.committee.others(self.me))
        await asyncio.to_thread(self.store.note_confirms, staged_of(outcome.batch), outcome.confirms)
        return outcome.batch

    def connected(self) -> bool:
        """Return whether all other nodes can be reached: key generation takes every one of them."""
        return self.mesh.reachable() >= set(self.committee.others(self.me))

    async def confirmed(self, purpose: Purpose) -> list[BatchVote]:
        """Return our votes for staged batches of which n equal confirms were held, perhaps by an earlier process."""
        staged = [batch for batch in await asyncio.to_thread(self.store.staged) if batch.purpose is purpose]
        complete = [batch for batch in staged if len(batch.confirms) == len(self.committee) - 1 and batch.epoch == self.committee.epoch]
        return [vote_of(batch, await asyncio.to_thread(self.store.staged_shares, batch)) for batch in complete]

    async def vote(self, vote: BatchVote) -> None:
        """Vote for every key of a batch on chain; while the chain does not answer, again and again until the deadline."""
        while True:
            try:
                transactions = await self.votes.vote(vote)
            except DeadlinePassed as error:
                log.warning("the batch's deadline passed before our vote", purpose=vote.purpose.value, batch=vote.batch, why=error.message)
                return
            except WorldError as error:
                log.warning(
                    "the vote did not reach the chain; trying again", purpose=vote.purpose.value, batch=vote.batch, why=error.message
                )
                await self.clock.sleep(VOTE_RETRY_SECONDS)
            else:
                log.info("voted", purpose=vote.purpose.value, batch=vote.batch, keys=len(vote.keys), transactions=list(transactions))
                return

    def _setup(self, plan: BatchPlan) -> DkgSetup:
        return DkgSetup(
            network=self.committee.network,
            epoch=plan.epoch,
            purpose=plan.purpose,
            scheme=plan.purpose.scheme,
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
                purpose=plan.purpose.value,
            )

        return make

    async def _stage(self, batch: Batch[KeyShare]) -> None:
        """Keep our shares of ``batch``, durably, before we confirm that we have them."""
        await asyncio.to_thread(self.store.stage, staged_of(batch), batch.shares)


def staged_of(batch: Batch[KeyShare]) -> StagedBatch:
    """Describe a generated batch as the store keeps it."""
    setup = batch.setup
    return StagedBatch(
        epoch=setup.epoch,
        purpose=setup.purpose,
        batch=setup.batch,
        scheme=setup.scheme,
        deadline_block=setup.deadline_block,
        transcript_hash=batch.transcript_hash,
    )


def vote_of(staged: StagedBatch, shares: Sequence[KeyShare]) -> BatchVote:
    """Write the vote for a staged batch from its shares, in the order of key numbers."""
    return BatchVote(
        epoch=staged.epoch,
        batch=staged.batch,
        purpose=staged.purpose,
        scheme=staged.scheme,
        deadline_block=staged.deadline_block,
        transcript_hash=staged.transcript_hash,
        keys=tuple(
            KeyVote(public_key=share.public_key_uncompressed, verification_hash=verification_hash(share.verification_shares))
            for share in shares
        ),
    )
