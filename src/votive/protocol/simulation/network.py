"""A network in memory: seeded delays, losses, repetitions, disorder and partitions, and a log that two equal runs share."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from votive.protocol.channel import Envelope, Kind, Proves
from votive.terms.encoding import HashInput, tagged_hash
from votive.terms.frame import PAYLOAD_LIMIT
from votive.terms.participant import Seat


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message on its way to one receiver."""

    session: bytes
    sender: Seat
    to: Seat
    kind: Kind
    attempt: int
    payload: bytes


Tamper = Callable[[Sent], Iterable[Sent]]
"""What a traitor's messages become: none, one, or several for each that its honest code would send."""


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How badly the network behaves."""

    delay: tuple[float, float] = (0.0005, 0.002)
    """Seconds, uniformly; a wide range is disorder."""
    drop: float = 0.0
    """Probability that a message is lost."""
    repeat: float = 0.0
    """Probability that a message comes twice."""


CALM = Weather()


class _Statement(HashInput, frozen=True, kw_only=True, tag="votive/simulation/statement/v1"):
    secret: bytes
    session: bytes
    kind: int
    attempt: int
    sender: int
    payload: bytes


@dataclass
class _Mailbox:
    queue: asyncio.Queue[Envelope] = field(default_factory=asyncio.Queue)
    seen: set[tuple[Seat, Kind, int]] = field(default_factory=set)
    closed: bool = False
    hear: Callable[[Envelope], None] | None = None

    def put(self, envelope: Envelope) -> None:
        """Give a message to who listens, or keep it."""
        (self.hear or self.queue.put_nowait)(envelope)


class SimulatedNetwork:
    """Links between all seats, without sockets. Everything that chance decides comes from ``seed``."""

    def __init__(self, seats: Sequence[Seat], *, seed: int, weather: Weather = CALM) -> None:
        self.seats, self.weather = tuple(seats), weather
        self.wire: list[Sent] = []
        """All that was put on the wire, whether it arrived or not."""
        self._random = random.Random(seed)  # noqa: S311  # chance of a simulation, not of a key
        self._log = hashlib.sha256()
        self._secrets = {seat: self._random.randbytes(32) for seat in seats}
        self._boxes: dict[tuple[bytes, Seat], _Mailbox] = {}
        self._dead: set[Seat] = set()
        self._cut: set[frozenset[Seat]] = set()
        self._tampers: dict[Seat, Tamper] = {}
        self._unsigned: set[Seat] = set()

    # What a scenario does to it

    def kill(self, *seats: Seat) -> None:
        """Take nodes off the network: nothing more leaves or reaches them."""
        self._dead.update(seats)

    def revive(self, *seats: Seat) -> None:
        """Put nodes back."""
        self._dead.difference_update(seats)

    def cut(self, one: Seat, other: Seat) -> None:
        """Cut the link between two nodes."""
        self._cut.add(frozenset((one, other)))

    def corrupt(self, seat: Seat, tamper: Tamper) -> None:
        """Make ``seat`` a traitor: it runs the honest code, and ``tamper`` decides what really leaves it."""
        self._tampers[seat] = tamper

    def unsign(self, *seats: Seat) -> None:
        """Let the signatures on whatever these seats send from now on prove nothing."""
        self._unsigned.update(seats)

    def inject(self, sent: Sent) -> None:
        """Send something that no honest code sends; the sender is always who it is."""
        self._transmit(sent)

    # What nodes see of it

    def open(self, session: bytes, seat: Seat) -> SimulatedChannel:
        """Return one node's side of a session."""
        return SimulatedChannel(self, session, seat)

    def reachable(self, seat: Seat) -> frozenset[Seat]:
        """Return the seats whose link with ``seat`` is up."""
        return frozenset(other for other in self.seats if other != seat and self._up(seat, other))

    def proves(self, session: bytes) -> Proves:
        """Return the judge of evidence in one session."""
        return lambda envelope: (
            envelope.evidence == self._evidence(session, envelope.sender, envelope.kind, envelope.attempt, envelope.payload)
        )

    def log_hash(self) -> str:
        """Hash of everything that happened so far, with its times: equal runs have equal hashes."""
        return self._log.hexdigest()

    # How it works

    def transmit(self, sent: Sent) -> None:
        """Take a message from a node's own code."""
        tamper = self._tampers.get(sent.sender)
        for out in (sent,) if tamper is None else tamper(sent):
            self._transmit(out)

    def mailbox(self, session: bytes, seat: Seat) -> _Mailbox:
        """Return where messages of a session wait for a node, whether it has opened it or not."""
        return self._boxes.setdefault((session, seat), _Mailbox())

    def _transmit(self, sent: Sent) -> None:
        if len(sent.payload) > PAYLOAD_LIMIT[sent.kind]:
            self._note("over the limit", sent)
            return
        self.wire.append(sent)
        lost = not self._up(sent.sender, sent.to) or self._random.random() < self.weather.drop
        self._note("lost" if lost else "sent", sent)
        if lost:
            return
        for _ in range(2 if self._random.random() < self.weather.repeat else 1):
            asyncio.get_running_loop().call_later(self._random.uniform(*self.weather.delay), self._deliver, sent)

    def _deliver(self, sent: Sent) -> None:
        box, mark = self.mailbox(sent.session, sent.to), (sent.sender, sent.kind, sent.attempt)
        if not self._up(sent.sender, sent.to) or box.closed or mark in box.seen:
            return
        box.seen.add(mark)
        self._note("delivered", sent)
        evidence = self._evidence(sent.session, sent.sender, sent.kind, sent.attempt, sent.payload)
        if sent.sender in self._unsigned:
            evidence = bytes(len(evidence))
        box.put(Envelope(sender=sent.sender, kind=sent.kind, attempt=sent.attempt, payload=sent.payload, evidence=evidence))

    def _up(self, one: Seat, other: Seat) -> bool:
        return one not in self._dead and other not in self._dead and frozenset((one, other)) not in self._cut

    def _evidence(self, session: bytes, sender: Seat, kind: Kind, attempt: int, payload: bytes) -> bytes:
        return tagged_hash(
            _Statement(secret=self._secrets[sender], session=session, kind=kind, attempt=attempt, sender=sender, payload=payload)
        )

    def _note(self, what: str, sent: Sent) -> None:
        now = asyncio.get_running_loop().time()
        line = (round(now, 9), what, sent.session.hex(), sent.sender, sent.to, int(sent.kind), sent.attempt, sent.payload.hex())
        self._log.update(repr(line).encode())


class SimulatedChannel:
    """One node's side of one session; fits ``protocol.Channel``."""

    def __init__(self, network: SimulatedNetwork, session: bytes, me: Seat) -> None:
        self._network, self._session, self._me = network, session, me
        self._box = network.mailbox(session, me)

    @property
    def me(self) -> Seat:
        """Our seat."""
        return self._me

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The whole committee."""
        return self._network.seats

    async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
        """Send to one seat."""
        self._network.transmit(Sent(session=self._session, sender=self._me, to=to, kind=kind, attempt=attempt, payload=payload))

    async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0, *, to: Collection[Seat] | None = None) -> None:
        """Send to all other seats, or to those of ``to``."""
        for seat in self.seats if to is None else to:
            if seat != self._me:
                await self.send(seat, kind, payload, attempt)

    async def receive(self) -> Envelope:
        """Return the next message."""
        return await self._box.queue.get()

    def listen(self, hear: Callable[[Envelope], None] | None) -> None:
        """Give every message to ``hear``, or let them wait again."""
        self._box.hear = hear
        while self._box.hear is not None and not self._box.queue.empty():
            self._box.hear(self._box.queue.get_nowait())

    def close(self) -> None:
        """Drop what waits and what will come."""
        self._box.closed = True
