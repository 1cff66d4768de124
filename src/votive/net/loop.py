"""Which event loop a node runs on."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import Literal

LoopName = Literal["auto", "uvloop", "asyncio"]


def loop_factory(name: LoopName = "auto") -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what ``asyncio.Runner(loop_factory=...)`` takes: uvloop where it is installed, unless one is named."""
    if name == "asyncio" or (name == "auto" and importlib.util.find_spec("uvloop") is None):
        return asyncio.new_event_loop
    import uvloop  # noqa: PLC0415  # optional: absent where only asyncio is wanted

    return uvloop.new_event_loop
