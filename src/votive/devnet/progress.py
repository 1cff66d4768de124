"""What long work says while it goes on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """One step began, or got further."""

    text: str
    """What is being done, for a person."""


Report = Callable[[Progress], None]
"""Takes the steps as they come; called on the event loop, so it must not block."""


def silent(_: Progress) -> None:
    """Report nothing."""
