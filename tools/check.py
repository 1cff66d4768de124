"""Every static check of the project, in one list that a person can read. Ends non-zero if any fails, after running all."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

CHECKS = {
    "Python style": [BIN / "ruff", "check", "."],
    "Python format": [BIN / "ruff", "format", "--check", "."],
    "Python types": [BIN / "mypy"],
    "floors of the house": [BIN / "lint-imports"],
    "licences of Python packages": [BIN / "python", "tools/licences.py"],
    "Rust format": ["cargo", "fmt", "--all", "--check"],
    "Rust lints": ["cargo", "clippy", "--release", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    "licences and sources of Rust crates": [BIN / "cargo-deny", "--offline", "--locked", "check", "licenses", "bans", "sources"],
    "contract artifacts are what the sources give": [BIN / "python", "contracts/build.py", "--check"],
    "bundled JavaScript is what its packages give": [BIN / "python", "-m", "votive.action.bundle", "--check"],
    "all places name one version": [BIN / "python", "tools/versions.py"],
}


def main() -> int:
    """Run all checks; print one line each and the output of those that fail."""
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    print(f"{len(CHECKS) - len(failed)} of {len(CHECKS)} checks passed" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def passes(name: str, command: list) -> bool:
    """Run one check."""
    start = time.monotonic()
    finished = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    verdict = "ok    " if finished.returncode == 0 else "FAILED"
    print(f"{verdict} {name} ({seconds:.0f} s): {' '.join(shown(part) for part in command)}", flush=True)
    if finished.returncode != 0:
        print(finished.stdout + finished.stderr, flush=True)
    return finished.returncode == 0


def shown(part: object) -> str:
    """Show a path of ours relative to the project."""
    return str(part).replace(f"{ROOT}/", "")


if __name__ == "__main__":
    sys.exit(main())
