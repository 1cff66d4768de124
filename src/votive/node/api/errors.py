"""Errors as JSON: one table from what went wrong to what the caller sees."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from votive.terms.errors import CallerError, ErrorCode, VotiveError

log = structlog.get_logger()


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What every refusal looks like on the wire (Lit's form)."""

    error_kind: str
    error_code: str
    status: int
    message: str
    correlation_id: str
    details: tuple[Any, ...]
    logs: str = ""
    """What the action had logged; only errors of a run carry it."""


class ThrewBody(ErrorBody, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same of an action that threw, with the three fields that are all of such an answer on Lit's networks, empty or not."""

    success: bool
    error: str
    """The exception with its stack."""
    logs: str


KINDS: Mapping[str, str] = {ErrorCode.SIWE_MESSAGE: "Parser", ErrorCode.CONCURRENCY_OVERLOAD: "Unexpected"}
"""Where Lit's kind of a code is another than what ``kind_of`` makes of who is at fault."""


def respond_to_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer any exception of an endpoint that Litestar serves."""
    body = tell(error, request.url.path, request.headers.get("x-request-id", ""))
    return Response(msgspec.json.encode(body), status_code=body.status, media_type=MediaType.JSON)


def tell(error: Exception, path: str, request_id: str) -> ErrorBody:
    """Say what went wrong; what was not raised on purpose is logged with its trace and told to the caller in one sentence."""
    body = describe(error, printable(request_id))
    if body.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, VotiveError):
        log.error("request failed by a defect", path=path, correlation=body.correlation_id, exc_info=error)
    return body


def describe(error: Exception, correlation_id: str) -> ErrorBody:
    """Say what went wrong in the caller's terms."""
    if isinstance(error, VotiveError):
        return on_purpose(error, correlation_id)
    if isinstance(error, asyncio.TimeoutError):
        return simple(
            "Timeout", ErrorCode.REQUEST_TIMEOUT, HTTPStatus.REQUEST_TIMEOUT, "the request took too long. Try again.", correlation_id
        )
    if isinstance(error, HTTPException):
        return simple(
            "Validation", ErrorCode.BAD_INPUT, error.status_code, error.detail or HTTPStatus(error.status_code).phrase, correlation_id
        )
    message = "the node failed by a defect of its own; its log tells more under this correlationId."
    return simple("Unexpected", ErrorCode.INTERNAL, HTTPStatus.INTERNAL_SERVER_ERROR, message, correlation_id)


def on_purpose(error: VotiveError, correlation_id: str) -> ErrorBody:
    """Write down an error that was raised on purpose."""
    said: dict[str, Any] = {
        "error_kind": kind_of(error),
        "error_code": error.code,
        "status": error.status,
        "message": error.message,
        "correlation_id": correlation_id,
        "details": error.details,
        "logs": getattr(error, "logs", ""),
    }
    return ThrewBody(success=False, error=error.message, **said) if error.code == ErrorCode.JS_EXECUTION else ErrorBody(**said)


def kind_of(error: VotiveError) -> str:
    """Return the kind of an error, one of those that Lit's SDK knows."""
    return KINDS.get(error.code, "Validation" if isinstance(error, CallerError) else "Unexpected")


def simple(kind: str, code: str, status: int, message: str, correlation_id: str) -> ErrorBody:
    """Describe an error that has no details."""
    return ErrorBody(error_kind=kind, error_code=code, status=status, message=message, correlation_id=correlation_id, details=())


def printable(request_id: str) -> str:
    """Return the caller's request id, as far as it is printable; empty if it gave none."""
    return "".join(character for character in request_id[:128] if character.isascii() and character.isprintable())
