"""What dishonest nodes do. A traitor runs the honest code, and its behaviour decides what really leaves it.

Each behaviour is a function from one message to the messages that leave in its place; ``Traitor`` counts its deeds, so that
a test can show that the fault really happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import msgspec

from votive.protocol.messages import TAG_BYTES, Abort, OutcomeMessage, Proposal, Ready, Reason
from votive.protocol.simulation.network import Sent
from votive.protocol.wire import Message, decode
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat

Behaviour = Callable[[Sent], Iterable[Sent]]

ROUNDS = (Kind.SIGN_ROUND1, Kind.SIGN_ROUND2, Kind.SIGN_ROUND3)


class Traitor:
    """A behaviour that counts how often it departed from the protocol."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self.deeds = behaviour, 0

    def __call__(self, sent: Sent) -> list[Sent]:
        """Return what leaves in place of ``sent``."""
        out = list(self._behaviour(sent))
        self.deeds += out != [sent]
        return out


def silent(*kinds: Kind, to: Collection[Seat] | None = None) -> Behaviour:
    """Never send messages of ``kinds`` (to these seats only, if given)."""
    return lambda sent: [] if sent.kind in kinds and (to is None or sent.to in to) else [sent]


def changed(kind: Kind, change: Callable[[bytes], bytes], *, to: Collection[Seat] | None = None) -> Behaviour:
    """Change the bytes of every message of ``kind`` (to these seats only, if given)."""

    def behave(sent: Sent) -> list[Sent]:
        if sent.kind is not kind or (to is not None and sent.to not in to):
            return [sent]
        return [with_payload(sent, change(sent.payload))]

    return behave


def with_payload(sent: Sent, payload: bytes) -> Sent:
    """Return ``sent`` with another payload."""
    return Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=sent.kind, attempt=sent.attempt, payload=payload)


def edited(kind: Kind, message: type[Message], *, to: Collection[Seat] | None = None, **fields: object) -> Behaviour:
    """Set fields in every message of ``kind``."""
    return changed(kind, lambda payload: encode(msgspec.structs.replace(decode(payload, message), **fields)), to=to)


def flipped(payload: bytes) -> bytes:
    """Flip one bit in the middle."""
    middle = len(payload) // 2
    return payload[:middle] + bytes([payload[middle] ^ 1]) + payload[middle + 1 :]


def flipped_in_round(payload: bytes) -> bytes:
    """Flip one bit of the engine's bytes, behind the name of the proposal."""
    return payload[:TAG_BYTES] + flipped(payload[TAG_BYTES:])


def truncated(payload: bytes) -> bytes:
    """Leave the last byte out."""
    return payload[:-1]


def extended(payload: bytes) -> bytes:
    """Add a byte."""
    return payload + b"\x00"


def loud(seats: Collection[Seat]) -> Behaviour:
    """READY to all ``seats``, though only the leader needs it."""

    def behave(sent: Sent) -> list[Sent]:
        if sent.kind is not Kind.SIGN_READY:
            return [sent]
        return [replace(sent, to=seat) for seat in seats if seat != sent.sender]

    return behave


def two_digests(other: bytes, to: Collection[Seat]) -> Behaviour:
    """READY with our digest to some and with another digest to others."""
    return edited(Kind.SIGN_READY, Ready, to=to, digest=other)


def two_proposals(to: Collection[Seat], **fields: object) -> Behaviour:
    """As leader, propose something else to some."""
    return edited(Kind.SIGN_PROPOSE, Proposal, to=to, **fields)


def false_outcomes(to: Collection[Seat] | None = None) -> Behaviour:
    """With READY, send an outcome that does not verify."""

    def behave(sent: Sent) -> list[Sent]:
        if sent.kind is not Kind.SIGN_READY or (to is not None and sent.to not in to):
            return [sent]
        digest = decode(sent.payload, Ready).digest
        false = OutcomeMessage(digest=digest, signers=(), r=b"\x01" * 32, s=b"\x02" * 32, recovery_id=0)
        out = Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=Kind.SIGN_OUTCOME, attempt=0, payload=encode(false))
        return [sent, out]

    return behave


def aborting() -> Behaviour:
    """Leave every attempt as soon as a proposal could be followed: abort in place of round 1."""

    def behave(sent: Sent) -> list[Sent]:
        if sent.kind in ROUNDS[1:]:
            return []
        if sent.kind is not Kind.SIGN_ROUND1:
            return [sent]
        payload = encode(Abort(reason=Reason.SETUP_GONE))
        return [Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=Kind.SIGN_ABORT, attempt=sent.attempt, payload=payload)]

    return behave


def flooding(attempts: int = 200) -> Behaviour:
    """With the first READY, send READY, PROPOSE, rounds and ABORT for many attempts."""

    def behave(sent: Sent) -> Iterable[Sent]:
        yield sent
        if sent.kind is not Kind.SIGN_READY or sent.attempt != 0:
            return
        ready = decode(sent.payload, Ready)
        proposal = Proposal(digest=ready.digest, signers=(), block_number=ready.block_number, block_hash=ready.block_hash)
        flood = {Kind.SIGN_READY: sent.payload, Kind.SIGN_PROPOSE: encode(proposal), Kind.SIGN_ABORT: encode(Abort(reason=Reason.SILENCE))}
        for attempt in range(attempts):
            for kind, payload in {**flood, **dict.fromkeys(ROUNDS, b"\x00" * 64)}.items():
                yield Sent(session=sent.session, sender=sent.sender, to=sent.to, kind=kind, attempt=attempt, payload=payload)

    return behave


def together(*behaviours: Behaviour) -> Behaviour:
    """One behaviour after the other."""

    def behave(sent: Sent) -> list[Sent]:
        out = [sent]
        for behaviour in behaviours:
            out = [after for before in out for after in behaviour(before)]
        return out

    return behave


def saboteur(seed: int) -> Behaviour:
    """In every attempt it takes part in, fail in a way that chance decides; never by what convicts it."""
    rng = random.Random(seed)  # noqa: S311  # chance of a simulation, not of a key
    ways: list[Behaviour] = [silent(*ROUNDS), silent(*ROUNDS[1:]), silent(ROUNDS[2]), aborting()]
    chosen: dict[tuple[bytes, int], Behaviour] = {}

    def behave(sent: Sent) -> Iterable[Sent]:
        if sent.kind not in ROUNDS:
            return [] if sent.kind is Kind.SIGN_OUTCOME else [sent]
        return chosen.setdefault((sent.session, sent.attempt), rng.choice(ways))(sent)

    return behave
