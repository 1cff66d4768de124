"""Approving one digest: this node's own check that this caller or action may sign it with this key, then the signature."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from coincurve import PublicKey

from votive.auth import Grant, ReadPermissions
from votive.chain.token import token_id
from votive.core import KeyShare
from votive.node.additive import Q
from votive.node.custody import Custody
from votive.node.derivation import Derivation
from votive.node.permission import SharedBlocks, Standing
from votive.node.signing import Signer, SignOrder
from votive.protocol import PermissionLost, Signed
from votive.terms.block import Block
from votive.terms.encoding import bytes_of
from votive.terms.errors import CallerError, WorldError
from votive.terms.ethereum import eth_address_of
from votive.terms.key import KeyId
from votive.terms.participant import Committee
from votive.terms.session import signing_session


@dataclass(frozen=True)
class Call:
    """What is to be signed, and in whose name."""

    grant: Grant
    request: bytes
    """Hash that names the request, 32 bytes."""
    public_key: bytes
    """SEC1 compressed, 33 bytes."""
    digest: bytes
    name: str
    """The signature's name; nodes meet in a session by it."""
    ordinal: int
    """Counts calls of that name within the request, from 0."""
    personal_sign: bool
    """The digest is of an EIP-191 message that this node hashed itself."""


@dataclass(frozen=True)
class Made:
    """A signature and what its answer needs."""

    signed: Signed
    session: bytes
    share: KeyShare
    digest: bytes


@dataclass(frozen=True)
class Approver:
    """Joins keys, permissions and signing."""

    committee: Committee
    custody: Custody
    reader: ReadPermissions
    blocks: SharedBlocks
    signer: Signer
    look_again: Callable[[], Awaitable[None]]
    """Promote what the chain has registered meanwhile."""
    derivation: Derivation
    """Of the keys that were not generated but claimed."""
    now: Callable[[], float] = time.time
    """Unix seconds."""

    async def sign(self, call: Call) -> Made:
        """Check ``call`` at a final block, and sign it.

        Raises:
            CallerError: unknown key, digest that cannot be signed, a grant that ran out, or no right, with the tree that explains it.
            PeerError, WorldError: as ``Signer.sign`` says.
        """
        check_digest(call.digest)
        call.grant.require_time(self.now())
        key, share = await self._share(call.public_key)
        standing = self._standing(call.grant, share, personal_sign=call.personal_sign)
        block = await standing.approval_block()
        session = signing_session(
            self.committee.network, self.committee.epoch, key, request=call.request, call=call.name, ordinal=call.ordinal
        )
        order = SignOrder(session, share, call.digest, Block(number=block.number, hash=block.hash), standing)
        return Made(await self._signed(order), session, share, call.digest)

    async def _signed(self, order: SignOrder) -> Signed:
        try:
            return await self.signer.sign(order)
        except PermissionLost:
            with suppress(WorldError):  # the caller is owed what the newest block says, where it can be read
                await order.standing.approval_block()
            raise

    def _standing(self, grant: Grant, share: KeyShare, *, personal_sign: bool) -> Standing:
        own_address = eth_address_of(share.public_key_uncompressed)
        return Standing(grant, token_id(share.public_key), own_address, personal_sign, self.reader, self.blocks)

    async def _share(self, public_key: bytes) -> tuple[KeyId, KeyShare]:
        derived = self.derivation.opened(public_key)
        if derived is not None:
            return derived
        if not self.custody.knows(public_key):
            await self.look_again()
        if not self.custody.knows(public_key):
            return await self.derivation.share(public_key)
        return await self.custody.share(public_key)


def check_digest(digest: bytes) -> None:
    """Refuse what is not a digest that ECDSA can sign safely."""
    if len(digest) != 32:
        raise CallerError(f"a digest has 32 bytes, this one {len(digest)}. Hash the message first.", details=[{"field": "toSign"}])
    if int.from_bytes(digest, "big") % Q == 0:
        raise CallerError("the digest is zero modulo the group order and is not signed.", details=[{"field": "toSign"}])


def parse_public_key(text: str, field: str) -> bytes:
    """Read a public key (hex of 33 or 65 bytes, with or without 0x) and return it compressed, 33 bytes."""
    try:
        return compressed(text)
    except ValueError as error:
        raise CallerError(
            f"the field {field!r} is not a secp256k1 public key: give 0x04… with 65 bytes, or 33 bytes compressed.",
            details=[{"field": field}],
        ) from error


@lru_cache(4096)  # of texts that are keys, so of 132 characters at most; the same few are asked for again and again
def compressed(text: str) -> bytes:
    """Return the public key that ``text`` writes in hex, 33 bytes; ValueError if it writes none."""
    return PublicKey(sec1(bytes_of(text))).format(compressed=True)


def sec1(point: bytes) -> bytes:
    """Return ``point`` if it is 65 or 33 bytes of SEC1; ValueError for the hybrid form, which libsecp256k1 takes as well."""
    if (point[:1], len(point)) not in {(b"\x04", 65), (b"\x02", 33), (b"\x03", 33)}:
        raise ValueError("neither 0x04 with 65 bytes nor 0x02 or 0x03 with 33")
    return point
