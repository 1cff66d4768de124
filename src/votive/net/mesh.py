"""All links of one node to its committee, and the sessions that run over them.

The lower seat of a pair listens, the higher one dials and keeps dialling. One live link for each identity: a second one closes the
first and raises an alarm, for then somebody may be running a clone or a restored copy of that node. Nothing that a peer sends can
do more than end its own link.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Collection
from types import TracebackType
from typing import cast

from votive.net.backoff import Backoff
from votive.net.channel import SessionChannel
from votive.net.door import Door, dial, listen
from votive.net.errors import PEER_FAULTS, LinkFault, MeshClosed, Reason
from votive.net.evidence import TO_ALL, Statement, made_by, statement_hash
from votive.net.frame import CHECKED_LATER, Cut, encode_signed
from votive.net.hello import PROTOCOL, Hello
from votive.net.identity import Identity, Recover, recover_address
from votive.net.limits import MeshLimits
from votive.net.link import Link, LinkEvent, LinkState, LinkStatus
from votive.net.mailbox import Fate, Mailbox
from votive.net.tally import Tally
from votive.net.tls import Contexts
from votive.net.watch import Watch, Watchers
from votive.terms.frame import Envelope
from votive.terms.participant import Committee, Participant, Seat

_COUNTERS = {fate: f"frames_{fate.name.lower()}" for fate in Fate}
_FAREWELL = 1.0
"""Seconds in which links may flush what was sent before a shutdown."""


class Mesh:
    """The links of one node. An async context manager; sessions are opened and messages flow while it is entered."""

    def __init__(
        self,
        identity: Identity,
        committee: Committee,
        *,
        listen_host: str,
        listen_port: int,
        recover: Recover = recover_address,
        limits: MeshLimits | None = None,
        listen_socket: socket.socket | None = None,
    ) -> None:
        """Prepare a mesh; nothing is bound before it is entered.

        ``listen_port`` 0 takes any free port (see ``port``). ``listen_socket`` is a socket that listens already, instead.
        """
        self.me = identity.seat
        self.port = listen_port
        self._identity = identity
        self._committee = committee
        self._host = listen_host
        self._recover = recover
        self._limits = limits or MeshLimits()
        self._socket = listen_socket
        self._contexts = Contexts(identity)
        self._hello = Hello(
            protocol=PROTOCOL, network=committee.network, epoch=committee.epoch, seat=identity.seat, boot_nonce=identity.boot_nonce
        )
        self._tally = Tally()
        self._mailbox = Mailbox(self._limits)
        self._watchers = Watchers()
        self._links: dict[Seat, Link] = {}
        self._leaving: list[Link] = []
        self._nonces: dict[Seat, bytes] = {}
        self._since: dict[Seat, float] = {}
        self._barred: dict[Seat, tuple[float, Backoff]] = {}
        self._dialling: set[Seat] = set()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Mesh:
        """Listen and begin to dial; PeerPortTaken if the port cannot be had. Links come up afterwards, see ``watch``."""
        self._socket = self._socket or listen(self._host, self.port)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        self._since = dict.fromkeys(self._committee.others(self.me), time.time())
        self._life = asyncio.create_task(self._live(self._socket), name=f"mesh-{self.me}")
        self._life.add_done_callback(self._ended)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Flush, close every link and session, and stop listening."""
        if self._life is None:
            return
        self._life.cancel()
        await asyncio.wait([self._life])
        await self._flush()
        if not self._life.cancelled():
            self._life.result()

    def open(self, session: bytes) -> SessionChannel:
        """Open ``session`` (32 bytes), with what peers already sent for it; SessionRefused if it is open or was closed."""
        self._check_alive()
        if len(session) != 32:
            raise ValueError(f"a session id has 32 bytes, not {len(session)}")
        return SessionChannel(session, self.me, self._committee, self._mailbox.open(session), self)

    def links(self) -> dict[Seat, LinkStatus]:
        """Return the state of the link to each other seat."""
        return {peer.seat: self._status(peer) for peer in self._committee if peer.seat != self.me}

    def reachable(self) -> frozenset[Seat]:
        """Return the seats to which a link is up, without our own."""
        return frozenset(self._links)

    def watch(self) -> Watch:
        """Give an event for each link that is up, then one for each change; MeshClosed when the mesh shuts down."""
        return self._watchers.follow([self._up_event(link) for link in self._links.values()])

    def counters(self) -> dict[str, dict[int, int]]:
        """Return all counters, name → seat (0: no authenticated peer) → count."""
        return self._tally.snapshot()

    def refuse(self, seat: Seat, why: str) -> None:
        """End the link to ``seat``, and bar it for a while: a frame of its has shown to be unsigned."""
        fault = LinkFault(Reason.SIGNATURE, why, seat=seat)
        link = self._links.get(seat)
        if link is not None:
            link.end(fault)
        else:
            self._tally.fault(fault)
            self._bar(seat)

    async def post(self, place: Statement, payload: bytes, to: Collection[Seat]) -> None:
        """Sign ``payload`` into its place and send it, once signed, to each seat of ``to``."""
        self._check_alive()
        network = self._committee.network
        if len(payload) > self._limits.inline_bytes:
            hashed = await asyncio.to_thread(statement_hash, network, place, payload)
        else:
            hashed = statement_hash(network, place, payload)
        data = encode_signed(place, self._identity.sign(hashed), payload)
        for seat in to:
            self._send(seat, data)

    def forget(self, session: bytes) -> None:
        """Close ``session`` for good."""
        self._mailbox.close(session)

    # What links tell.

    def link_up(self, link: Link) -> None:
        """Put ``link`` in place; the one that was there before gives way, with an alarm."""
        seat = link.peer.seat
        former = self._links.pop(seat, None)
        alarm = ""
        if former is not None:
            same = "the same" if former.boot_nonce == link.boot_nonce else "another"
            alarm = f"a second live link for seat {seat}, from {same} process: is a clone or a restored copy of it running?"
            self._tally.count("alarms", seat)
            former.end(LinkFault(Reason.REPLACED, alarm, seat=seat))
            self._watchers.tell(LinkEvent(seat=seat, up=False, boot_nonce=former.boot_nonce))
        if self._nonces.get(seat, link.boot_nonce) != link.boot_nonce:
            self._mailbox.renew(seat)
        self._nonces[seat] = link.boot_nonce
        self._links[seat] = link
        self._tally.count("links_up", seat)
        self._watchers.tell(self._up_event(link, alarm))

    def link_frame(self, link: Link, frame: Cut) -> asyncio.Task[None] | None:
        """Check a frame, now or when it matters, and deliver it; a large one is checked in a thread."""
        kind, session, receiver, _, content = frame
        if receiver not in (TO_ALL, self.me):
            raise LinkFault(Reason.MISADDRESSED, f"a {kind.name} for seat {receiver} came to seat {self.me}")
        envelope = cast("Envelope", content)
        if len(envelope.payload) > self._limits.inline_bytes:
            return asyncio.create_task(self._deliver_large(link.peer, frame))
        later = kind in CHECKED_LATER and random.random() >= self._limits.spot_checks  # noqa: S311  # who guesses it wrong loses its link
        if not later and not self._genuine(link.peer, frame):
            raise unsigned(envelope)
        self._deliver(session, envelope)
        return None

    def link_down(self, link: Link, fault: LinkFault) -> None:
        """Count why ``link`` ended, tell watchers, and bar a peer that broke the protocol for a while."""
        self._tally.fault(fault)
        seat = link.peer.seat
        if fault.reason in PEER_FAULTS:
            self._bar(seat)
        if self._links.get(seat) is link:
            del self._links[seat]
            self._since[seat] = time.time()
            self._watchers.tell(LinkEvent(seat=seat, up=False, boot_nonce=link.boot_nonce))

    # Life.

    async def _live(self, sock: socket.socket) -> None:
        door = Door(sock, self._contexts, admit=self._admit, make_link=self._make_link, limits=self._limits, tally=self._tally)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(door.keep(tasks))
            tasks.create_task(self._pulse())
            for peer in self._committee:
                if peer.seat < self.me:
                    tasks.create_task(self._keep_link(peer))

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(self._limits.ping_seconds)
            for link in list(self._links.values()):
                link.ping()
            self._tally.count("frames_expired", by=self._mailbox.expire())

    async def _keep_link(self, peer: Participant) -> None:
        backoff = Backoff(self._limits.first_backoff_seconds, self._limits.last_backoff_seconds)
        while True:
            began = time.monotonic()
            await self._hold_link(peer)
            if time.monotonic() - began >= self._limits.settled_seconds:
                backoff.reset()
            await asyncio.sleep(backoff.failed())

    async def _hold_link(self, peer: Participant) -> None:
        """Dial ``peer``; return when that failed or when the link that it made has ended."""
        self._dialling.add(peer.seat)
        try:
            async with asyncio.timeout(self._limits.handshake_seconds):
                link = await dial(peer, self._contexts, self._make_link)
        except LinkFault as fault:
            self._tally.fault(fault.by(peer.seat))
        except TimeoutError:
            self._tally.fault(LinkFault(Reason.TIMEOUT, "the peer did not finish its handshake in time", seat=peer.seat))
        except OSError as error:
            self._tally.fault(LinkFault(Reason.UNREACHABLE, f"{peer.peer_host}:{peer.peer_port}: {error}", seat=peer.seat))
        else:
            self._dialling.discard(peer.seat)
            await asyncio.shield(link.lost)
        finally:
            self._dialling.discard(peer.seat)

    def _ended(self, life: asyncio.Task[None]) -> None:
        """Close everything, whether this node shuts down or failed: nobody waits for a mesh that is gone."""
        if self._socket is not None:
            self._socket.close()
        self._leaving = list(self._links.values())
        for link in self._leaving:
            link.end(LinkFault(Reason.CLOSED, "this node shuts down", seat=link.peer.seat))
        self._mailbox.close_all()
        self._watchers.tell(None)

    async def _flush(self) -> None:
        if self._leaving:
            await asyncio.wait([link.lost for link in self._leaving], timeout=_FAREWELL)
        for link in self._leaving:
            link.abort()

    # Details.

    def _check_alive(self) -> None:
        if self._life is None or self._life.done() or self._life.cancelling():
            raise MeshClosed("the mesh is not running")

    def _make_link(self, peer: Participant) -> Link:
        return Link(peer, self._hello, self, self._limits)

    def _admit(self, seat: Seat, certificate_hash: bytes) -> Participant:
        try:
            peer = self._committee.member(seat)
        except KeyError as error:
            raise LinkFault(Reason.UNREGISTERED, f"nobody is registered in seat {seat}") from error
        if peer.certificate_hash != certificate_hash:
            raise LinkFault(Reason.UNREGISTERED, f"the certificate shown is not the registry's for seat {seat}")
        if seat <= self.me:
            raise LinkFault(Reason.WRONG_SIDE, f"seat {seat} dialled seat {self.me}: the higher seat dials")
        until, _ = self._barred.get(seat, (0.0, None))
        if time.monotonic() < until:
            raise LinkFault(Reason.BARRED, f"seat {seat} broke the protocol and has to wait {until - time.monotonic():.1f} s")
        return peer

    def _bar(self, seat: Seat) -> None:
        now = time.monotonic()
        until, backoff = self._barred.get(seat, (now, Backoff(1.0, self._limits.last_bar_seconds)))
        if now - until > 2 * self._limits.last_bar_seconds:
            backoff.reset()
        self._barred[seat] = (now + backoff.failed(), backoff)

    def _send(self, seat: Seat, data: bytes) -> None:
        link = self._links.get(seat)
        if link is not None and link.send(data):
            self._tally.frame("frames_sent", "bytes_sent", seat, len(data))
        else:
            self._tally.count("frames_unsent", seat)

    def _genuine(self, peer: Participant, frame: Cut) -> bool:
        kind, session, receiver, signature, content = frame
        envelope = cast("Envelope", content)
        place = Statement(session=session, kind=kind, attempt=envelope.attempt, sender=peer.seat, receiver=receiver)
        return made_by(peer.address, statement_hash(self._committee.network, place, envelope.payload), signature, self._recover)

    async def _deliver_large(self, peer: Participant, frame: Cut) -> None:
        envelope = cast("Envelope", frame[4])
        if not await asyncio.to_thread(self._genuine, peer, frame):
            raise unsigned(envelope)
        self._deliver(frame[1], envelope)

    def _deliver(self, session: bytes, envelope: Envelope) -> None:
        fate = self._mailbox.deliver(session, envelope)
        self._tally.frame(_COUNTERS[fate], "bytes_received", envelope.sender, len(envelope.payload))

    def _up_event(self, link: Link, alarm: str = "") -> LinkEvent:
        return LinkEvent(seat=link.peer.seat, up=True, boot_nonce=link.boot_nonce, alarm=alarm)

    def _status(self, peer: Participant) -> LinkStatus:
        link = self._links.get(peer.seat)
        if link is None:
            state = LinkState.CONNECTING if peer.seat in self._dialling else LinkState.DOWN
            return LinkStatus(state=state, boot_nonce=None, since=self._since.get(peer.seat, time.time()), address=peer.address)
        return LinkStatus(state=LinkState.UP, boot_nonce=link.boot_nonce, since=link.since, address=peer.address)


def unsigned(envelope: Envelope) -> LinkFault:
    """The fault of a frame that its sender's wallet did not sign."""
    kind, seat = envelope.kind.name, envelope.sender
    return LinkFault(Reason.SIGNATURE, f"the wallet of seat {seat} did not sign this {kind} into this place")
