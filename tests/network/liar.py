"""A node that lies: a node's real program with one behaviour of its sessions replaced. Run by tests as a process of its own.

python liar.py BEHAVIOUR[+unsigned] --config FILE
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from votive.net import mesh
from votive.net.channel import SessionChannel
from votive.net.evidence import Statement
from votive.net.frame import CHECKED_LATER
from votive.node.__main__ import main
from votive.protocol.messages import TAG_BYTES, OutcomeMessage, Proposal, Ready
from votive.protocol.wire import decode
from votive.terms.encoding import encode
from votive.terms.frame import Kind
from votive.terms.participant import Seat

Message = tuple[Kind, bytes]
Behaviour = Callable[[Kind, bytes, bool], Iterable[Message]]
"""What really leaves for one receiver, instead of this message; the flag is set for every second receiver of a broadcast: by
chance for the first or for the second, or nodes whose seats always sign together would never see it."""

SCALAR_BYTES = 32


def honest(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Tell the truth."""
    return [(kind, payload)]


def noise(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Send nothing but noise in the rounds of the engine, as of no session at all."""
    if kind in {Kind.SIGN_ROUND1, Kind.SIGN_ROUND2}:
        payload = payload[:TAG_BYTES] + secrets.token_bytes(len(payload) - TAG_BYTES)
    return [(kind, payload)]


def garbage(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Let the second half of the engine's messages be noise."""
    if kind in {Kind.SIGN_ROUND1, Kind.SIGN_ROUND2}:
        half = len(payload) // 2
        payload = payload[:half] + secrets.token_bytes(len(payload) - half)
    return [(kind, payload)]


def two_proposals(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Propose another block to every second node."""
    if kind is Kind.SIGN_PROPOSE and second:
        payload = encode(msgspec.structs.replace(decode(payload, Proposal), block_hash=secrets.token_bytes(32)))
    return [(kind, payload)]


def false_outcome(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Say with the READY that all is done, with a signature that nobody made."""
    if kind is not Kind.SIGN_READY:
        return [(kind, payload)]
    r, s = secrets.token_bytes(SCALAR_BYTES), secrets.token_bytes(SCALAR_BYTES)
    claim = OutcomeMessage(digest=decode(payload, Ready).digest, signers=(), r=r, s=s, recovery_id=0)
    return [(kind, payload), (Kind.SIGN_OUTCOME, encode(claim))]


def silence(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Say READY and nothing after it."""
    return [] if kind in {Kind.SIGN_PROPOSE, Kind.SIGN_ROUND1, Kind.SIGN_ROUND2, Kind.SIGN_ROUND3, Kind.SIGN_OUTCOME} else [(kind, payload)]


def wrong_share(kind: Kind, payload: bytes, second: bool) -> Iterable[Message]:
    """Send a point that is no share of what is decrypted."""
    if kind is Kind.DECRYPT_SHARE:
        payload = payload[:-1] + bytes([payload[-1] ^ 1])
    return [(kind, payload)]


BEHAVIOURS: dict[str, Behaviour] = {
    found.__name__: found for found in (honest, noise, garbage, two_proposals, false_outcome, silence, wrong_share)
}


def lying(behave: Behaviour) -> type[SessionChannel]:
    """A session's channel that sends what ``behave`` makes of each message."""

    class Liar(SessionChannel):
        async def send(self, to: Seat, kind: Kind, payload: bytes, attempt: int = 0) -> None:
            await self._say((to,), kind, payload, attempt)

        async def broadcast(self, kind: Kind, payload: bytes, attempt: int = 0, *, to: Collection[Seat] | None = None) -> None:
            await self._say(sorted(self._others if to is None else to), kind, payload, attempt)

        async def _say(self, to: Sequence[Seat], kind: Kind, payload: bytes, attempt: int) -> None:
            lied_to = secrets.randbelow(2) if len(to) > 1 else 1
            for number, seat in enumerate(to):
                for said, words in behave(kind, payload, number % 2 == lied_to):
                    await super().send(seat, said, words, attempt)

    return Liar


def sign_nothing() -> None:
    """Let this node's wallet sign no frame that its peers do not check at once."""
    encode_signed = mesh.encode_signed

    def forged(place: Statement, signature: bytes, payload: bytes) -> bytes:
        wrong = signature[:-1] + bytes([55 - signature[-1]])
        return encode_signed(place, wrong if place.kind in CHECKED_LATER else signature, payload)

    mesh.encode_signed = forged


if __name__ == "__main__":
    for name in sys.argv[1].split("+"):
        if name == "unsigned":
            sign_nothing()
        else:
            mesh.SessionChannel = lying(BEHAVIOURS[name])  # type: ignore[misc]
    sys.exit(main(sys.argv[2:]))
