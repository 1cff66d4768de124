"""The first words on a link: who speaks, for which network and epoch, and as which process.

Both ends send HELLO at once and answer the other's with HELLO_ACK, the hash of what they heard. A link is up when both have come:
in TLS 1.3 a client that was refused learns it only at its first read.
"""

from __future__ import annotations

import hmac

import msgspec

from votive.net.errors import LinkFault, Reason
from votive.net.identity import BOOT_NONCE_BYTES
from votive.terms.encoding import HashInput, encode, tagged_hash

PROTOCOL = 1


class Hello(HashInput, frozen=True, kw_only=True, tag="votive/hello/v1"):
    """What a node says of itself. Everything but the boot nonce must be what the other end expects."""

    protocol: int
    network: bytes
    epoch: int
    seat: int
    boot_nonce: bytes
    """16 bytes, drawn once by each process."""


_decoder = msgspec.msgpack.Decoder(Hello)


def read_hello(payload: bytes, expected: Hello) -> Hello:
    """Decode a peer's hello; LinkFault unless it equals ``expected`` in all but the boot nonce."""
    try:
        hello = _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise LinkFault(Reason.HELLO, f"the hello cannot be read: {error}", seat=expected.seat) from error
    if encode(hello) != payload or len(hello.boot_nonce) != BOOT_NONCE_BYTES:
        raise LinkFault(Reason.HELLO, "the hello is not in its canonical form", seat=expected.seat)
    for name in ("protocol", "network", "epoch", "seat"):
        said, wanted = getattr(hello, name), getattr(expected, name)
        if said != wanted:
            raise LinkFault(Reason.HELLO, f"the peer says {name} {_shown(said)}, expected {_shown(wanted)}", seat=expected.seat)
    return hello


def ack_of(hello: Hello) -> bytes:
    """Return the answer to ``hello``: its hash."""
    return tagged_hash(hello)


def is_ack(payload: bytes, mine: Hello) -> bool:
    """Say whether ``payload`` answers ``mine``."""
    return hmac.compare_digest(payload, ack_of(mine))


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
