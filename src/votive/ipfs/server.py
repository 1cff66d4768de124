"""A small IPFS server: ``python -m votive.ipfs.server --directory D --port P``.

A gateway over a directory of blocks, for programs that verify and for browsers (``answer``), with Kubo's ``add`` for publishing. It
serves what was published to it and fetches nothing from elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn
from litestar import Litestar, Response, get, post, route
from litestar.exceptions import HTTPException

from votive.ipfs.adding import add
from votive.ipfs.answer import ANY_PAGE, AnyRequest, answer, preflight
from votive.ipfs.blocks import BlockStore
from votive.ipfs.car import MissingBlock
from votive.ipfs.errors import TooLarge
from votive.ipfs.kubo import AddOptions, parts_of
from votive.ipfs.origins import OwnOrigins
from votive.terms.errors import CallerError, VotiveError

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
_BACKLOG = 512
_MULTIPART_OVERHEAD = 64 * 1024
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_log = logging.getLogger("votive.ipfs")


def make_app(store: BlockStore, max_bytes: int = DEFAULT_MAX_BYTES) -> OwnOrigins:
    """Return the server as an ASGI application; ``max_bytes`` bounds what is published at once, and files that are served whole."""

    @route(["/ipfs/{name:str}", "/ipfs/{name:str}/{rest:path}"], http_method=["GET", "HEAD", "OPTIONS"])
    async def ipfs(request: AnyRequest) -> Response[Any]:
        return preflight() if request.method == "OPTIONS" else await answer(request, store, max_bytes)

    @post("/api/v0/add", request_max_body_size=None, status_code=200)
    async def publish(request: AnyRequest) -> Response[bytes]:
        _refuse_foreign_pages(request)
        options = AddOptions.read({name: str(value) for name, value in request.query_params.items()})
        parts = await parts_of(request.headers.get("content-type", ""), request.stream(), max_bytes + _MULTIPART_OVERHEAD)
        added = await asyncio.to_thread(add, store, parts, options)
        return Response(b"".join(msgspec.json.encode(line) + b"\n" for line in added), media_type="application/json")

    @route("/api/v0/version", http_method=["GET", "POST"], status_code=200)
    async def version() -> dict[str, str]:
        return {"Version": "0.39.0", "Commit": "", "Repo": "16", "System": "votive", "Golang": ""}

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "serving"}

    return OwnOrigins(
        Litestar(
            [ipfs, publish, version, health],
            openapi_config=None,
            exception_handlers={VotiveError: _explain, HTTPException: _explain_http},
        )
    )


def _refuse_foreign_pages(request: AnyRequest) -> None:
    # A web page could post a form here from its visitor's browser; browsers say so in Origin, programs send none.
    origin = request.headers.get("origin")
    if origin is not None and _hostname(origin) not in _LOOPBACK:
        raise CallerError(f"pages of {origin} may not publish here", status=403)


def _hostname(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None  # of half an IPv6 address


def _explain(request: AnyRequest, error: VotiveError) -> Response[Any]:
    status = {MissingBlock: 404, TooLarge: 413}.get(type(error), error.status)
    return _error(request, status, str(error.code), error.message)


def _explain_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    return _error(request, error.status_code, "NodeBadInput", error.detail)


def _error(request: AnyRequest, status: int, code: str, message: str) -> Response[Any]:
    if request.scope["path"].startswith("/api/"):  # a URL cannot be made of every Host
        return Response({"Message": message, "Code": 0, "Type": "error"}, status_code=status)
    return Response({"errorCode": code, "message": message}, status_code=status, headers=ANY_PAGE | {"Cache-Control": "no-store"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status is 0 after either, 1 if the port is taken."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        listener = _listen(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {error.strerror}; choose another --port\n")
        return 1
    app = make_app(BlockStore(options.directory), options.max_bytes)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3, limit_concurrency=512)
    # uvicorn raises the signal that stopped it once more; a clean stop is not a failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    _log.info("serving %s on http://%s:%s", options.directory, options.host, listener.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m votive.ipfs.server", description="Serve and accept IPFS files from a directory.")
    parser.add_argument("--directory", type=Path, required=True, help="where blocks are kept; made if missing")
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on; 0 chooses a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--max-bytes", type=int, default=DEFAULT_MAX_BYTES, help="largest file in bytes (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
