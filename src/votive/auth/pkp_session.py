"""A PKP's session: the message of a session key, checked as the user sent it, and completed as the network signs it.

The user asks with an EIP-4361 message to ``lit:session:<key>``. The nodes put into it what only they know: the PKP's address, a
block's hash and time, and as which users and actions the session was opened (an ability of the ReCap). All nodes write the same
bytes, and the network's session key signs them. See docs/authorisation.md.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Self

import msgspec

from votive.auth.errors import InvalidAuthSig, InvalidSiweMessage
from votive.auth.rfc import unix_time
from votive.auth.siwe import SiweMessage
from votive.terms.action import AuthContext
from votive.terms.block import BlockFacts
from votive.terms.bls_session import RESOLVED_ABILITY, RESOLVED_NOTE, RESOLVED_RESOURCE, SESSION_URI
from votive.terms.capability import RESOLVED_CONTEXT
from votive.terms.encoding import hex0x
from votive.terms.errors import CallerError, ErrorCode
from votive.terms.ethereum import NO_ADDRESS
from votive.terms.recap import PREAMBLE, URN, Recap

LONGEST_SESSION = 30 * 86_400
"""Seconds from the block's time to the session's end."""
CLOCK_SKEW = 60.0
_AUTHORIZES = "i further authorize"
"""How every ReCap's words begin (EIP-5573), in lower case."""
_is_session_key = re.compile(rf"{SESSION_URI}[0-9a-f]{{64}}").fullmatch
_is_block_hash = re.compile(r"0x[0-9a-f]{64}").fullmatch


class UnknownBlock(CallerError):
    """A session's nonce is not the hash of a block that this node knows."""

    code = ErrorCode.INVALID_BLOCKHASH
    status = 502


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a session, as far as its message says: well-formed, told in words as in JSON, not expired."""

    message: SiweMessage
    recap: Recap
    said: str | None
    """The statement without the ReCap's words."""
    block_hash: bytes
    """The nonce."""

    @classmethod
    def read(cls, session_key: str, text: str, now: float) -> Self:
        """Read the message that delegates to ``session_key`` (``lit:session:`` and 64 hex digits).

        Raises:
            CallerError: not a session key.
            InvalidSiweMessage: malformed, for another key, or words that differ from the ReCap.
            InvalidAuthSig: expired, or without an end.
            UnknownBlock: the nonce is no block hash.
        """
        if _is_session_key(session_key) is None:
            raise CallerError(
                f"the field 'sessionKey' must be {SESSION_URI} and 64 lower-case hex digits.", details=[{"field": "sessionKey"}]
            )
        message = SiweMessage.parse(text)
        if message.uri != session_key:
            raise InvalidSiweMessage(f"the message's URI is {message.uri[:128]!r}, not the session key {session_key}")
        if _is_block_hash(message.nonce) is None:
            raise UnknownBlock(f"the message's nonce {message.nonce[:80]!r} is no block hash: use the latestBlockhash of a handshake")
        _require_end(message, now)
        recap = _recap_of(message)
        return cls(message=message, recap=recap, said=_said(message, recap), block_hash=bytes.fromhex(message.nonce[2:]))

    @property
    def end(self) -> float:
        """When the session ends, Unix seconds."""
        return _end(self.message)

    def check(self, *, pkp_address: str, block: BlockFacts) -> None:
        """Refuse a message that is not this PKP's, or would be valid for too long.

        Raises:
            InvalidSiweMessage: it names another address.
            InvalidAuthSig: over 30 days from its block.
        """
        if self.message.address not in (pkp_address, NO_ADDRESS):
            raise InvalidSiweMessage(f"the message is of {self.message.address}, not of the PKP's address {pkp_address}")
        if self.end > block.timestamp + LONGEST_SESSION:
            raise InvalidAuthSig("the session would be valid for more than 30 days from its block; ask with a nearer Expiration Time")

    def completed(self, *, pkp_address: str, block: BlockFacts, context: AuthContext) -> str:
        """Return the message that the network signs: the same bytes at every node that verified the same. Raises as ``check``."""
        self.check(pkp_address=pkp_address, block=block)
        recap = self.recap.merged(RESOLVED_RESOURCE, RESOLVED_ABILITY, {RESOLVED_NOTE: msgspec.to_builtins(context)})
        others = tuple(resource for resource in self.message.resources or () if not resource.startswith(URN))
        return msgspec.structs.replace(
            self.message,
            address=pkp_address,
            statement=recap.statement(self.said),
            nonce=hex0x(block.hash),
            issued_at=datetime.fromtimestamp(block.timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            resources=(*others, recap.encode()),
        ).to_text()


def _end(message: SiweMessage) -> float:
    if message.expiration_time is None:
        raise InvalidAuthSig("the message has no Expiration Time; one is required")
    return unix_time(message.expiration_time)


def _require_end(message: SiweMessage, now: float) -> None:
    if _end(message) <= now - CLOCK_SKEW:
        raise InvalidAuthSig(f"the message expired at {message.expiration_time}; ask with a new one")


def _recap_of(message: SiweMessage) -> Recap:
    """Return the message's ReCap, which is its last resource; one without any asks for nothing."""
    resources = message.resources or ()
    urns = [resource for resource in resources if resource.startswith(URN)]
    if not urns:
        return Recap({})
    if len(urns) > 1 or resources[-1] != urns[0]:
        raise InvalidSiweMessage("the message's ReCap must be one, and the last of its resources (EIP-5573)")
    recap = Recap.decode(urns[0])
    if any(target.lower().startswith(RESOLVED_CONTEXT) for target in recap.att):
        raise InvalidSiweMessage(f"only the network writes {RESOLVED_CONTEXT}; leave it out of the ReCap")
    if not recap.is_told_by(message.statement):
        raise InvalidSiweMessage(
            "the message's statement does not tell its ReCap in words (EIP-5573)", details=({"expected": recap.statement()},)
        )
    return recap


def _said(message: SiweMessage, recap: Recap) -> str | None:
    """Return the asker's own words; any other telling of rights than the ReCap's own is refused.

    Lit's SDK tells an empty ReCap first, a preamble that nothing follows, and then the whole one.
    """
    rest = message.statement or ""
    told = [recap.statement(), PREAMBLE] if recap.att else []
    while words := next((words for words in told if rest.endswith(words)), None):
        rest = rest.removesuffix(words).rstrip(" ")
    if _AUTHORIZES in rest.lower():
        raise InvalidSiweMessage("the message's statement tells of rights that its ReCap does not hold")
    return rest or None
