"""Decrypting together: nodes that approved an identity give one another their shares of its decryption key. One round.

The decryption key of an identity is the BLS signature over it (Boneh and Franklin 2001), and a share of that signature needs
nothing from the other nodes (Boldyreva 2003). So there is no leader, no set of signers and no second round: who holds t shares
combines them and verifies the result first; only if that fails it looks at each share, names who lied, and goes on with what
comes from others. docs/protocol/decrypt.md has the steps and what each message reveals.

    DECRYPT_SHARE   H(identity), the sender's share            to all

The identity is not in the session's name, so that nodes that derived different ones meet and can say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, NoReturn

import msgspec

from votive.protocol.channel import Channel, Clock, Envelope, Kind, Run, settle, within
from votive.protocol.errors import DecryptionFailed, IdentitiesDiffer, NotEnoughNodes
from votive.protocol.events import Blamed, Observe, unobserved
from votive.protocol.wire import Hash, MalformedError, Message, decode
from votive.terms.encoding import HashInput, encode, tagged_hash
from votive.terms.errors import OurError, PeerError, VotiveError
from votive.terms.participant import Seat

_TICK = 0.1
"""Seconds between two looks at the links."""

# Message

SHARE_BYTES = 97
"""The sender's seat, 1 byte, and a compressed point of G2, 96 bytes: as clients get it."""


class ShareMessage(Message, frozen=True, kw_only=True):
    """One node's share of one identity's decryption key."""

    identity: Hash
    """H(identity)."""
    share: Annotated[bytes, msgspec.Meta(min_length=SHARE_BYTES, max_length=SHARE_BYTES)]


class _Identity(HashInput, frozen=True, kw_only=True, tag="votive/decrypt/identity/v1"):
    identity: bytes


def identity_hash(identity: bytes) -> bytes:
    """H(identity), 32 bytes."""
    return tagged_hash(_Identity(identity=identity))


# What it takes


@dataclass(frozen=True, kw_only=True)
class DecryptRequest:
    """What this node approved."""

    identity: bytes
    """Whose decryption key: see ``terms.conditions``."""
    share: bytes
    """Our share of it, 97 bytes. It leaves this node, so whoever makes a request has approved the identity."""
    threshold: int


@dataclass(frozen=True, kw_only=True)
class DecryptLimits:
    """Times of a meeting, in seconds."""

    deadline: float = 8.0
    """All of it."""
    grace: float = 1.5
    """How long fewer than t reachable nodes are borne before the meeting ends."""


@dataclass(frozen=True, kw_only=True)
class DecryptTools:
    """What a meeting needs from the node."""

    clock: Clock
    run: Run
    combine: Callable[[Mapping[Seat, bytes]], bytes]
    """Makes the decryption key from exactly t shares; PeerError if it does not verify under the network's key."""
    fits: Callable[[Seat, bytes], bool]
    """Whether a share verifies under the verification share of its seat."""
    reachable: Callable[[], Collection[Seat]]
    """Seats whose link is up now."""
    observe: Observe = unobserved


async def decrypt_together(channel: Channel, request: DecryptRequest, tools: DecryptTools, limits: DecryptLimits | None = None) -> bytes:
    """Return the decryption key of ``request.identity``, 96 bytes, verified.

    Args:
        channel: opened on a session that names the call, never the identity.
        request: what this node approved; on return its share has gone to all reachable nodes.
        tools: the engine, the links and the clock.
        limits: times; the defaults unless given.

    Raises:
        IdentitiesDiffer: the nodes derived different identities, and none is the one of t nodes.
        NotEnoughNodes: fewer than t nodes sent a share in time.
        DecryptionFailed: so many nodes sent wrong shares that t good ones cannot be had; names them.
    """
    return await _Meeting(channel, request, tools, limits or DecryptLimits()).hold()


class _Meeting:
    def __init__(self, channel: Channel, request: DecryptRequest, tools: DecryptTools, limits: DecryptLimits) -> None:
        self._channel, self._request, self._tools, self._limits = channel, request, tools, limits
        self._mine = ShareMessage(identity=identity_hash(request.identity), share=request.share)
        self._held: dict[Seat, bytes] = {channel.me: request.share}
        """Shares of our identity, in the order of arrival; wrong ones are taken out as they are found."""
        self._envelopes: dict[Seat, Envelope] = {}
        self._good: set[Seat] = set()
        self._liars: set[Seat] = set()
        self._elsewhere: dict[bytes, list[Seat]] = {}
        """H(another identity) → who sent a share of it."""
        self._told: set[Seat] = set()

    async def hold(self) -> bytes:
        await self._say()
        try:
            return await within(self._tools.clock, self._limits.deadline, self._first_end())
        except TimeoutError:
            raise self._failure("The time for this decryption is over.") from None

    async def _say(self) -> None:
        self._told = set(self._tools.reachable())
        await self._channel.broadcast(Kind.DECRYPT_SHARE, encode(self._mine))

    async def _first_end(self) -> bytes:
        collecting, guarding = asyncio.ensure_future(self._collect()), asyncio.ensure_future(self._guard())
        try:
            await asyncio.wait((collecting, guarding), return_when=asyncio.FIRST_COMPLETED)
            return collecting.result() if collecting.done() else guarding.result()
        finally:
            await settle(collecting, guarding)

    # Shares

    async def _collect(self) -> bytes:
        while True:
            if len(self._held) >= self._request.threshold and (key := await self._combine()) is not None:
                return key
            self._require_hope()
            self._take(await self._channel.receive())

    def _take(self, envelope: Envelope) -> None:
        """Note a share; what is no share of its sender's convicts it, as every message is signed."""
        seat = envelope.sender
        if envelope.kind is not Kind.DECRYPT_SHARE or envelope.attempt != 0 or seat in self._envelopes or seat not in self._channel.seats:
            return
        self._envelopes[seat] = envelope
        try:
            message = _read(envelope)
        except MalformedError as error:
            self._blame(seat, f"sent no share of its own: {error}")
            return
        if message.identity == self._mine.identity:
            self._held[seat] = message.share
        else:
            self._elsewhere.setdefault(message.identity, []).append(seat)

    async def _combine(self) -> bytes | None:
        """Combine t of the shares; None if some of them were wrong, which are gone then."""
        chosen = dict(list(self._held.items())[: self._request.threshold])
        try:
            return await self._tools.run(lambda: self._tools.combine(chosen))
        except PeerError as error:
            await self._drop_liars(chosen, error)
            return None

    async def _drop_liars(self, chosen: Mapping[Seat, bytes], error: PeerError) -> None:
        unseen = {seat: share for seat, share in chosen.items() if seat not in self._good}
        fits = await self._tools.run(lambda: {seat: self._tools.fits(seat, share) for seat, share in unseen.items()})
        self._good.update(seat for seat, good in fits.items() if good)
        wrong = [seat for seat, good in fits.items() if not good]
        if not wrong or self._channel.me in wrong:
            raise OurError("shares that verify one by one do not combine, or our own does not verify: a defect of this node") from error
        for seat in wrong:
            del self._held[seat]
            self._blame(seat, "sent a share that does not verify")

    def _blame(self, seat: Seat, why: str) -> None:
        self._liars.add(seat)
        self._tools.observe(Blamed(seat, why, (self._envelopes[seat],)))

    # Hope, and its end

    async def _guard(self) -> NoReturn:
        """Tell nodes whose link comes up, and end the meeting when too few can be reached for too long."""
        since = None
        while True:
            await self._tools.clock.sleep(_TICK)
            await self._tell()
            since = None if self._hopeful(self._tools.reachable()) else since or self._tools.clock.now()
            if since is not None and self._tools.clock.now() - since >= self._limits.grace:
                raise self._failure("Too few nodes can be reached.")

    async def _tell(self) -> None:
        reachable = set(self._tools.reachable()) - {self._channel.me}
        for seat in sorted(reachable - self._told):
            await self._channel.send(seat, Kind.DECRYPT_SHARE, encode(self._mine))
        self._told = reachable

    def _require_hope(self) -> None:
        if not self._hopeful(self._channel.seats):
            raise self._failure("What the nodes sent cannot be combined any more.")

    def _hopeful(self, reachable: Collection[Seat]) -> bool:
        """Return whether t shares may still come together, if nobody but ``reachable`` sends any more."""
        awaited = (set(reachable) & set(self._channel.seats)) - self._envelopes.keys() - self._held.keys()
        return len(self._held) + len(awaited) >= self._request.threshold

    def _failure(self, why: str) -> VotiveError:
        """Return the error that says best why there is no decryption key."""
        needed, liars = self._request.threshold, sorted(self._liars)
        silent = [seat for seat in self._channel.seats if seat not in self._envelopes and seat != self._channel.me]
        if self._elsewhere and len(self._held) + len(silent) < needed:
            return IdentitiesDiffer({self._mine.identity: sorted(self._held), **self._elsewhere}, needed)
        if len(self._held) + len(liars) >= needed:
            return DecryptionFailed(why, culprits=liars, silent=silent, needed=needed)
        return NotEnoughNodes(why, needed=needed, ready=sorted(self._held), silent=silent, act="decrypt")


def _read(envelope: Envelope) -> ShareMessage:
    message = decode(envelope.payload, ShareMessage)
    if message.share[0] != envelope.sender:
        raise MalformedError("the share is one of another seat")
    return message
