"""What the gateway answers to ``GET /ipfs/…``.

Blocks and archives for programs that verify them (https://specs.ipfs.tech/http-gateways/trustless-gateway/), files for browsers
(https://specs.ipfs.tech/http-gateways/path-gateway/): with their type, in ranges, for any page to read, to be kept for ever.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from litestar import Request, Response
from litestar.response import Stream

from votive.ipfs.blocks import BlockStore
from votive.ipfs.car import CAR_TYPE, MissingBlock, car_of, cids_of, stored_block
from votive.ipfs.cid import Cid
from votive.ipfs.dag import assemble
from votive.ipfs.errors import InvalidCid
from votive.ipfs.media import media_type
from votive.ipfs.origins import own_url
from votive.ipfs.resolve import INDEX, Found, resolve
from votive.ipfs.unixfs import Directory
from votive.terms.errors import CallerError

AnyRequest = Request[Any, Any, Any]

ANY_PAGE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, If-None-Match, If-Range, Range, User-Agent, X-Requested-With",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag, X-Ipfs-Path, X-Ipfs-Roots",
}
"""What is served is named by its content and nobody's secret: any page may read it."""

_PREFLIGHT_SECONDS = 86_400
_RAW_TYPE = "application/vnd.ipld.raw"
_IMMUTABLE = "public, max-age=29030400, immutable"
_FORMATS = {_RAW_TYPE: "raw", "application/vnd.ipld.car": "car"}
_SLASHES_OF_A_ROOT = 2
"""Of ``/ipfs/CID``. A worker's script there would rule over ``/ipfs/``, all that is served at one origin."""
_SUFFIXES = {"raw": "bin", "car": "car"}
_RANGE = re.compile(r"bytes=([0-9]{1,18})?-([0-9]{1,18})?")


def preflight() -> Response[None]:
    """Answer a browser that asks whether a page may ask."""
    return Response(None, status_code=204, headers=ANY_PAGE | {"Access-Control-Max-Age": str(_PREFLIGHT_SECONDS)})


async def answer(request: AnyRequest, store: BlockStore, max_bytes: int) -> Response[Any]:
    """Answer a GET or HEAD of ``/ipfs/CID`` and what is below it; a file may have ``max_bytes`` bytes."""
    raw_path = request.scope["raw_path"]  # the framework takes a slash at the end away from the other
    _, _, root, *names = unquote(raw_path).split("/")
    cid, kind = Cid.parse(root), _format(request)
    if request.headers.get("service-worker") == "script" and raw_path.count(b"/") == _SLASHES_OF_A_ROOT:
        raise CallerError("no service worker is registered for /ipfs/, as it would answer for others' pages: put its script in a directory")
    if kind == "file":
        elsewhere = own_url(request.headers.get("host", "").encode(), raw_path)
        if elsewhere is not None:
            return _redirect(request, elsewhere)
        return await _file(request, await _found(store, cid, names), store, max_bytes)
    if any(names):
        raise InvalidCid(f"paths within a CID are not served as {kind}: ask for {cid} alone")
    headers = _headers(f'"{cid}.{kind}"', f"/ipfs/{cid}", (cid,)) | _disposition("attachment", f"{cid}.{_SUFFIXES[kind]}")
    return await _blocks(cid, kind, store, headers) if not _is_known(request, headers) else _unchanged(headers)


async def _blocks(cid: Cid, kind: str, store: BlockStore, headers: dict[str, str]) -> Response[Any]:
    if kind == "raw":
        return Response(await asyncio.to_thread(stored_block, store, cid), headers=headers, media_type=_RAW_TYPE)
    cids = await asyncio.to_thread(cids_of, store, cid)
    return Stream(car_of(store, cid, cids), media_type=CAR_TYPE, headers=headers)


async def _found(store: BlockStore, root: Cid, names: list[str]) -> Found:
    """Resolve a path; one that ends in a slash names the page of a directory."""
    if not names or names[-1]:
        return await asyncio.to_thread(resolve, store, root, names)
    found = await asyncio.to_thread(resolve, store, root, [*names[:-1], INDEX])
    if isinstance(found.node, Directory):
        raise MissingBlock(f"{INDEX} is a directory itself, {found.cid}", retryable=False)
    return found


async def _file(request: AnyRequest, found: Found, store: BlockStore, max_bytes: int) -> Response[Any]:
    if isinstance(found.node, Directory):  # at its own URL, what its page names relatively is found below it
        name = request.scope["raw_path"].decode("latin-1").rpartition("/")[2]
        return _redirect(request, f"./{name}/")
    headers = _headers(f'"{found.cid}"', _shown_path(found), found.roots) | _named(request) | {"Accept-Ranges": "bytes"}
    if _is_known(request, headers):
        return _unchanged(headers)
    data = await _whole_file(store, found.cid, max_bytes)
    kind = media_type(request.query_params.get("filename") or found.file_name, data)
    part = _asked_range(request, headers["ETag"], len(data))
    if part is None:
        return Response(data, headers=headers, media_type=kind)
    if not part:
        return Response(b"", status_code=416, headers=ANY_PAGE | {"Content-Range": f"bytes */{len(data)}", "Cache-Control": "no-store"})
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return Response(data[part.start : part.stop], status_code=206, headers=headers, media_type=kind)


def _redirect(request: AnyRequest, url: str) -> Response[Any]:
    query = request.scope["query_string"].decode("latin-1")
    return Response(b"", status_code=301, headers=ANY_PAGE | {"Location": url + (f"?{query}" if query else "")})


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


def _headers(etag: str, path: str, roots: tuple[Cid, ...]) -> dict[str, str]:
    return {
        "ETag": etag,
        "Cache-Control": _IMMUTABLE,
        "X-Ipfs-Path": path,
        "X-Ipfs-Roots": ",".join(map(str, roots)),
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept",
    } | ANY_PAGE


def _shown_path(found: Found) -> str:
    return quote("/".join(["/ipfs", str(found.roots[0]), *found.names]))


def _named(request: AnyRequest) -> dict[str, str]:
    """Name the file as the query asks; ``download=true`` has it saved instead of shown."""
    name = request.query_params.get("filename")
    kind = "attachment" if request.query_params.get("download") == "true" else "inline"
    return _disposition(kind, name) if name else {"Content-Disposition": kind} if kind == "attachment" else {}


def _disposition(kind: str, name: str) -> dict[str, str]:
    return {"Content-Disposition": f"{kind}; filename*=UTF-8''{quote(name, safe='')}"}


def _is_known(request: AnyRequest, headers: Mapping[str, str]) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return headers["ETag"] in tags or "*" in tags


def _unchanged(headers: dict[str, str]) -> Response[Any]:
    return Response(b"", status_code=304, headers=headers)


def _asked_range(request: AnyRequest, etag: str, size: int) -> range | None:
    """Return the bytes that are asked for: None for all, an empty range for some that do not exist (RFC 9110, section 14)."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = (None if text is None else int(text) for text in asked.groups())
    if first is None:
        return None if last is None else range(max(size - last, 0), size)
    if last is not None and last < first:
        return None
    return range(first, size if last is None else min(last + 1, size))
