"""What kind of file a browser is told that it gets: by its name, else by its first bytes.

The table is our own, so that no machine's list of types changes what a page is. Sniffing follows a part of the WHATWG's rules
(https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type).
"""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
SNIFFED_BYTES = 512

BY_EXTENSION = {
    "css": "text/css",
    "csv": "text/csv",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wasm": "application/wasm",
    "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xml": "application/xml",
    "zip": "application/zip",
}

_HTML = re.compile(rb"[\t\n\f\r ]*<(!doctype html|html|head|body|script|!--)[\s>]", re.IGNORECASE)
_MAGIC = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"\xff\xd8\xff": "image/jpeg",
    b"\0asm": "application/wasm",
    b"PK\x03\x04": "application/zip",
}
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has."""


def media_type(name: str, data: bytes) -> str:
    """Return the media type of a file that is called ``name``, or has no name, and holds ``data``."""
    _, dot, extension = name.rpartition(".")
    return (BY_EXTENSION.get(extension.lower()) if dot else None) or _sniffed(data[:SNIFFED_BYTES])


def _sniffed(start: bytes) -> str:
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    if _BINARY.search(start):
        return UNKNOWN
    return "text/html" if _HTML.match(start) else "text/plain"
