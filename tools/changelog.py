"""Fail if CHANGELOG.md's newest entry is not the version that pyproject.toml gives."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
if newest is None or newest.group(1) != version:
    sys.exit(f"CHANGELOG.md begins with {newest.group(1) if newest else 'no version'}, pyproject.toml says {version}: write the entry.")
