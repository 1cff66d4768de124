"""From the answers of many nodes to one error: the most informative, with how many nodes said so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from votive.client.ask import Answer
from votive.client.errors import NoValidSignature, Refused, Unreachable
from votive.terms.errors import ErrorCode, VotiveError
from votive.terms.participant import Seat, threshold_of


class Unusable(Exception):
    """One node's answer cannot be used; the text says why. Never leaves this package."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A node's answer that cannot be used, and why."""

    seat: int
    reason: str


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of refusal and the seats that gave it."""

    error_code: str
    message: str
    status: int
    seats: tuple[int, ...]
    details: tuple[Any, ...] = ()
    logs: str = ""


SYMPTOMS = {
    ErrorCode.NOT_ENOUGH_NODES.value: 2,
    ErrorCode.SIGNING_FAILED.value: 2,
    ErrorCode.REQUEST_TIMEOUT.value: 1,
    ErrorCode.CONCURRENCY_OVERLOAD.value: 1,
    ErrorCode.INTERNAL.value: 1,
}
"""Codes that say that something else went wrong elsewhere, and how much they tell; every other code tells 3."""


def refusal(answers: Sequence[Answer], faults: Sequence[Fault], nodes: int) -> VotiveError:
    """Make one error of ``answers``, none of which can be used, from a network of ``nodes`` nodes."""
    opinions = opinions_of(answers)
    if opinions:
        return refused(opinions, answers, faults, nodes)
    if faults:
        ordered = sorted(faults, key=lambda fault: fault.seat)
        reasons = "; ".join(f"node {fault.seat}: {fault.reason}" for fault in ordered)
        return NoValidSignature(
            f"no node gave a signature that verifies ({reasons}). Try again; if it stays so, ask another network.",
            culprits=[Seat(fault.seat) for fault in ordered],
            details=[{"seat": fault.seat, "reason": fault.reason} for fault in ordered],
        )
    silence = "; ".join(f"node {answer.seat}: {answer.silence}" for answer in sorted(answers, key=lambda answer: answer.seat))
    return Unreachable(f"none of the {nodes} nodes answered ({silence}). Is the network up?")


def refused(opinions: Sequence[Opinion], answers: Sequence[Answer], faults: Sequence[Fault], nodes: int) -> Refused:
    """State the most informative opinion, and in the last detail what each node said."""
    first, *others = sorted(opinions, key=lambda opinion: weight(opinion, nodes), reverse=True)
    said: dict[str, Any] = {"saidBy": list(first.seats), "nodes": nodes}
    if others:
        said["others"] = [{"errorCode": other.error_code, "message": other.message, "saidBy": list(other.seats)} for other in others]
    if silent := {str(answer.seat): answer.silence for answer in sorted(answers, key=lambda answer: answer.seat) if answer.silence}:
        said["silent"] = silent
    if faults:
        said["faults"] = [{"seat": fault.seat, "reason": fault.reason} for fault in faults]
    return Refused(
        counted(first.message, len(first.seats), nodes),
        reported_code=first.error_code,
        status=first.status,
        details=[*first.details, said],
        seats=first.seats,
        logs=first.logs,
    )


def counted(message: str, said: int, nodes: int) -> str:
    """Add to the first line of ``message`` (a trace may follow) how many nodes said so."""
    line, *rest = message.split("\n")
    return "\n".join([f"{line} (said by {said} of {nodes} nodes)", *rest])


def weight(opinion: Opinion, nodes: int) -> tuple[bool, int, int]:
    """Order opinions: those that an honest node must share (more than n - t say so), then by what they tell, then by number."""
    honest = len(opinion.seats) > nodes - threshold_of(nodes)
    return honest, SYMPTOMS.get(opinion.error_code, 3), len(opinion.seats)


def opinions_of(answers: Sequence[Answer]) -> list[Opinion]:
    """Gather refusals by code: their words may differ (a block number), the commonest stand for all."""
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        if not answer.ok and not answer.silence:
            code = str(answer.body.get("errorCode") or ErrorCode.INTERNAL.value)
            groups.setdefault(code, []).append(answer)
    return [_opinion(code, group) for code, group in groups.items()]


def _opinion(code: str, group: Sequence[Answer]) -> Opinion:
    message = Counter(_words(answer) for answer in group).most_common(1)[0][0]
    speaker = next(answer for answer in group if _words(answer) == message)
    details = speaker.body.get("details")
    return Opinion(
        error_code=code,
        message=message,
        status=speaker.status,
        seats=tuple(sorted(answer.seat for answer in group)),
        details=tuple(details) if isinstance(details, list) else (),
        logs=str(speaker.body.get("logs") or ""),
    )


def _words(answer: Answer) -> str:
    """Return the message of a refusal, whatever field the node put it in."""
    return str(answer.body.get("message") or answer.body.get("error") or f"HTTP {answer.status} without a message")
