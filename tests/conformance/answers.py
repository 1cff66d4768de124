"""What nodes answered to a program, as ``flows/record.cjs`` wrote it down, and what each answer must look like: ``schemas/``.

The schemas say what Lit's SDK is answered on Lit's networks, as far as it was observed, and name each field that is Votive's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from tests.conformance.sdk import HERE

SCHEMAS = HERE / "schemas"
WORDS = "words"
"""What the other schemas refer to; no answer by itself."""
THREW = "execute_threw"
BLANK = "pkp_sign_blank"
ENDPOINTS = {
    "/web/handshake": "handshake",
    "/web/execute": "execute",
    "/web/pkp/sign": "pkp_sign",
    "/web/encryption/sign": "encryption_sign",
    "/web/sign_session_key": "sign_session_key",
    "/web/pkp/claim": "pkp_claim",
    "/get_most_recent_valid_block": "block_hash",
}
SUCCESS = {"pkp_claim": 202}
"""The status of a success, where it is not 200."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One answer of a node."""

    method: str
    url: str
    request_id: str | None
    """The X-Request-Id that was sent."""
    status: int
    content_type: str | None
    body: str

    @property
    def endpoint(self) -> str:
        """The path, without its version."""
        return urlsplit(self.url).path.rstrip("/").removesuffix("/v1")

    @property
    def json(self) -> Any:
        """The body, parsed; None if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def kind(self) -> str | None:
        """The name of the schema it has to satisfy; None if there is none for such an endpoint."""
        body = self.json if isinstance(self.json, dict) else {}
        if self.status >= 400:
            return THREW if body.get("errorCode") == "NodeJsExecutionError" else "error"
        kind, share = ENDPOINTS.get(self.endpoint), body.get("signatureShare")
        return BLANK if kind == "pkp_sign" and isinstance(share, dict) and share.get("result") == "fail" else kind


def read_answers(record: Path, nodes: Sequence[str]) -> list[Answer]:
    """Read the answers of ``nodes`` (their URLs) out of what a program was answered."""
    answers = [msgspec.json.decode(line, type=Answer) for line in record.read_bytes().splitlines()] if record.exists() else []
    return [answer for answer in answers if answer.url.startswith(tuple(f"{node}/" for node in nodes))]


def judge(answers: Iterable[Answer]) -> None:
    """Fail with every place of every answer that is not as its schema says."""
    wrong = [f"{answer.method} {answer.url} ({answer.status}) {fault}" for answer in answers for fault in faults(answer)]
    assert not wrong, f"{len(wrong)} places in what nodes answered are wrong:\n" + "\n".join(dict.fromkeys(wrong))


def faults(answer: Answer) -> Iterator[str]:
    """Say what is wrong with an answer: the JSON pointer of the place, and why."""
    kind = answer.kind
    if kind is None:
        yield "is an answer that no schema describes"
        return
    if answer.content_type is None or answer.content_type.partition(";")[0] != "application/json":
        yield f"has the content type {answer.content_type}, which the SDK does not read"
    yield from (f"{kind}{pointer(error)}: {error.message}" for error in validator(kind).iter_errors(answer.json))
    if isinstance(answer.json, dict):
        yield from disagreements(answer, kind, answer.json)


def disagreements(answer: Answer, kind: str, body: dict[str, Any]) -> Iterator[str]:
    """Say what no schema can: where an answer does not fit its own status line and the request."""
    if answer.status < 400:
        if answer.status != SUCCESS.get(kind, 200):
            yield f"{kind}: its status is {answer.status}"
    elif body.get("status") != answer.status:
        yield f"{kind}/status: {body.get('status')} is not the HTTP status"
    elif body.get("correlationId") != (answer.request_id or ""):
        yield f"{kind}/correlationId: {body.get('correlationId')!r} is not the request's id {answer.request_id!r}"


def pointer(error: ValidationError) -> str:
    """Return the JSON pointer (RFC 6901) of the place that is wrong."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path) or "/"


@cache
def validator(kind: str) -> Draft202012Validator:
    """Return what checks answers of ``kind``."""
    return Draft202012Validator(schema(kind), registry=Registry().with_resource(f"{WORDS}.json", Resource.from_contents(schema(WORDS))))


@cache
def schema(name: str) -> dict[str, Any]:
    """Read a schema by its name."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return found


def kinds() -> set[str]:
    """The names of all schemas of answers."""
    return {file.stem for file in SCHEMAS.glob("*.json")} - {WORDS}
