"""EIP-5573, "SIWE ReCap": capabilities that a wallet shows in words and signs in JSON.

Specification: https://eips.ethereum.org/EIPS/eip-5573. A ReCap is the last resource of an EIP-4361 message, ``urn:recap:`` and
base64url of its JSON; the message's statement ends with the same in words. We read one encoding only: RFC 8785 JSON, keys
sorted, base64url without padding. What we do not know grants nothing: foreign resources, foreign abilities, and abilities that
carry restrictions (nota bene) which only others understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import msgspec

from votive.terms.binding import canonical_json
from votive.terms.capability import ACTION, CONDITIONS, PKP, RATE_LIMIT, Ability, Capabilities, Resource
from votive.terms.encoding import base64url, base64url_of
from votive.terms.errors import CallerError, ErrorCode

URN = "urn:recap:"
PREAMBLE = "I further authorize the stated URI to perform the following actions on my behalf:"
ANY_ABILITY = "*/*"
MAX_RECAP_CHARACTERS = 16 * 1024

_is_ability = re.compile(r"[a-zA-Z0-9.*_+-]+/[a-zA-Z0-9.*_+-]+").fullmatch
_is_target = re.compile(r"[^\s:]+:\S*").fullmatch

ABILITY_STRINGS = {
    Ability.PKP_SIGNING: "Threshold/Signing",
    Ability.ACTION_EXECUTION: "Threshold/Execution",
    Ability.DECRYPTION: "Threshold/Decryption",
    Ability.ACC_SIGNING: "Threshold/Signing",
    Ability.RATE_LIMIT_INCREASE: "Auth/Auth",
}
"""How ReCaps write our abilities; the resource's prefix tells the two kinds of signing apart."""


class InvalidRecap(CallerError):
    """A text is not a ReCap, or not the one canonical form of it."""

    code = ErrorCode.SIWE_MESSAGE


class Recap(msgspec.Struct, frozen=True):
    """A ReCap's details object: for each resource (a URI) its abilities, each with its alternatives of restrictions."""

    att: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
    prf: Sequence[str] = ()
    """CIDs of parent capabilities. We keep them for the encoding; they add no right."""

    @classmethod
    def of(cls, capabilities: Capabilities) -> Self:
        """Write capabilities down, without restrictions."""
        att: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for ability, resource in capabilities.pairs:
            att.setdefault(resource.uri, {})[ABILITY_STRINGS[ability]] = [{}]
        return cls(_sorted(att))

    @classmethod
    def decode(cls, urn: str) -> Self:
        """Read ``urn:recap:…``; InvalidRecap says what is wrong with it."""
        if not urn.startswith(URN) or len(urn) > MAX_RECAP_CHARACTERS:
            raise InvalidRecap(f"a ReCap begins with {URN} and has at most {MAX_RECAP_CHARACTERS} characters")
        data = _canonical_bytes(urn.removeprefix(URN))
        recap = cls(**_object(data))
        _check(recap)
        if not recap._is_written_as(data):
            raise InvalidRecap("the ReCap is not canonical: sort its keys, write no spaces, repeat no key (RFC 8785)")
        return recap

    def _is_written_as(self, data: bytes) -> bool:
        try:
            return self.to_json() == data
        except CallerError:  # JSON that canonical JSON cannot carry
            return False

    def encode(self) -> str:
        """Write the ReCap as the last resource of its message."""
        return URN + base64url(self.to_json())

    def to_json(self) -> bytes:
        """Return the RFC 8785 JSON of the details object."""
        return canonical_json({"att": self.att, "prf": self.prf})

    def statement(self, said: str | None = None) -> str:
        """Return the message's statement: what the asker ``said``, then the ReCap in words (the EIP's translation algorithm)."""
        entries = [f"({number}) {entry}" for number, entry in enumerate(self._entries(), 1)]
        words = " ".join([PREAMBLE, *entries])
        return f"{said} {words}" if said else words

    def _entries(self) -> Iterable[str]:
        for target, abilities in self.att.items():
            names: dict[str, list[str]] = {}
            for ability in abilities:
                namespace, _, name = ability.partition("/")
                names.setdefault(namespace, []).append(f"'{name}'")
            for namespace, group in names.items():
                yield f"'{namespace}': {', '.join(group)} for '{target}'."

    def is_told_by(self, statement: str | None) -> bool:
        """Say whether a message's statement ends with exactly this ReCap in words (the EIP's verification algorithm).

        What stands before may be anything: the asker's own words, or this sentence a second time, as Lit's SDK writes it.
        """
        words = self.statement()
        return statement is not None and (statement == words or statement.endswith(" " + words))

    def capabilities(self) -> Capabilities:
        """Return what is granted without a restriction, of the things that we know."""
        return Capabilities(frozenset(pair for target, abilities in self.att.items() for pair in _known(target, abilities)))

    def restrictions(self, target: str, ability: str) -> Sequence[Mapping[str, Any]]:
        """Return the alternatives under which an ability is granted; none: it is not granted."""
        return self.att.get(target, {}).get(ability, ())

    def merged(self, target: str, ability: str, restriction: Mapping[str, Any]) -> Recap:
        """Return this ReCap with one ability more, under one restriction (the EIP's merging)."""
        att = {uri: {name: list(nota_bene) for name, nota_bene in abilities.items()} for uri, abilities in self.att.items()}
        att.setdefault(target, {}).setdefault(ability, []).append(dict(restriction))
        return Recap(_sorted(att), self.prf)


_OURS = {
    PKP: {"Threshold/Signing": (Ability.PKP_SIGNING,)},
    ACTION: {"Threshold/Execution": (Ability.ACTION_EXECUTION,)},
    CONDITIONS: {"Threshold/Decryption": (Ability.DECRYPTION,), "Threshold/Signing": (Ability.ACC_SIGNING,)},
    RATE_LIMIT: {"Auth/Auth": (Ability.RATE_LIMIT_INCREASE,)},
}


def _known(target: str, abilities: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[tuple[Ability, Resource]]:
    prefix, separator, identity = target.partition("://")
    ours = _OURS.get(prefix)
    if ours is None or not separator or not identity:
        return
    resource = Resource.read(prefix, identity)
    for name, nota_bene in abilities.items():
        if {} in nota_bene:
            yield from ((ability, resource) for ability in (sum(ours.values(), ()) if name == ANY_ABILITY else ours.get(name, ())))


def _canonical_bytes(text: str) -> bytes:
    try:
        data = base64url_of(text)
    except ValueError as error:
        raise InvalidRecap("the ReCap is not base64url") from error
    if base64url(data) != text:
        raise InvalidRecap("the ReCap is not canonical base64url: write it without padding and without stray bits")
    return data


class _Details(msgspec.Struct, forbid_unknown_fields=True):
    att: dict[str, dict[str, list[dict[str, Any]]]]
    prf: list[str]


def _object(data: bytes) -> dict[str, Any]:
    try:
        details = msgspec.json.decode(data, type=_Details)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRecap(f"the ReCap's JSON is not a details object of EIP-5573: {error}") from error
    return {"att": details.att, "prf": tuple(details.prf)}


def _check(recap: Recap) -> None:
    if not recap.att:
        raise InvalidRecap("the ReCap names no resource; it must name at least one")
    for target, abilities in recap.att.items():
        if _is_target(target) is None:
            raise InvalidRecap(f"the ReCap's resource {target[:80]!r} is not a URI")
        if not abilities:
            raise InvalidRecap(f"the ReCap's resource {target[:80]!r} names no ability; it must name at least one")
        for ability in abilities:
            if _is_ability(ability) is None:
                raise InvalidRecap(f"the ReCap's ability {ability[:80]!r} is not of the form namespace/name")


def _sorted(att: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {target: dict(sorted(abilities.items())) for target, abilities in sorted(att.items())}
