"""Who is asking: from a request with its authentication material to a grant and a name for the request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from votive.auth import Credentials, Grant, Granting, Kind, Toll, UnsupportedAuthSig
from votive.node.capacity import Admission
from votive.node.rates import Tolls
from votive.terms.binding import RequestBinding
from votive.terms.errors import CallerError
from votive.terms.session import request_hash

MAX_REQUEST_ID = 128
ENCRYPTION = "/web/encryption/"
"""Takes a signature for each kind of chain, as conditions may ask for."""
PKP_SIGN = "/web/pkp/sign"
"""Answers 400 where others answer 402: a client of Lit's reads it so."""
SESSIONS_ONLY = "/v1"
"""Endpoints whose path ends so take session signatures and nothing else."""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived: parsed, not yet authorised."""

    path: str
    """The endpoint without trailing slash; this is what a bound AuthSig names."""
    request_id: str
    body: Mapping[str, Any]
    large: bool = False
    """Hashing this body would hold up everything else of the node."""
    client: str = ""
    """The network address that it came from."""

    async def binding(self) -> RequestBinding:
        """Hash the request, in a thread if that takes long; CallerError if JSON cannot carry it without loss."""
        if self.large:
            return await asyncio.to_thread(RequestBinding.of, self.path, self.request_id, self.body)
        return RequestBinding.of(self.path, self.request_id, self.body)


@dataclass(frozen=True)
class Authorised:
    """A request whose caller is known."""

    grant: Grant
    request: bytes
    """H(X-Request-Id, caller, endpoint, H(body without authentication material)), 32 bytes: see ``terms.session``."""
    toll: Toll
    """Paid for costly checks that the caller's action causes: it asks them from the same network address."""


@dataclass(frozen=True)
class Authoriser:
    """Gives each request its grant, once, and counts it."""

    granting: Granting
    admission: Admission
    tolls: Tolls

    async def authorise(self, asked: Asked) -> Authorised:
        """Verify the credentials of ``asked``.

        Raises:
            CallerError: no usable request id; or as ``Granting.grant`` says.
            RateLimited: the caller asks too often.
            WorldError: as there.
        """
        check_request_id(asked.request_id)
        credentials = Credentials.of(asked.body, by_chain=asked.path.startswith(ENCRYPTION))
        check_kind(asked.path, credentials)
        binding = await asked.binding()
        refusal_status = 400 if asked.path.startswith(PKP_SIGN) else 402
        toll = self.tolls.of(asked.client, refusal_status=refusal_status)
        grant = await self.granting.grant(credentials, binding, toll)
        await self.admission.admit(grant, refusal_status=refusal_status)
        return Authorised(grant, request_hash(asked.request_id, grant.caller, asked.path, binding.body_hash), toll)


def check_kind(path: str, credentials: Credentials) -> None:
    """Refuse a plain AuthSig where only session signatures are taken."""
    if path.endswith(SESSIONS_ONLY) and credentials.kind is not Kind.SESSION:
        raise UnsupportedAuthSig(
            f"{path} takes session signatures only: either you have passed an AuthSig, or the session signature is wrongly formatted."
            f" Open a session, or send a bound AuthSig to {path.removesuffix(SESSIONS_ONLY)}"
        )


def check_request_id(request_id: str) -> None:
    """Refuse a request without a name: nodes could not tell which of their runs belong together."""
    if not request_id:
        raise CallerError("the header X-Request-Id is missing. Send the same random id to every node.", details=[{"field": "X-Request-Id"}])
    if len(request_id) > MAX_REQUEST_ID or not request_id.isascii() or not request_id.isprintable():
        raise CallerError(f"X-Request-Id must be at most {MAX_REQUEST_ID} printable ASCII characters.", details=[{"field": "X-Request-Id"}])
