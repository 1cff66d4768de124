"""Capacity delegations: a wallet that owns capacity (a RateLimitNFT) lets others use it, by a ReCap of its own.

The message's URI is ``lit:capability:delegation``; its ReCap names the token, or any of the owner's, under one restriction: which
tokens, which addresses, how many uses. What the restriction does not say is not restricted; what we do not know refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from votive.auth.errors import InvalidAuthSig
from votive.auth.grant import CapacityDelegation
from votive.terms.capability import RATE_LIMIT, WILDCARD, Ability
from votive.terms.ethereum import address_of_text
from votive.terms.recap import ABILITY_STRINGS, Recap

DELEGATION_URI = "lit:capability:delegation"
_AUTH = ABILITY_STRINGS[Ability.RATE_LIMIT_INCREASE]
_KNOWN = frozenset({"nft_id", "delegate_to", "uses"})
_MAX_DIGITS = 78


def read_delegation(recap: Recap, *, owner: str, message: str, expires_at: float) -> CapacityDelegation:
    """Return what a delegation's ReCap says; InvalidAuthSig if it says more, or something else."""
    if len(recap.att) != 1:
        raise InvalidAuthSig("a capacity delegation names one resource, and only capacity")
    ((target, abilities),) = recap.att.items()
    prefix, _, identity = target.partition("://")
    if prefix != RATE_LIMIT or set(abilities) != {_AUTH} or len(abilities[_AUTH]) != 1:
        raise InvalidAuthSig(f"a capacity delegation gives {_AUTH} on {RATE_LIMIT}://…, under one restriction, and nothing else")
    restriction = abilities[_AUTH][0]
    unknown = sorted(set(restriction) - _KNOWN)
    if unknown:
        raise InvalidAuthSig(
            f"the capacity delegation restricts {unknown[0]!r}, which is not known here; known: {', '.join(sorted(_KNOWN))}"
        )
    return CapacityDelegation(
        owner=owner,
        message_hash=hashlib.sha256(message.encode()).digest(),
        nft_ids=_tokens(identity, restriction),
        delegates=_delegates(restriction),
        uses=_number(restriction["uses"]) if "uses" in restriction else None,
        expires_at=expires_at,
    )


def _tokens(identity: str, restriction: Mapping[str, Any]) -> tuple[int, ...] | None:
    listed = tuple(_number(one) for one in _list(restriction, "nft_id")) if "nft_id" in restriction else None
    if identity == WILDCARD:
        return listed
    named = _number(identity)
    return (named,) if listed is None or named in listed else ()


def _delegates(restriction: Mapping[str, Any]) -> tuple[str, ...] | None:
    if "delegate_to" not in restriction:
        return None
    try:
        return tuple(address_of_text(one) for one in _list(restriction, "delegate_to"))
    except ValueError as error:
        raise InvalidAuthSig(f"the capacity delegation's delegate_to is not a list of addresses: {error}") from error


def _list(restriction: Mapping[str, Any], name: str) -> list[str]:
    value = restriction[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidAuthSig(f"the capacity delegation's {name} must be a list of texts")
    return value


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        return int(value)
    raise InvalidAuthSig(f"the capacity delegation has {str(value)[:80]!r} where a decimal number, written as a text, must stand")
