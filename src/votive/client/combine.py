"""From the answers of many nodes to one result: nothing is taken that does not verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from votive.client.ask import Answer
from votive.client.claim import Word
from votive.client.refusal import Fault, Unusable
from votive.client.results import EcdsaSignature
from votive.core import verify
from votive.terms.encoding import bytes_of, hex0x

SIGNATURE_BYTES = 32
_verify = lru_cache(maxsize=512)(verify)
"""Nodes give the same signature, and all answers are looked at again whenever one arrives; what verifies depends on nothing else."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One node's account of an action's run, its signatures verified."""

    seat: int
    response: str
    logs: str
    signatures: dict[str, EcdsaSignature]
    claims: dict[str, Word]
    outcome: tuple[Any, ...]
    """What nodes must agree on: the response, what was signed by which key under which name, and what was claimed for whom."""


ReadClaim = Callable[[int, str, Any], Word]
"""Reads what the node at a seat gave for a key that the action names; raises Unusable."""


def signature_of(value: Any, *, public_key: str, digest: str) -> EcdsaSignature:
    """Read ``{r, s, v}`` and verify it.

    Raises:
        Unusable: it is malformed, or no signature of ``digest`` by ``public_key``.
    """
    r, s, v = _numbers(value)
    key, signed = bytes_of(public_key), bytes_of(digest)
    if len(key) not in (33, 65) or len(signed) != 32:  # asked before it is kept among what was verified
        raise Unusable("its public key has not 33 or 65 bytes, or its digest not 32")
    if not _verify(key, signed, r, s, v - 27):
        raise Unusable("its signature does not verify")
    return EcdsaSignature(digest=digest, r=hex0x(r), s=hex0x(s), v=v, public_key=public_key)


def _numbers(value: Any) -> tuple[bytes, bytes, int]:
    """Read r, s and v from JSON."""
    try:
        r, s, v = bytes_of(value["r"]), bytes_of(value["s"]), value["v"]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Unusable("it gave no signature {r, s, v} in hex") from error
    if len(r) != SIGNATURE_BYTES or len(s) != SIGNATURE_BYTES or type(v) is not int or v not in (27, 28):
        raise Unusable("its r and s are not 32 bytes each, or its v is neither 27 nor 28")
    return r, s, v


def first_signature(
    answers: Sequence[Answer], *, public_key: str, digest: str
) -> tuple[EcdsaSignature | None, tuple[int, ...], tuple[Fault, ...]]:
    """Return the first signature that verifies, the seats that gave one that does, and who gave one that does not."""
    found: EcdsaSignature | None = None
    seats: list[int] = []
    faults: list[Fault] = []
    for answer in answers:
        if answer.ok:
            try:
                signature = signature_of(answer.body.get("signature"), public_key=public_key, digest=digest)
            except Unusable as error:
                faults.append(Fault(seat=answer.seat, reason=str(error)))
            else:
                found = found or signature
                seats.append(answer.seat)
    return found, tuple(sorted(seats)), tuple(faults)


class Reading:
    """Reads the answers to an execute request, each once, however often they are looked at."""

    def __init__(self, claimed: ReadClaim) -> None:
        self._claimed = claimed
        self._read: dict[int, Run | Fault] = {}

    def runs(self, answers: Sequence[Answer]) -> list[Run]:
        """Return what the successful ones of ``answers`` tell that can be used."""
        return [read for answer in answers if answer.ok and isinstance(read := self._once(answer), Run)]

    def with_keys(self, known: Container[str]) -> tuple[list[Run], tuple[Fault, ...]]:
        """Of all that were read, return those that signed with ``known`` keys only, and what is wrong with the others."""
        read = [_with_keys(one, known) for one in self._read.values()]
        return [one for one in read if isinstance(one, Run)], tuple(one for one in read if isinstance(one, Fault))

    def _once(self, answer: Answer) -> Run | Fault:
        if answer.seat not in self._read:
            try:
                self._read[answer.seat] = _run(answer, self._claimed)
            except Unusable as error:
                self._read[answer.seat] = Fault(seat=answer.seat, reason=str(error))
        return self._read[answer.seat]


def _with_keys(read: Run | Fault, known: Container[str]) -> Run | Fault:
    if isinstance(read, Fault):
        return read
    unknown = next((signature.public_key for signature in read.signatures.values() if signature.public_key not in known), None)
    return read if unknown is None else Fault(seat=read.seat, reason=f"it signed with {unknown}, which is no key of this network")


def commonest(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs of the outcome that most nodes had; of equal ones, the earlier."""
    if not runs:
        return ()
    winner = Counter(run.outcome for run in runs).most_common(1)[0][0]
    return tuple(run for run in runs if run.outcome == winner)


def _run(answer: Answer, claimed: ReadClaim) -> Run:
    response, logs, signed, claimed_here = (answer.body.get(name) for name in ("response", "logs", "signedData", "claimData"))
    if not (isinstance(response, str) and isinstance(logs, str) and isinstance(signed, dict) and isinstance(claimed_here, dict)):
        raise Unusable("its answer lacks response, logs, signedData or claimData")
    signatures = {name: _signed(value) for name, value in signed.items()}
    claims = {name: claimed(answer.seat, name, value) for name, value in claimed_here.items()}
    of_keys = sorted((name, signature.public_key, signature.digest) for name, signature in signatures.items())
    of_claims = sorted((name, *word.subject) for name, word in claims.items())
    return Run(
        seat=answer.seat, response=response, logs=logs, signatures=signatures, claims=claims, outcome=(response, *of_keys, *of_claims)
    )


def _signed(value: Any) -> EcdsaSignature:
    """Read one entry of ``signedData``: Lit writes its texts in quotes of their own."""
    try:
        public_key, digest = (value[name].strip('"') for name in ("publicKey", "dataSigned"))
        r, s, v = (value["signature"][name] for name in "rsv")
        return _told(public_key, digest, r, s, v)
    except (TypeError, KeyError, AttributeError) as error:
        raise Unusable("an entry of its signedData lacks publicKey, dataSigned or signature {r, s, v} in hex") from error


@lru_cache(maxsize=512)
def _told(public_key: str, digest: str, r: Any, s: Any, v: Any) -> EcdsaSignature:
    """Read and verify a signature as a node tells it; all nodes tell the same."""
    try:
        key, signed = hex0x(bytes_of(public_key)), hex0x(bytes_of(digest))
    except ValueError as error:
        raise Unusable("an entry of its signedData lacks publicKey or dataSigned in hex") from error
    return signature_of({"r": r, "s": s, "v": v}, public_key=key, digest=signed)


def keys_of(runs: Sequence[Run]) -> frozenset[str]:
    """Return the public keys that signed in ``runs``."""
    return frozenset(signature.public_key for run in runs for signature in run.signatures.values())
