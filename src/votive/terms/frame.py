"""What nodes say to one another: every kind of message with the largest size it may have."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from votive.terms.participant import Seat


class Kind(IntEnum):
    """Kinds of protocol message. The number is on the wire and never changes its meaning."""

    HELLO = 1
    HELLO_ACK = 2
    PING = 3
    CONTROL = 8
    DKG_COMMIT = 16
    DKG_REVEAL = 17
    DKG_DEAL = 18
    DKG_CONFIRM = 19
    DKG_ABORT = 20
    SETUP_COMMIT = 32
    SETUP_TRANSFER = 33
    SETUP_CONFIRM = 34
    SETUP_ABORT = 35
    SIGN_READY = 48
    SIGN_PROPOSE = 49
    SIGN_ROUND1 = 50
    SIGN_ROUND2 = 51
    SIGN_ROUND3 = 52
    SIGN_OUTCOME = 53
    SIGN_ABORT = 54
    SIGN_ASK = 55
    DECRYPT_SHARE = 64


KIB = 1024

PAYLOAD_LIMIT: dict[Kind, int] = {
    Kind.HELLO: 1 * KIB,
    Kind.HELLO_ACK: 1 * KIB,
    Kind.PING: 64,
    Kind.CONTROL: 4 * KIB,
    Kind.DKG_COMMIT: 4 * KIB,
    Kind.DKG_REVEAL: 2048 * KIB,
    Kind.DKG_DEAL: 256 * KIB,
    Kind.DKG_CONFIRM: 4 * KIB,
    Kind.DKG_ABORT: 4 * KIB,
    Kind.SETUP_COMMIT: 4 * KIB,
    Kind.SETUP_TRANSFER: 256 * KIB,
    Kind.SETUP_CONFIRM: 1 * KIB,
    Kind.SETUP_ABORT: 1 * KIB,
    Kind.SIGN_READY: 1 * KIB,
    Kind.SIGN_PROPOSE: 2 * KIB,
    Kind.SIGN_ROUND1: 96 * KIB,
    Kind.SIGN_ROUND2: 96 * KIB,
    Kind.SIGN_ROUND3: 1 * KIB,
    Kind.SIGN_OUTCOME: 1 * KIB,
    Kind.SIGN_ABORT: 2 * KIB,
    Kind.SIGN_ASK: 64,
    Kind.DECRYPT_SHARE: 1 * KIB,
}
"""Largest payload of each kind in bytes; checked on the length prefix, before anything is allocated."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a ceremony receives it. The sender is the authenticated link's, never a field of the message."""

    sender: Seat
    kind: Kind
    attempt: int
    payload: bytes
    evidence: bytes | None = None
    """What convinces a third party that the sender said this; None where the channel does not sign (simulation)."""
