"""Logging: one JSON object a line on standard error, with allowed fields only.

Nothing logs a body, a header, a signature share or an exception's variables; secrets are not in Python to begin with.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

from votive.node.config import LogSection


def configure(section: LogSection, seat: int | None = None) -> None:
    """Set up structlog for this process, and send the libraries' warnings the same way."""
    renderer: Processor = structlog.processors.JSONRenderer() if section.format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[section.level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    if seat is not None:
        structlog.contextvars.bind_contextvars(seat=seat)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
