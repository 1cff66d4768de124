"""What a caller may ask for: abilities on resources, the vocabulary of sessions, grants and conditions.

Capabilities form a lattice: ``intersected`` only ever narrows, and nothing is allowed that is not written. A wildcard stands for
every id of one prefix, and only where somebody wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

import msgspec

from votive.terms.errors import CallerError

WILDCARD = "*"
PKP = "lit-pkp"
ACTION = "lit-litaction"
CONDITIONS = "lit-accesscontrolcondition"
RATE_LIMIT = "lit-ratelimitincrease"
RESOLVED_CONTEXT = "lit-resolvedauthcontext"
"""Written by the network alone, into the sessions that it signs itself."""

_TOKEN_DIGITS = 64


class Ability(StrEnum):
    """What may be done, under the names of session requests (``resourceAbilityRequests``)."""

    PKP_SIGNING = "pkp-signing"
    ACTION_EXECUTION = "lit-action-execution"
    DECRYPTION = "access-control-condition-decryption"
    ACC_SIGNING = "access-control-condition-signing"
    RATE_LIMIT_INCREASE = "rate-limit-increase-auth"

    @property
    def prefix(self) -> str:
        """The one kind of resource that this is done to."""
        return _PREFIX[self]


_PREFIX = {
    Ability.PKP_SIGNING: PKP,
    Ability.ACTION_EXECUTION: ACTION,
    Ability.DECRYPTION: CONDITIONS,
    Ability.ACC_SIGNING: CONDITIONS,
    Ability.RATE_LIMIT_INCREASE: RATE_LIMIT,
}


class Resource(msgspec.Struct, frozen=True):
    """What an ability is about: ``prefix://id``; the id ``*`` stands for all of that prefix."""

    prefix: str
    id: str

    @classmethod
    def pkp(cls, token_id: int) -> Self:
        """Name a key by its token."""
        return cls(PKP, f"{token_id:064x}")

    @classmethod
    def action(cls, cid: str) -> Self:
        """Name an action by its CID."""
        return cls(ACTION, cid)

    @classmethod
    def conditions(cls, conditions_hash: str, data_hash: str) -> Self:
        """Name what is encrypted: both hashes in hex without 0x."""
        return cls(CONDITIONS, f"{conditions_hash.lower()}/{data_hash.lower()}")

    @classmethod
    def every(cls, prefix: str) -> Self:
        """Write the wildcard of one prefix."""
        return cls(prefix, WILDCARD)

    @classmethod
    def read(cls, prefix: str, identity: str) -> Self:
        """Read a resource as callers write it; token ids come with 0x, in any case, without leading zeros."""
        if prefix == PKP and identity != WILDCARD:
            return cls(prefix, _token_digits(identity))
        return cls(prefix, identity.lower() if prefix == CONDITIONS else identity)

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Read ``prefix://id``; CallerError if it is none."""
        prefix, separator, identity = uri.partition("://")
        if not separator or not prefix or not identity:
            raise CallerError(f"{uri[:128]!r} names no resource: write prefix://id, such as {PKP}://*", details=[{"resource": uri[:128]}])
        return cls.read(prefix, identity)

    @property
    def uri(self) -> str:
        """The resource as ReCaps write it."""
        return f"{self.prefix}://{self.id}"

    def covers(self, other: Resource) -> bool:
        """Say whether whoever may use this resource may use ``other``."""
        return self.prefix == other.prefix and self.id in (WILDCARD, other.id)


def _token_digits(identity: str) -> str:
    digits = identity.removeprefix("0x").lower()
    return digits.rjust(_TOKEN_DIGITS, "0") if 0 < len(digits) <= _TOKEN_DIGITS else digits


class Capabilities(msgspec.Struct, frozen=True):
    """A set of (ability, resource). The empty set allows nothing."""

    pairs: frozenset[tuple[Ability, Resource]] = frozenset()

    @classmethod
    def of(cls, *pairs: tuple[Ability, Resource]) -> Self:
        """Write a set down."""
        return cls(frozenset(pairs))

    @classmethod
    def union(cls, sets: Iterable[Capabilities]) -> Self:
        """Join what one and the same caller wrote in several places."""
        return cls(frozenset().union(*(one.pairs for one in sets)))

    def allows(self, ability: Ability, resource: Resource) -> bool:
        """Say whether the ability on this resource is written here, by its id or by the wildcard of its prefix."""
        return (ability, resource) in self.pairs or (ability, Resource(resource.prefix, WILDCARD)) in self.pairs

    def intersected(self, other: Capabilities) -> Capabilities:
        """Return what both allow: the greatest set that is within each of them."""
        return Capabilities(
            frozenset(
                (ability, mine if theirs.covers(mine) else theirs)
                for ability, mine in self.pairs
                for also, theirs in other.pairs
                if ability is also and (theirs.covers(mine) or mine.covers(theirs))
            )
        )

    def within(self, other: Capabilities) -> bool:
        """Say whether ``other`` allows everything that this allows."""
        return all(other.allows(ability, resource) for ability, resource in self.pairs)

    def of_ability(self, ability: Ability) -> tuple[str, ...]:
        """The ids that are written for an ability, sorted: what a refusal shows."""
        return tuple(sorted(resource.id for also, resource in self.pairs if also is ability))


EVERYTHING = Capabilities(frozenset((ability, Resource(ability.prefix, WILDCARD)) for ability in Ability))
"""What a caller may who signs each request himself."""
NOTHING = Capabilities()
