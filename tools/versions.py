"""Fail if pyproject.toml, Cargo.toml, terms/version.py and the newest release in CHANGELOG.md do not give the same version."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = {
    "pyproject.toml": r'^version = "([^"]+)"',
    "Cargo.toml": r'^version = "([^"]+)"',
    "src/votive/terms/version.py": r'^VERSION = "([^"]+)"',
    "CHANGELOG.md": r"^## (\d\S*)",
}


def version_in(place: str, pattern: str) -> str:
    """Return the first version that ``place`` states."""
    found = re.search(pattern, (ROOT / place).read_text(), re.MULTILINE)
    return found.group(1) if found else "none"


versions = {place: version_in(place, pattern) for place, pattern in PLACES.items()}
if len(set(versions.values())) != 1:
    sys.exit("the versions differ: " + ", ".join(f"{place} says {version}" for place, version in versions.items()))
