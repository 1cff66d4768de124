"""A session: an Ed25519 key to which a wallet delegated rights for a while, so that it need not sign each request.

Each node gets a signature of its own, which no other node accepts. What a session may is what its ReCap (EIP-5573) writes, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from votive.client.ask import Node
from votive.client.auth_sig import Origin, Period, SignMessages, sign_delegation, timestamp
from votive.client.errors import BadArgument
from votive.terms.auth_sig import AuthSig
from votive.terms.capability import ACTION, CONDITIONS, PKP, Ability, Capabilities, Resource

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LONGEST = timedelta(days=30)
"""Nodes take no delegation that lives longer."""
SIGNATURE_LIFETIME = timedelta(minutes=5)
"""Of one signature by the session key."""
LAST_PART = 0.1
"""In this last part of its life a session is renewed."""
ABILITIES = {PKP: Ability.PKP_SIGNING, ACTION: Ability.ACTION_EXECUTION, CONDITIONS: Ability.DECRYPTION}
"""What a session is for with each kind of resource."""

Wanted = str | Resource
"""A resource, or how ReCaps write it: ``lit-pkp://…``, ``lit-litaction://…``, ``lit-accesscontrolcondition://…``; ``*`` is all."""


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a session but who may renew it; kept sealed."""

    private_key: bytes
    auth_sig: AuthSig
    resources: tuple[str, ...]
    period: Period

    def __repr__(self) -> str:
        return f"<Delegation of {self.auth_sig.address} for {', '.join(self.resources)}>"


class _Proof(msgspec.Struct, frozen=True):
    """What a session key signed for each of some nodes."""

    nodes: tuple[Node, ...]
    period: Period
    signatures: Mapping[int, AuthSig]

    def serves(self, nodes: Sequence[Node], now: datetime) -> bool:
        """Whether it may be shown to ``nodes`` at ``now``, with half of its life left for clocks that differ and requests on their way."""
        begin, end = self.period.issued_at, self.period.expires_at
        return self.nodes == tuple(nodes) and begin <= now < begin + (end - begin) / 2


Renew = Callable[[], Delegation]
"""Lets the wallet delegate anew, and keeps what it gave."""


class Session:
    """A session key in use. Its representation never shows the key."""

    def __init__(self, delegation: Delegation, renew: Renew | None = None) -> None:
        """``renew`` is called when the session is about to end; without it, it ends."""
        self._renew = renew
        self._become(delegation)

    def _become(self, delegation: Delegation) -> None:
        self._proof: _Proof | None = None
        self.delegation = delegation
        self._key = _private_key(delegation.private_key)

    @property
    def address(self) -> str:
        """The wallet that delegated."""
        return self.delegation.auth_sig.address

    @property
    def session_key(self) -> str:
        """The public key, hex."""
        return _public_hex(self._key)

    @property
    def resources(self) -> tuple[str, ...]:
        """What it may use, as ReCaps write it."""
        return self.delegation.resources

    @property
    def capabilities(self) -> Capabilities:
        """What it may."""
        return capabilities_of(self.resources)

    @property
    def expires_at(self) -> datetime:
        """When it ends."""
        return self.delegation.period.expires_at

    def prove(self, nodes: Sequence[Node], now: datetime | None = None) -> Mapping[int, AuthSig]:
        """Sign for each of ``nodes``: who, what may be used, until when, and for which node alone. Renews the session if it is time.

        What was signed lately for the same nodes is shown again: it holds for every request until it expires.

        Raises:
            BadArgument: it has ended, and nobody is here to renew it.
        """
        if self._renew is not None and not is_fresh(self.delegation, now):
            self._become(self._renew())
        period = Period.of(SIGNATURE_LIFETIME, now)
        if period.issued_at >= self.expires_at:
            raise BadArgument(f"the session of {self.address} ended at {timestamp(self.expires_at)}: begin a new one.")
        if self._proof is None or not self._proof.serves(nodes, period.issued_at):
            proven = Period(period.issued_at, min(period.expires_at, self.expires_at))
            self._proof = _Proof(tuple(nodes), proven, {node.seat: self._sign(node, proven) for node in nodes})
        return self._proof.signatures

    def _sign(self, node: Node, period: Period) -> AuthSig:
        text = msgspec.json.encode(self._request(node, period)).decode()
        return AuthSig(
            sig=self._key.sign(text.encode()).hex(),
            derived_via="litSessionSignViaNacl",
            signed_message=text,
            address=self.session_key,
            algo="ed25519",
        )

    def _request(self, node: Node, period: Period) -> dict[str, Any]:
        asked = [
            {"resource": {"resource": resource.id, "resourcePrefix": resource.prefix}, "ability": ABILITIES[resource.prefix]}
            for resource in map(Resource.parse, self.resources)
        ]
        return {
            "sessionKey": self.session_key,
            "resourceAbilityRequests": asked,
            "capabilities": [self.delegation.auth_sig],
            "issuedAt": timestamp(period.issued_at),
            "expiration": timestamp(period.expires_at),
            "nodeAddress": node.url,
        }

    def __repr__(self) -> str:
        return f"<Session of {self.address} for {', '.join(self.resources)} until {timestamp(self.expires_at)}>"


def delegate(
    wallet: SignMessages, resources: Sequence[Wanted], *, lifetime: timedelta, chain_id: int, origin: Origin, now: datetime | None = None
) -> Delegation:
    """Draw a new session key and let ``wallet`` delegate the use of ``resources`` to it.

    Raises:
        BadArgument: nothing is delegated, or for longer than nodes accept.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # loaded when first needed

    capabilities = delegable(resources, lifetime)
    key, period = Ed25519PrivateKey.generate(), Period.of(lifetime, now)
    auth_sig = sign_delegation(
        wallet, session_key=_public_hex(key), capabilities=capabilities, chain_id=chain_id, origin=origin, period=period
    )
    return Delegation(private_key=key.private_bytes_raw(), auth_sig=auth_sig, resources=written(capabilities), period=period)


def delegable(resources: Sequence[Wanted], lifetime: timedelta) -> Capabilities:
    """Return what a session may that names ``resources``.

    Raises:
        BadArgument: they are none, or none that a session can use, or ``lifetime`` is longer than nodes accept.
    """
    capabilities = capabilities_of(resources)
    if not capabilities.pairs:
        raise BadArgument("a session that names no resource may do nothing: name at least one, or write a wildcard such as lit-pkp://*.")
    if not timedelta(0) < lifetime <= LONGEST:
        raise BadArgument(f"a session lives for at most {LONGEST.days} days, and for more than none.")
    return capabilities


def is_fresh(delegation: Delegation, now: datetime | None = None) -> bool:
    """Whether it is not yet time to renew."""
    period = delegation.period
    return (now or datetime.now(UTC)) < period.expires_at - (period.expires_at - period.issued_at) * LAST_PART


def written(capabilities: Capabilities) -> tuple[str, ...]:
    """Return what ``capabilities`` are about, as ReCaps write it, in one order."""
    return tuple(sorted(resource.uri for _, resource in capabilities.pairs))


def capabilities_of(resources: Sequence[Wanted]) -> Capabilities:
    """Return what a session is for that names ``resources``.

    Raises:
        BadArgument: one names nothing that a session may use.
    """
    read = [Resource.parse(resource) if isinstance(resource, str) else resource for resource in resources]
    for resource in read:
        if resource.prefix not in ABILITIES:
            raise BadArgument(f"a session cannot use {resource.uri}: name one of {', '.join(f'{prefix}://…' for prefix in ABILITIES)}.")
    return Capabilities.of(*((ABILITIES[resource.prefix], resource) for resource in read))


def _private_key(raw: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # loaded when first needed

    return Ed25519PrivateKey.from_private_bytes(raw)


def _public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
