"""A small IPFS server: ``python -m votive.ipfs.server --directory D --port P``.

A trustless gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/) over a directory of blocks, with Kubo's ``add``
for publishing. It serves what was published to it and fetches nothing from elsewhere.
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
from litestar import Litestar, Request, Response, get, post, route
from litestar.exceptions import HTTPException
from litestar.response import Stream

from votive.ipfs.blocks import BlockStore
from votive.ipfs.car import CAR_TYPE, MissingBlock, car_of, cids_of, stored_block
from votive.ipfs.cid import Cid
from votive.ipfs.dag import assemble
from votive.ipfs.errors import InvalidCid, TooLarge
from votive.ipfs.kubo import AddOptions, add_file, files_of
from votive.terms.errors import CallerError, VotiveError

AnyRequest = Request[Any, Any, Any]

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
_BACKLOG = 512
_MULTIPART_OVERHEAD = 64 * 1024
_RAW_TYPE = "application/vnd.ipld.raw"
_IMMUTABLE = "public, max-age=29030400, immutable"
_FORMATS = {_RAW_TYPE: "raw", "application/vnd.ipld.car": "car"}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_log = logging.getLogger("votive.ipfs")


def make_app(store: BlockStore, max_bytes: int = DEFAULT_MAX_BYTES) -> Litestar:
    """Return the server as an ASGI application; ``max_bytes`` bounds files published and files served whole."""

    @route("/ipfs/{name:str}", http_method=["GET", "HEAD"])
    async def ipfs(request: AnyRequest, name: str) -> Response[Any]:
        return await _serve(request, Cid.parse(name), store, max_bytes)

    @route("/ipfs/{name:str}/{rest:path}", http_method=["GET", "HEAD"])
    async def within(name: str, rest: str) -> Response[Any]:
        raise InvalidCid(f"paths within a CID are not served: ask for {name} without {rest}")

    @post("/api/v0/add", request_max_body_size=None, status_code=200)
    async def add(request: AnyRequest) -> Response[bytes]:
        _refuse_foreign_pages(request)
        options = AddOptions.read({name: str(value) for name, value in request.query_params.items()})
        files = await files_of(request.headers.get("content-type", ""), request.stream(), max_bytes + _MULTIPART_OVERHEAD)
        added = [await asyncio.to_thread(add_file, store, name, data, options) for name, data in files]
        return Response(b"".join(msgspec.json.encode(line) + b"\n" for line in added), media_type="application/json")

    @route("/api/v0/version", http_method=["GET", "POST"], status_code=200)
    async def version() -> dict[str, str]:
        return {"Version": "0.39.0", "Commit": "", "Repo": "16", "System": "votive", "Golang": ""}

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "serving"}

    return Litestar(
        [ipfs, within, add, version, health],
        openapi_config=None,
        exception_handlers={VotiveError: _explain, HTTPException: _explain_http},
    )


async def _serve(request: AnyRequest, cid: Cid, store: BlockStore, max_bytes: int) -> Response[Any]:
    kind = _format(request)
    headers = _headers(cid, kind)
    if kind == "car":
        cids = await asyncio.to_thread(cids_of, store, cid)
        answer: Response[Any] = Stream(car_of(store, cid, cids), media_type=CAR_TYPE, headers=headers)
    elif kind == "raw":
        block = await asyncio.to_thread(stored_block, store, cid)
        answer = Response(block, headers=headers, media_type=_RAW_TYPE)
    else:
        answer = Response(await _whole_file(store, cid, max_bytes), headers=headers, media_type="application/octet-stream")
    return Response(b"", status_code=304, headers=headers) if _is_known(request, headers["ETag"]) else answer


async def _whole_file(store: BlockStore, cid: Cid, max_bytes: int) -> bytes:
    async def block(wanted: Cid) -> bytes:
        return await asyncio.to_thread(stored_block, store, wanted)

    return await assemble(cid, block, max_bytes)


def _format(request: AnyRequest) -> str:
    asked = request.query_params.get("format")
    if asked is not None:
        if asked not in ("raw", "car"):
            raise CallerError(f"format={asked} is not offered; ask for raw or car, or leave it out for the file")
        return str(asked)
    for entry in request.headers.get("accept", "").split(","):
        kind = entry.split(";")[0].strip().lower()
        if kind in _FORMATS:
            return _FORMATS[kind]
    return "file"


def _headers(cid: Cid, kind: str) -> dict[str, str]:
    suffix = {"raw": "bin", "car": "car"}.get(kind)
    headers = {
        "ETag": f'"{cid}.{kind}"' if suffix else f'"{cid}"',
        "Cache-Control": _IMMUTABLE,
        "X-Ipfs-Path": f"/ipfs/{cid}",
        "X-Ipfs-Roots": str(cid),
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Vary": "Accept",
    }
    return headers | ({"Content-Disposition": f'attachment; filename="{cid}.{suffix}"'} if suffix else {})


def _is_known(request: AnyRequest, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in tags or "*" in tags


def _refuse_foreign_pages(request: AnyRequest) -> None:
    # A web page could post a form here from its visitor's browser; browsers say so in Origin, programs send none.
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).hostname not in _LOOPBACK:
        raise CallerError(f"pages of {origin} may not publish here", status=403)


def _explain(request: AnyRequest, error: VotiveError) -> Response[Any]:
    status = {MissingBlock: 404, TooLarge: 413}.get(type(error), error.status)
    return _error(request, status, str(error.code), error.message)


def _explain_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    return _error(request, error.status_code, "NodeBadInput", error.detail)


def _error(request: AnyRequest, status: int, code: str, message: str) -> Response[Any]:
    if request.url.path.startswith("/api/"):
        return Response({"Message": message, "Code": 0, "Type": "error"}, status_code=status)
    return Response({"errorCode": code, "message": message}, status_code=status, headers={"Cache-Control": "no-store"})


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
