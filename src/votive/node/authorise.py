"""Who is asking: from a request with its authentication material to a grant and a name for the request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from votive.auth import AuthPolicy, Grant, parse_auth_sig, verify_wallet
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError
from votive.terms.session import request_hash

MAX_REQUEST_ID = 128


@dataclass(frozen=True)
class Asked:
    """A request as it arrived: parsed, not yet authorised."""

    path: str
    """The endpoint without trailing slash; this is what a bound AuthSig names."""
    request_id: str
    body: Mapping[str, Any]
    large: bool = False
    """Hashing this body would hold up everything else of the node."""


@dataclass(frozen=True)
class Authorised:
    """A request whose caller is known."""

    grant: Grant
    request: bytes
    """H(X-Request-Id, caller, endpoint, H(body without authentication material)), 32 bytes: see ``terms.session``."""


@dataclass(frozen=True)
class Authoriser:
    """Verifies each request's wallet signature, once."""

    policy: AuthPolicy
    now: Callable[[], float] = time.time

    async def authorise(self, asked: Asked) -> Authorised:
        """Verify the AuthSig of ``asked``, in a thread if that takes long; raises what calling does."""
        return await asyncio.to_thread(self, asked) if asked.large else self(asked)

    def __call__(self, asked: Asked) -> Authorised:
        """Verify the AuthSig of ``asked``.

        Raises:
            CallerError: no usable request id; or as ``votive.auth`` says.
        """
        check_request_id(asked.request_id)
        binding = RequestBinding.of(asked.path, asked.request_id, asked.body)
        if "authSig" not in asked.body:
            raise CallerError("the field 'authSig' is missing.", details=[{"field": "authSig"}])
        grant = verify_wallet(parse_auth_sig(asked.body["authSig"]), now=self.now(), request=binding, policy=self.policy)
        return Authorised(grant, request_hash(asked.request_id, grant.address, asked.path, binding.body_hash))


def check_request_id(request_id: str) -> None:
    """Refuse a request without a name: nodes could not tell which of their runs belong together."""
    if not request_id:
        raise CallerError("the header X-Request-Id is missing. Send the same random id to every node.", details=[{"field": "X-Request-Id"}])
    if len(request_id) > MAX_REQUEST_ID or not request_id.isascii() or not request_id.isprintable():
        raise CallerError(f"X-Request-Id must be at most {MAX_REQUEST_ID} printable ASCII characters.", details=[{"field": "X-Request-Id"}])
