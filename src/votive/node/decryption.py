"""From conditions to a share of a decryption key: parsed, asked of the chains at final blocks, and only then the key's share.

A share leaves this node for an identity, the hash of the conditions and of the data. Whoever holds t of them can decrypt what was
encrypted to that identity; so each node checks the conditions for itself before it gives its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import structlog

from votive.auth import Grant
from votive.auth.conditions import ConditionsNotMet, FetchJson, Outcome, ReadChains, RunAction, Subject, evaluate
from votive.core import KeyShare, bls_combine, bls_verify_share
from votive.net import Mesh
from votive.net.errors import SessionRefused
from votive.node.custody import Custody
from votive.node.engine import Engine
from votive.node.metrics import Metrics
from votive.protocol import Blamed, Clock, DecryptLimits, DecryptRequest, DecryptTools, Event, decrypt_together
from votive.terms.capability import Ability, Resource
from votive.terms.conditions import Conditions, identity
from votive.terms.errors import CallerError
from votive.terms.key import Purpose
from votive.terms.participant import Committee
from votive.terms.session import decryption_session

log = structlog.get_logger()


@dataclass(frozen=True)
class Sealed:
    """What somebody wants to decrypt: the conditions it was encrypted to, and the hash of the data."""

    conditions: Conditions
    data_hash: bytes
    """SHA-256 of the plaintext, 32 bytes."""

    @property
    def identity(self) -> bytes:
        """What the ciphertext was made for, and what the decryption key is a signature over."""
        return identity(self.conditions.hash, self.data_hash)

    @property
    def resource(self) -> Resource:
        """What a session must be allowed to decrypt."""
        return Resource.conditions(self.conditions.hash.hex(), self.data_hash.hex())


@dataclass(frozen=True)
class Judge:
    """Asks the chains whether conditions hold."""

    chains: ReadChains
    run_action: RunAction
    fetch: FetchJson

    async def judge(self, conditions: Conditions, who: Grant) -> Outcome:
        """Return whether ``conditions`` hold for a caller and the action that runs for it, with the tree that explains it."""
        return await evaluate(conditions, subject_of(who), self.chains, self.run_action, self.fetch)

    async def require(self, sealed: Sealed, who: Grant) -> None:
        """Raise ConditionsNotMet unless the conditions hold for ``who``, as far as it may decrypt this at all.

        A session that was not opened for decrypting this does not lend its caller's name; an action that runs in it decrypts
        only what it is permitted to itself.
        """
        allowed = who.allows(Ability.DECRYPTION, sealed.resource)
        if not allowed and not who.actions:
            who.require(Ability.DECRYPTION, sealed.resource)
        outcome = await self.judge(sealed.conditions, who if allowed else nameless(who))
        if not allowed and not outcome.holds:
            raise ConditionsNotMet(
                "the access control conditions do not hold for this action, and the session does not let it decrypt in its caller's name.",
                details=[outcome.tree, who.lacking(Ability.DECRYPTION, sealed.resource)],
            )
        outcome.require()


def subject_of(who: Grant) -> Subject:
    """Return whom conditions are asked about."""
    return Subject(
        address=who.address,
        action_cid=who.actions[-1].cid if who.actions else None,
        siwe_domain=who.domain,
        siwe_resources=who.resources,
    )


def nameless(who: Grant) -> Grant:
    """Return the grant of the same action, for nobody."""
    return msgspec.structs.replace(who, address=None, methods=(), domain="", resources=())


@dataclass(frozen=True)
class Decryption:
    """Gives this node's shares of decryption keys, and makes whole ones together with the other nodes."""

    committee: Committee
    custody: Custody
    judge: Judge
    mesh: Mesh
    engine: Engine
    clock: Clock
    metrics: Metrics
    now: Callable[[], float] = time.time
    """Unix seconds."""
    limits: DecryptLimits = field(default_factory=DecryptLimits)

    def public_key(self) -> bytes | None:
        """Return the key that clients encrypt under, 48 bytes; None while the nodes are still making it."""
        return self.custody.network_public_key(Purpose.ENCRYPTION_BLS)

    async def share(self, sealed: Sealed, who: Grant) -> bytes:
        """Return our share of the decryption key, 97 bytes, for a caller for whom the conditions hold.

        Raises:
            CallerError: the caller's session does not allow it or has run out, or the conditions do not hold, with the tree.
            WorldError: there is no key yet, or a chain cannot be asked.
        """
        _, share = await self.custody.network_key(Purpose.ENCRYPTION_BLS)
        await self.judge.require(sealed, who)
        who.require_time(self.now())
        return await self.engine(lambda: share.decryption_share(sealed.identity))

    async def key(self, sealed: Sealed, who: Grant, *, request: bytes, call: str, ordinal: int) -> bytes:
        """Return the decryption key, 96 bytes, made with other nodes that reached the same call and found the conditions to hold.

        Raises:
            CallerError, WorldError: as ``share`` does; or the nodes would decrypt different things, or are too few.
            PeerError: too many nodes sent wrong shares.
        """
        key, share = await self.custody.network_key(Purpose.ENCRYPTION_BLS)
        ours = await self.share(sealed, who)
        session = decryption_session(self.committee.network, self.committee.epoch, key, request=request, call=call, ordinal=ordinal)
        wish = DecryptRequest(identity=sealed.identity, share=ours, threshold=share.threshold)
        try:
            channel = self.mesh.open(session)
        except SessionRefused as error:
            raise CallerError("this request was made before and has ended. Use a new X-Request-Id.", status=409) from error
        async with channel:
            with self.metrics.decrypting.time():
                return await decrypt_together(channel, wish, self._tools(share, sealed.identity), self.limits)

    def _tools(self, share: KeyShare, name: bytes) -> DecryptTools:
        return DecryptTools(
            clock=self.clock,
            run=self.engine,
            combine=lambda shares: bls_combine(share.public_key, share.threshold, shares, name),
            fits=lambda seat, given: bls_verify_share(share.verification_shares[seat], name, given),
            reachable=self.mesh.reachable,
            observe=self._observe,
        )

    def _observe(self, event: Event) -> None:
        if isinstance(event, Blamed):
            log.error("a node broke the protocol", peer=event.seat, why=event.why, messages=len(event.evidence))
        self.metrics.event(type(event).__name__)
