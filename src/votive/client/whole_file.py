"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def writing(file: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write beside ``file``, and put it in its place when the block ends well; ``mode`` is its permissions, less the umask.

    Raises:
        OSError: it cannot be written.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            yield opened
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
