"""A table for people and a JSON file for machines."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parent.parent / "bench-results"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: what was measured, in which unit, and the reach that was set for it, if one was."""

    name: str
    unit: str
    value: float
    p95: float | None = None
    samples: int = 1
    reach: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one section with the machine they came from."""

    section: str
    rows: tuple[Row, ...]
    machine: str = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    taken: str = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def percentile(samples: Sequence[float], fraction: float) -> float:
    """Return the nearest-rank percentile of ``samples``."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def timed(name: str, milliseconds: Sequence[float], reach: str = "") -> Row:
    """Summarise latencies as p50 and p95."""
    return Row(
        name=name,
        unit="ms",
        value=percentile(milliseconds, 0.5),
        p95=percentile(milliseconds, 0.95),
        samples=len(milliseconds),
        reach=reach,
    )


def publish(report: Report) -> None:
    """Print the table and write bench-results/<section>.json."""
    table = Table(title=f"{report.section} ({report.machine})", title_justify="left")
    for heading in ("what", "p50 or value", "p95", "unit", "samples", "reach"):
        table.add_column(heading)
    for row in report.rows:
        table.add_row(row.name, f"{row.value:.4g}", "" if row.p95 is None else f"{row.p95:.4g}", row.unit, str(row.samples), row.reach)
    Console().print(table)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{report.section}.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
