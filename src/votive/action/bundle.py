"""Builds the ethers bundle that actions find as a global; with ``--check``, compares a fresh build with the one that is shipped.

    python -m votive.action.bundle [--check]

Everything comes from the npm registry through Deno, at the versions and hashes of ``js/ethers/deno.lock``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from votive.action.launcher import find_deno

_JS = Path(__file__).parent / "js"
_SOURCES = ("build.js", "deno.json", "deno.lock", "entry.js")
_PRODUCTS = ("ethers.js", "ethers.LICENSES.txt")


def build(directory: Path) -> tuple[Path, ...]:
    """Build in ``directory`` and return the products; CalledProcessError if Deno, npm or esbuild failed."""
    for name in _SOURCES:
        shutil.copy(_JS / "ethers" / name, directory / name)
    products = tuple(directory / name for name in _PRODUCTS)
    command = [str(find_deno()), "run", "--quiet", "--allow-all", "--frozen", "build.js", *(str(path) for path in products)]
    subprocess.run(command, cwd=directory, check=True)  # noqa: S603  # every word is ours
    return products


def differing(products: tuple[Path, ...]) -> list[str]:
    """Return the names of those products that are not what is shipped, byte for byte."""
    return [path.name for path in products if not _same(path, _JS / path.name)]


def _same(built: Path, shipped: Path) -> bool:
    return shipped.is_file() and built.read_bytes() == shipped.read_bytes()


def main() -> int:
    """Build, then compare or install; 1 if a comparison fails."""
    parser = argparse.ArgumentParser(prog="python -m votive.action.bundle", description="Build the ethers bundle of the action runtime.")
    parser.add_argument("--check", action="store_true", help="build and compare, change nothing")
    only_check = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="votive-bundle-") as directory:
        products = build(Path(directory))
        if only_check:
            return _report(differing(products))
        for path in products:
            shutil.copy(path, _JS / path.name)
    return 0


def _report(names: list[str]) -> int:
    for name in names:
        sys.stderr.write(f"{name} is not what its sources build. Run `python -m votive.action.bundle` and commit the result.\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
