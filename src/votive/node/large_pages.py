"""The node's memory in large pages (docs/decisions/0076).

Between two steps of the engine a node finds its objects in no cache, and the addresses of their pages neither: looking these up
is an eighth of what its event loop does. Linux gives pages of 2 MiB to who asks; the C library asks for its heap if told so
before the program begins, and Python takes all its memory from that heap if told so too.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_MODES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_TUNABLES, _ALLOCATOR = "GLIBC_TUNABLES", "PYTHONMALLOC"
_ASKING = "glibc.malloc.hugetlb"
_FIRST_GLIBC = (2, 35)
"""The first that can ask."""


def in_large_pages() -> None:
    """Begin this program anew, as the same process, with its memory in large pages; return where that brings nothing.

    What the environment says of either setting stays as it is: whoever runs the node has chosen.
    """
    given = os.environ.get(_TUNABLES, "")
    chosen = _ALLOCATOR in os.environ or _ASKING in given
    if chosen or not (sys.executable and _on_request() and _can_ask()):
        return
    tunables = f"{given}:{_ASKING}=1" if given else f"{_ASKING}=1"
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, _ALLOCATOR: "malloc", _TUNABLES: tunables})  # noqa: S606


def _on_request() -> bool:
    try:
        return "[madvise]" in _MODES.read_text()
    except OSError:
        return False  # another system, or one without them


def _can_ask() -> bool:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        return False  # another C library
    return name == "glibc" and tuple(int(part) for part in version.split(".")[:2]) >= _FIRST_GLIBC
