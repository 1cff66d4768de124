"""One authenticated connection to one peer, from the end of the TLS handshake to its last byte."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from enum import StrEnum
from typing import Protocol, cast

import msgspec
import structlog

from votive.net.certificate import hash_of_der
from votive.net.errors import LinkFault, Reason
from votive.net.frame import LINK_KINDS, Cut, Deframer, encode_link
from votive.net.hello import Hello, ack_of, is_ack, read_hello
from votive.net.limits import MeshLimits
from votive.net.tls import proven_certificate
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Participant, Seat

_log = structlog.get_logger("votive.net")


class LinkState(StrEnum):
    """State of the link to one peer, with what an operator should know."""

    DOWN = "down"
    """There is no connection. If this lasts, look whether the peer runs and its peer port can be reached."""
    CONNECTING = "connecting"
    """A connection is being made or waits for its hello."""
    UP = "up"
    """Both ends have proven who they are and hear one another."""


class LinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The link to one peer, for status pages."""

    state: LinkState
    boot_nonce: bytes | None
    """Of the peer's process, while the link is up."""
    since: float
    """When the link came into this state, seconds since 1970."""
    address: str
    """The peer's wallet address."""


class LinkEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A link went up or down."""

    seat: Seat
    up: bool
    boot_nonce: bytes
    """Of the peer's process; another one than before means that the peer's one-time secrets are gone."""
    alarm: str = ""
    """Not empty: a second live link for this identity appeared. Somebody may run a clone or a restored copy of this node."""


class LinkOwner(Protocol):
    """Who is told what happens on a link."""

    def link_up(self, link: Link) -> None:
        """Hello and ack have come from both ends."""

    def link_frame(self, link: Link, frame: Cut) -> Awaitable[None] | None:
        """A protocol frame came. LinkFault ends the link; an awaitable is waited for before the next frame is read."""

    def link_down(self, link: Link, fault: LinkFault) -> None:
        """The link has ended; called once."""


class Link(asyncio.BufferedProtocol):
    """A connection to ``peer``; ``up`` is done once hello and ack have come from both ends."""

    def __init__(self, peer: Participant, mine: Hello, owner: LinkOwner, limits: MeshLimits) -> None:
        self.peer = peer
        self.boot_nonce = b""
        self.since = time.time()
        loop = asyncio.get_running_loop()
        self.up: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.heard = loop.time()
        self._mine = mine
        self._owner = owner
        self._limits = limits
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._open: asyncio.Transport | None = None
        self._deframer = Deframer(peer.seat)
        self._frames: deque[Cut] = deque()
        self._slow: asyncio.Task[None] | None = None
        self._second = loop.time()
        self._taken = 0
        self._acked = False
        self._fault: LinkFault | None = None

    @property
    def is_up(self) -> bool:
        """Whether messages can be sent now."""
        return self.up.done() and self._fault is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is done: compare the proven certificate with the registry's, and say hello."""
        self._transport = cast("asyncio.Transport", transport)
        try:
            self._begin()
        except LinkFault as fault:
            self.end(fault.by(self.peer.seat))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes belong."""
        return self._deframer.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Take the frames that are complete now."""
        if self._fault is not None:
            return
        self.heard = self._loop.time()
        try:
            self._frames.extend(self._deframer.filled(nbytes))
        except LinkFault as fault:
            self.end(fault.by(self.peer.seat))
        self._take_frames()

    def eof_received(self) -> bool:
        """The peer closed; so do we."""
        self.end(LinkFault(Reason.LOST, "the peer closed the connection", seat=self.peer.seat))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        self.end(LinkFault(Reason.LOST, f"the connection broke: {exc or 'closed'}", seat=self.peer.seat))
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, data: bytes) -> bool:
        """Queue an encoded frame; never waits. False if the link is not up; a peer that does not read loses its link."""
        transport = self._open
        if transport is None:
            return False
        if transport.get_write_buffer_size() + len(data) > self._limits.backlog_bytes:
            waiting = f"more than {self._limits.backlog_bytes} bytes wait for a peer that does not read"
            self.end(LinkFault(Reason.BACKLOG, waiting, seat=self.peer.seat))
            return False
        transport.write(data)
        return True

    def ping(self) -> None:
        """Let the peer hear us; end the link if the peer was silent for too long."""
        silent = self._loop.time() - self.heard
        if silent > self._limits.silence_seconds:
            self.end(LinkFault(Reason.SILENT, f"nothing came for {silent:.0f} s", seat=self.peer.seat))
        else:
            self.send(encode_link(Kind.PING, b""))

    def end(self, fault: LinkFault) -> None:
        """End the link for ``fault``; the first fault counts. What was sent is flushed only when this node shuts down."""
        if self._fault is not None:
            return
        was_up = self.is_up
        self._fault = fault
        self._open = None
        self._frames.clear()
        if self._slow is not None:
            self._slow.cancel()
        if not self.up.done():
            self.up.set_exception(fault)
            self.up.exception()  # whoever awaits it sees it; nobody has to
        self._hang_up(gently=was_up and fault.reason is Reason.CLOSED)
        self._owner.link_down(self, fault)

    def abort(self) -> None:
        """Drop the transport with whatever it still holds."""
        self._hang_up(gently=False)

    def _hang_up(self, *, gently: bool) -> None:
        if self._transport is None:
            return
        if gently:
            self._transport.close()
        else:
            self._transport.abort()

    def _begin(self) -> None:
        assert self._transport is not None  # noqa: S101  # set by connection_made, the only caller
        if hash_of_der(proven_certificate(self._transport)) != self.peer.certificate_hash:
            raise LinkFault(Reason.UNREGISTERED, "the proven certificate is not the registry's for this seat")
        self._transport.write(encode_link(Kind.HELLO, encode(self._mine)))

    def _take_frames(self) -> None:
        """Take what came; whatever the peer did wrong ends this link and nothing else."""
        try:
            while self._frames and self._slow is None and self._fault is None:
                self._take(self._frames.popleft())
        except LinkFault as fault:
            self.end(fault.by(self.peer.seat))
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not leave the link deaf
            self._fail(error)

    def _take(self, frame: Cut) -> None:
        if frame[0] in LINK_KINDS:
            self._take_link_word(frame[0], cast("bytes", frame[4]))
        elif self._open is None:
            raise LinkFault(Reason.HELLO, f"a {frame[0].name} frame came before hello and ack")
        else:
            pending = self._owner.link_frame(self, frame) or self._rest()
            if pending is not None:
                self._pause_for(pending)

    def _take_link_word(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.HELLO:
            self._take_hello(body)
        elif kind is Kind.HELLO_ACK:
            self._take_ack(body)
        elif body or not self.up.done():
            raise LinkFault(Reason.MALFORMED, "a ping is empty and comes after hello and ack")

    def _take_hello(self, body: bytes) -> None:
        if self.boot_nonce:
            raise LinkFault(Reason.HELLO, "a second hello on one link")
        hello = read_hello(body, msgspec.structs.replace(self._mine, seat=self.peer.seat))
        self.boot_nonce = hello.boot_nonce
        assert self._transport is not None  # noqa: S101  # bytes came through it
        self._transport.write(encode_link(Kind.HELLO_ACK, ack_of(hello)))
        self._rise()

    def _take_ack(self, body: bytes) -> None:
        if self._acked or not is_ack(body, self._mine):
            raise LinkFault(Reason.HELLO, "the ack does not answer our hello, or came twice")
        self._acked = True
        self._rise()

    def _rise(self) -> None:
        if self.boot_nonce and self._acked:
            self.since = time.time()
            self._open = self._transport
            self.up.set_result(None)
            self._owner.link_up(self)

    def _rest(self) -> Awaitable[None] | None:
        """Count a frame; return a sleep once this second's share is used up, so that no peer takes the time of the others."""
        now = self._loop.time()
        if now - self._second >= 1.0:
            self._second, self._taken = now, 0
        self._taken += 1
        return None if self._taken < self._limits.frames_per_second else asyncio.sleep(self._second + 1.0 - now)

    def _fail(self, error: Exception) -> None:
        """End the link after a defect of our own; it comes back as after any other end."""
        _log.error("a frame could not be taken by a defect of this node", seat=self.peer.seat, exc_info=error)
        self.end(LinkFault(Reason.DEFECT, f"taking a frame failed: {type(error).__name__}: {error}", seat=self.peer.seat))

    def _pause_for(self, pending: Awaitable[None]) -> None:
        """Stop reading until ``pending`` is done: a large frame, or too many, hold back their own link and no other."""
        assert self._transport is not None  # noqa: S101  # bytes came through it
        self._transport.pause_reading()
        self._slow = asyncio.ensure_future(self._finish(pending))

    async def _finish(self, pending: Awaitable[None]) -> None:
        try:
            await pending
        except LinkFault as fault:
            self.end(fault.by(self.peer.seat))
            return
        except Exception as error:  # noqa: BLE001  # nobody awaits this task: without an end the link would stay deaf until its time is out
            self._fail(error)
            return
        self._slow = None
        self._take_frames()
        if self._slow is None and self._fault is None and self._transport is not None:
            self._transport.resume_reading()
