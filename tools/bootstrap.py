"""Make .venv ready: check what the machine must have, install what pip can, build the Rust core. Standard library only.

Does only what is not done yet: the dependencies again when requirements.lock changed, the core when a Rust source changed.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
RUST_SOURCES = ("Cargo.toml", "Cargo.lock", "pyproject.toml", "rust/**/*.rs", "rust/**/Cargo.toml")


def main():
    """Check, install, build; each step says what it does and how long it took."""
    missing = [problem for problem in (python_problem(), venv_problem(), cargo_problem(), compiler_problem()) if problem]
    if missing:
        sys.exit("votive cannot be built here yet:\n" + "\n".join(f"  - {problem}" for problem in missing))
    step("virtual environment", VENV / ".made", digest_of([]), make_environment)
    step(
        "Python dependencies (about 100 packages, the largest Node.js)",
        VENV / ".dependencies",
        digest_of([LOCK]),
        install_dependencies,
    )
    sources = sorted(path for pattern in RUST_SOURCES for path in ROOT.glob(pattern))
    step("Rust core (a minute or two the first time)", VENV / ".core", digest_of(sources), build_core)


def python_problem():
    """Say what is wrong with this Python, or nothing."""
    if sys.version_info < (3, 11):  # noqa: UP036  # whoever runs this has not been checked yet
        found = sys.version.split()[0]
        return f"Python 3.11 or newer is needed; this is {found}. Install it (Debian: apt install python3.11), then make PYTHON=python3.11."
    return None


def venv_problem():
    """Debian ships venv and ensurepip apart from Python."""
    absent = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if absent:
        names = " and ".join(absent)
        return f"Python's {names} cannot be imported. Install the package python3-venv (Debian, Ubuntu: apt install python3-venv)."
    return None


def cargo_problem():
    """Cargo must be there and new enough for rust-version in Cargo.toml."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "cargo is not on PATH. Install Rust (https://rustup.rs, or your system's package) and open a new shell."
    answer = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False, cwd=ROOT)
    if answer.returncode != 0:
        return f"`cargo --version` fails: {answer.stderr.strip()}"
    needed = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    found = re.search(r"(\d+\.\d+)", answer.stdout).group(1)
    if version(found) < version(needed):
        return f"Rust {needed} or newer is needed; cargo says {answer.stdout.strip()}. Run `rustup update stable`."
    return None


def version(text):
    """Make '1.88' comparable."""
    return tuple(int(part) for part in text.split("."))[:2]


def compiler_problem():
    """Rust links with its driver, and the arithmetic of BLS12-381 is C, which needs the headers of the C library too."""
    install = "Debian, Ubuntu: apt install gcc libc6-dev; macOS: xcode-select --install."
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return f"no C compiler (cc, gcc or clang) is on PATH. {install}"
    program = b"#include <stdlib.h>\nint main(void) { return 0; }\n"
    tried = subprocess.run([compiler, "-x", "c", "-", "-o", os.devnull], input=program, capture_output=True, check=False)
    if tried.returncode != 0:
        return f"{compiler} cannot compile a program of two lines; most likely the C library's headers are missing. {install}"
    return None


def digest_of(paths):
    """Digest names and contents of ``paths`` and the Python in use."""
    digest = hashlib.sha256(sys.version.encode())
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def step(title, stamp, digest, action):
    """Run ``action`` unless ``stamp`` says that it was done for the same inputs."""
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"· {title} …", file=sys.stderr, flush=True)
    start = time.monotonic()
    action()
    stamp.write_text(digest)
    print(f"  done in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


def make_environment():
    """Create .venv afresh."""
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def install_dependencies():
    """Install exactly what requirements.lock names, by hash."""
    run([python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement", str(LOCK)])


def build_core():
    """Build the extension module into src/votive/core and make `votive` importable from src."""
    # Else cargo names each of 200 crates that it downloads; errors are told all the same.
    quiet = {"PIP_QUIET": "1", "CARGO_TERM_QUIET": "true"}
    environment = {**os.environ, **quiet, "VIRTUAL_ENV": str(VENV), "MATURIN_NO_INSTALL_RUST": "1", "PIP_NO_DEPS": "1"}
    run([python(), "-m", "maturin", "develop", "--release", "--locked", "--quiet"], env=environment)


def python():
    """Path of the environment's interpreter."""
    return str(VENV / "bin" / "python")


def run(command, **options):
    """Run a command; on failure stop with its name and status."""
    finished = subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr, **options)
    if finished.returncode != 0:
        sys.exit(f"votive: `{' '.join(command)}` ended with status {finished.returncode}; its output is above.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nvotive: the set-up was interrupted. The same command again goes on with it.", file=sys.stderr)
        sys.exit(130)
