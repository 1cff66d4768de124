"""Distributed key generation of a batch of B keys among all n nodes; no dealer, all nodes needed.

FROST's DKG (Pedersen with proofs of possession, RFC 9591 appendix C's security notes) inside commit-then-reveal, so that no
node chooses its polynomial after it has seen another's. The arithmetic is the engine's; here is the order of the rounds and
what must be equal between them. docs/protocol/dkg.md has the steps and what each message reveals.

    round 0   C_i = commitment to round 1, H(set-up)          to all
    round 1   φ_i0…φ_i(t−1) and proofs, H(all C)               to all
    round 2   f_i(j), sealed to node j                         to each
    round 3   shares staged durably, then H(transcript)        to all

Any difference between the nodes' set-ups ends it in round 0, between their views of the commitments in round 1: both
before a share has been dealt. A reveal opens its commitment, so from equal commitments follow equal reveals.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import msgspec

from votive.core.errors import PeerFault
from votive.protocol.channel import Channel, Clock, Envelope, Kind, Proves, Run
from votive.protocol.engine import DkgParty, Share
from votive.protocol.errors import ConfirmsMissing, DkgAborted, NodesSilent, SetupsDiffer, named
from votive.protocol.inbox import Aborted, Inbox
from votive.protocol.wire import Hash, MalformedError, Message, SeatNumber, SeatNumbers, decode
from votive.terms.encoding import HashInput, encode, tagged_hash
from votive.terms.key import BatchVote, KeyVote, Purpose, Scheme, verification_hash
from votive.terms.participant import MAX_COMMITTEE, Seat
from votive.terms.session import dkg_session

S = TypeVar("S", bound=Share)
M = TypeVar("M", bound=Message)


_DISPUTE_SECONDS = 1.0
"""How long nodes that saw different commitments wait for what the others saw."""


# What must be equal


class DkgSetup(HashInput, frozen=True, kw_only=True, tag="votive/dkg/setup/v1"):
    """Everything that the nodes must agree on before they generate a batch."""

    network: bytes
    epoch: int
    batch: int
    purpose: Purpose
    scheme: Scheme
    count: int
    """B, the number of keys."""
    seats: tuple[Seat, ...]
    """All n seats, ascending: each node's Shamir x."""
    threshold: int
    """t: the shares that make a key."""
    deadline_block: int
    """After this block the chain takes no votes for this batch."""

    @property
    def context(self) -> bytes:
        """H(set-up), 32 bytes: what the engine binds every proof and sealed share to."""
        return tagged_hash(self)

    @property
    def session(self) -> bytes:
        """The session in which the nodes meet for this batch, 32 bytes."""
        return dkg_session(self.network, self.epoch, self.purpose, self.batch, self.deadline_block)


# Messages


class _Commit(Message, frozen=True, kw_only=True):
    setup: Hash
    """H(set-up)."""
    commitment: Hash
    """C_i."""


class _Reveal(Message, frozen=True, kw_only=True):
    commits: Hash
    """H(all commit messages), as the sender received them."""
    packages: bytes
    """Salt, then φ_ik and the proof of possession of each key."""


class _Confirm(Message, frozen=True, kw_only=True):
    transcript: Hash
    """H(transcript)."""


class _Exhibit(Message, frozen=True, kw_only=True):
    seat: SeatNumber
    payload: Annotated[bytes, msgspec.Meta(max_length=128)]
    evidence: Annotated[bytes, msgspec.Meta(max_length=256)]


class _Abort(Message, frozen=True, kw_only=True):
    accused: SeatNumbers = ()
    """Whom the sender convicted; a claim, by which nobody else is convinced."""
    commits: Annotated[tuple[_Exhibit, ...], msgspec.Meta(max_length=MAX_COMMITTEE)] = ()
    """The commit messages as the sender received them, with their evidence: two that differ convict their author."""


class _Commits(HashInput, frozen=True, kw_only=True, tag="votive/dkg/commits/v1"):
    setup: bytes
    commits: tuple[tuple[int, bytes], ...]


class _Packages(HashInput, frozen=True, kw_only=True, tag="votive/dkg/packages/v1"):
    packages: bytes


class _Transcript(HashInput, frozen=True, kw_only=True, tag="votive/dkg/transcript/v1"):
    setup: bytes
    commits: bytes
    reveals: tuple[tuple[int, bytes], ...]
    """H(packages) by seat."""
    keys: tuple[tuple[bytes, bytes], ...]
    """(public key, H(verification shares)) in the order of key numbers."""


# Result


@dataclass(frozen=True, kw_only=True)
class Batch(Generic[S]):
    """B generated keys, as one node holds them."""

    setup: DkgSetup
    shares: tuple[S, ...]
    """This node's share of each key, in the order of key numbers."""
    transcript_hash: bytes
    """32 bytes. It covers set-up, commitments, reveals and public results, not the deals, which only two nodes know."""
    keys: tuple[KeyVote, ...]

    def vote(self) -> BatchVote:
        """Return what this node says on chain, once it holds n equal confirms."""
        setup = self.setup
        return BatchVote(
            epoch=setup.epoch,
            batch=setup.batch,
            purpose=setup.purpose,
            scheme=setup.scheme,
            deadline_block=setup.deadline_block,
            transcript_hash=self.transcript_hash,
            keys=self.keys,
        )


@dataclass(frozen=True, kw_only=True)
class DkgOutcome(Generic[S]):
    """A batch that every node has confirmed to have stored: the node may vote."""

    batch: Batch[S]
    confirms: dict[Seat, bytes]
    """By seat of the others: the evidence of their confirm (empty bytes where the channel gives none)."""


async def generate(
    channel: Channel,
    setup: DkgSetup,
    *,
    make_party: Callable[[bytes], DkgParty[S]],
    stage: Callable[[Batch[S]], Awaitable[None]],
    run: Run,
    clock: Clock,
    seconds: float = 60.0,
    proves: Proves | None = None,
) -> DkgOutcome[S]:
    """Generate a batch together with all other nodes.

    Args:
        channel: opened on ``setup.session``.
        setup: as this node understands it.
        make_party: from ``setup.context`` to the engine's party.
        stage: stores the batch; durable on return. Only then this node confirms.
        run: where the engine's steps run.
        clock: for the deadline.
        seconds: for all rounds up to the staging, and again for the confirms.
        proves: lets the ceremony name a node that sent different commitments to different nodes.

    Returns:
        The batch with n equal confirms.

    Raises:
        SetupsDiffer: some node means another batch. Nothing secret was sent.
        DkgAborted: a node broke the protocol or left; ``culprits`` if there is evidence. Nothing is staged.
        NodesSilent: some node was not heard. Nothing is staged.
        ConfirmsMissing: staged, but not confirmed by all. The node does not vote and keeps the shares.
    """
    ceremony: _Ceremony[S] = _Ceremony(channel, setup, run=run, clock=clock, proves=proves, until=clock.now() + seconds)
    batch = await ceremony.share(make_party(setup.context))
    await stage(batch)
    return await ceremony.confirm(batch, clock.now() + seconds)


class _Ceremony(Generic[S]):
    def __init__(self, channel: Channel, setup: DkgSetup, *, run: Run, clock: Clock, proves: Proves | None, until: float) -> None:
        self._channel, self._setup, self._run, self._clock, self._proves = channel, setup, run, clock, proves
        self._context = setup.context
        self._others = tuple(seat for seat in setup.seats if seat != channel.me)
        self._inbox = self._open_inbox(until)

    def _open_inbox(self, until: float) -> Inbox:
        kinds = (Kind.DKG_COMMIT, Kind.DKG_REVEAL, Kind.DKG_DEAL, Kind.DKG_CONFIRM)
        return Inbox(self._channel, self._clock, peers=self._others, kinds=kinds, abort=Kind.DKG_ABORT, until=until)

    # Rounds 0 to 2

    async def share(self, party: DkgParty[S]) -> Batch[S]:
        try:
            return await self._share(party)
        except PeerFault as fault:
            await self._abort(_Abort(accused=tuple(sorted(fault.culprits))))
            raise DkgAborted(f"Key generation stopped: {fault.message}", culprits=fault.culprits) from fault
        except Aborted as abort:
            raise await self._aborted(abort.envelope) from abort

    async def _share(self, party: DkgParty[S]) -> Batch[S]:
        # Round 0
        own = encode(_Commit(setup=self._context, commitment=await self._run(party.commit)))
        await self._channel.broadcast(Kind.DKG_COMMIT, own)
        commits = await self._gather(Kind.DKG_COMMIT, "commitment")
        await self._require_equal_setups(opened := self._decode_all(commits, _Commit))
        view = self._commits_hash(own, commits)
        # Round 1
        packages = await self._run(party.reveal)
        await self._channel.broadcast(Kind.DKG_REVEAL, encode(_Reveal(commits=view, packages=packages)))
        reveals = self._decode_all(await self._gather(Kind.DKG_REVEAL, "reveal"), _Reveal)
        await self._require_equal_views(view, reveals)
        # Round 2
        commitments = {seat: commit.commitment for seat, commit in opened.items()}
        theirs = {seat: reveal.packages for seat, reveal in reveals.items()}
        for seat, deal in (await self._run(lambda: party.deal(commitments, theirs))).items():
            await self._channel.send(seat, Kind.DKG_DEAL, deal)
        deals = {seat: envelope.payload for seat, envelope in (await self._gather(Kind.DKG_DEAL, "share")).items()}
        shares = tuple(await self._run(lambda: party.finish(deals)))
        return self._batch(shares, view, {self._channel.me: packages, **theirs})

    async def _gather(self, kind: Kind, step: str) -> dict[Seat, Envelope]:
        try:
            return await self._inbox.gather(kind)
        except TimeoutError:
            await self._abort(_Abort())
            raise NodesSilent(step, self._inbox.missing(kind)) from None

    def _decode_all(self, envelopes: Mapping[Seat, Envelope], kind: type[M]) -> dict[Seat, M]:
        messages, malformed = {}, []
        for seat, envelope in envelopes.items():
            try:
                messages[seat] = decode(envelope.payload, kind)
            except MalformedError:
                malformed.append(seat)
        if malformed:
            raise PeerFault(f"{named(malformed)} sent bytes that are no message of this round.", culprits=malformed)
        return messages

    async def _require_equal_setups(self, commits: Mapping[Seat, _Commit]) -> None:
        differing = {seat: commit.setup for seat, commit in commits.items() if commit.setup != self._context}
        if differing:
            await self._abort(_Abort())
            raise SetupsDiffer(self._context, differing)

    def _commits_hash(self, own: bytes, commits: Mapping[Seat, Envelope]) -> bytes:
        everyone = {self._channel.me: own, **{seat: envelope.payload for seat, envelope in commits.items()}}
        return tagged_hash(_Commits(setup=self._context, commits=tuple(sorted((int(seat), commit) for seat, commit in everyone.items()))))

    async def _require_equal_views(self, view: bytes, reveals: Mapping[Seat, _Reveal]) -> None:
        differing = [seat for seat, reveal in reveals.items() if reveal.commits != view]
        if not differing:
            return
        nobody = DkgAborted(f"{named(differing)} saw other commitments than we did; some node told different things to different nodes.")
        raise await self._dispute(nobody)

    async def _dispute(self, error: DkgAborted) -> DkgAborted:
        """Show all nodes what we received, and look at what they did for a moment; return the best error then."""
        await self._abort(_Abort(commits=self._exhibits()))
        self._inbox.extend(self._clock.now() + _DISPUTE_SECONDS)
        while not error.culprits:
            try:
                await self._inbox.gather(Kind.DKG_DEAL)
                return error  # all have dealt: nobody has anything to show
            except Aborted as abort:
                shown = self._judge(abort.envelope)
                error = shown if shown.culprits else error
            except TimeoutError:
                return error
        return error

    # Round 3

    def _batch(self, shares: tuple[S, ...], view: bytes, packages: Mapping[Seat, bytes]) -> Batch[S]:
        keys = tuple(
            KeyVote(public_key=share.public_key_uncompressed, verification_hash=verification_hash(share.verification_shares))
            for share in shares
        )
        transcript = _Transcript(
            setup=self._context,
            commits=view,
            reveals=tuple(sorted((int(seat), tagged_hash(_Packages(packages=value))) for seat, value in packages.items())),
            keys=tuple((key.public_key, key.verification_hash) for key in keys),
        )
        return Batch(setup=self._setup, shares=shares, transcript_hash=tagged_hash(transcript), keys=keys)

    async def confirm(self, batch: Batch[S], until: float) -> DkgOutcome[S]:
        self._inbox.extend(until)
        ours = encode(_Confirm(transcript=batch.transcript_hash))
        await self._channel.broadcast(Kind.DKG_CONFIRM, ours)
        try:
            confirms = await self._inbox.gather(Kind.DKG_CONFIRM)
        except (TimeoutError, Aborted):
            confirms = self._inbox.received(Kind.DKG_CONFIRM)
        equal = {seat: envelope.evidence or b"" for seat, envelope in confirms.items() if envelope.payload == ours}
        if len(equal) == len(self._others):
            return DkgOutcome(batch=batch, confirms=equal)
        raise ConfirmsMissing(
            batch, missing=self._inbox.missing(Kind.DKG_CONFIRM), differing=[seat for seat in confirms if seat not in equal], confirms=equal
        )

    # Ends

    async def _abort(self, abort: _Abort) -> None:
        await self._channel.broadcast(Kind.DKG_ABORT, encode(abort))

    def _exhibits(self) -> tuple[_Exhibit, ...]:
        received = self._inbox.received(Kind.DKG_COMMIT)
        return tuple(
            _Exhibit(seat=seat, payload=envelope.payload, evidence=envelope.evidence)
            for seat, envelope in sorted(received.items())
            if envelope.evidence is not None
        )

    async def _aborted(self, envelope: Envelope) -> DkgAborted:
        """Turn a peer's abort into our error. If it shows commitments, all nodes show theirs: the two halves must meet."""
        error = self._judge(envelope)
        try:
            disputed = bool(decode(envelope.payload, _Abort).commits)
        except MalformedError:
            return error
        return await self._dispute(error) if disputed else error

    def _judge(self, envelope: Envelope) -> DkgAborted:
        """Say what an abort proves: its exhibits may convict somebody, its word alone nobody."""
        try:
            abort = decode(envelope.payload, _Abort)
        except MalformedError:
            return DkgAborted(f"{named([envelope.sender])} sent a malformed abort.", culprits=[envelope.sender])
        convicted = sorted({Seat(exhibit.seat) for exhibit in abort.commits if self._convicts(exhibit)})
        accused = f" It accuses {named([Seat(seat) for seat in abort.accused])}." if abort.accused else ""
        return DkgAborted(
            f"{named([envelope.sender])} left key generation.{accused}",
            culprits=convicted,
            details=[{"leftBy": envelope.sender, "accuses": list(abort.accused)}],
        )

    def _convicts(self, exhibit: _Exhibit) -> bool:
        """Return whether the exhibit shows another commit message than the same seat sent to us."""
        ours = self._inbox.received(Kind.DKG_COMMIT).get(Seat(exhibit.seat))
        if self._proves is None or ours is None or ours.payload == exhibit.payload:
            return False
        shown = Envelope(sender=Seat(exhibit.seat), kind=Kind.DKG_COMMIT, attempt=0, payload=exhibit.payload, evidence=exhibit.evidence)
        return self._proves(shown)
