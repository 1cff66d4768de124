"""An origin of its own for each page: ``http://CID.ipfs.localhost:PORT/`` (https://specs.ipfs.tech/http-gateways/subdomain-gateway/).

Browsers keep the secrets of pages apart by origin. All that is served at ``127.0.0.1`` shares one; a page at its own subdomain shares
its storage with nobody, and may publish nothing. Browsers take every name below ``localhost`` for this machine (RFC 6761, section 6.3).
"""

from __future__ import annotations

import re

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from votive.ipfs.cid import Cid

_OWN_HOST = re.compile(rb"(b[a-z2-7]{10,62})\.ipfs\.localhost(?::[0-9]{1,5})?")
_LOCALHOST = re.compile(rb"localhost(:[0-9]{1,5})?")
_PATH = re.compile(rb"/ipfs/([A-Za-z0-9]{1,128})(/.*)?", re.DOTALL)


class OwnOrigins:
    """An application that also answers at the subdomains, each of which shows what one CID names and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: below its CID if it came to a subdomain."""
        own = _OWN_HOST.fullmatch(_host(scope))
        if own is not None and scope["type"] == ScopeType.HTTP:
            below = b"/ipfs/" + own[1]
            scope["path"], scope["raw_path"] = below.decode() + scope["path"], below + scope["raw_path"]
        await self._app(scope, receive, send)


def own_url(host: bytes, raw_path: bytes) -> str | None:
    """Return where a path that was asked for at ``localhost`` has an origin of its own; None at any other host.

    InvalidCid if the path names no CID.
    """
    local, path = _LOCALHOST.fullmatch(host), _PATH.fullmatch(raw_path)
    if local is None or path is None:
        return None
    cid = Cid.parse(path[1].decode())
    label = str(Cid(1, cid.codec, cid.digest))
    return f"http://{label}.ipfs.localhost{(local[1] or b'').decode()}{(path[2] or b'/').decode('latin-1')}"


def _host(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"host"), b"").lower() if scope["type"] == ScopeType.HTTP else b""
