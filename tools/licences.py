"""Fail if a locked Python package has a licence that we do not take: AGPL, non-commercial, or one that nobody has looked at."""

import importlib.metadata
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAKEN = re.compile(
    r"\b(MIT|Apache|BSD|ISC|MPL|PSF|Python Software Foundation|Unlicense|CC0|Zlib|LGPL|public domain|0BSD|any-OSI|CNRI|HPND)",
    re.IGNORECASE,
)
REFUSED = re.compile(r"AGPL|Affero|non-?commercial|NonCommercial|CC-BY-NC|BUSL|SSPL|Commons Clause", re.IGNORECASE)
LOOKED_AT: dict[str, str] = {}
"""Packages whose metadata does not say, with what their licence file says."""


def locked() -> list[str]:
    """Names in requirements.lock."""
    return re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE | re.IGNORECASE)


def licence_of(name: str) -> str | None:
    """All that the installed package says of its licence; None if it is not installed on this platform."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License")]
    return " | ".join([metadata.get("License-Expression") or "", (metadata.get("License") or "")[:200], *classifiers])


def problem(name: str) -> str | None:
    """Say why the package cannot be taken, or nothing."""
    licence = licence_of(name)
    if licence is None or name in LOOKED_AT:
        return None
    if REFUSED.search(licence):
        return f"{name}: {licence}"
    return None if TAKEN.search(licence) else f"{name}: unclear licence «{licence}»; read it and add it to LOOKED_AT"


problems = [text for text in map(problem, locked()) if text]
if problems:
    sys.exit("\n".join(problems))
