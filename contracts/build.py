"""Build the contracts' artifacts: `build.py` writes them, `build.py --check` compares them byte for byte.

The compiler is the npm package ``solc``, run by the Deno of the Python package ``deno``; package.json pins the versions and
deno.lock the hashes of everything that is fetched. Two runs anywhere give the same bytes: no paths and no metadata go in.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "src"
ARTIFACTS = HERE.parent / "src" / "votive" / "chain" / "artifacts"
CONTRACTS = (
    "ContractResolver",
    "Staking",
    "PubkeyRouter",
    "PKPPermissions",
    "PKPNFT",
    "PKPHelper",
    "RateLimitNFT",
    "Allowlist",
    "LITToken",
    "Multisender",
    "PKPNFTMetadata",
    "StakingBalances",
    "HDKeyDeriver",
)
SETTINGS: dict[str, Any] = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": True,
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}
SELECTION = {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}}


def find_deno() -> str:
    """Return the path of the Deno that the package ``deno`` installed beside this Python."""
    beside = Path(sys.executable).parent / "deno"
    if not beside.exists():
        raise SystemExit(f"no Deno at {beside}: install the project with its extra 'node' into this environment")
    return str(beside)


def run_deno(*arguments: str) -> bytes:
    """Run Deno in contracts/ and return its standard output; end with its messages if it fails."""
    environment = {"DENO_TLS_CA_STORE": "system", "DENO_NO_UPDATE_CHECK": "1", **os.environ}
    command = [find_deno(), *arguments]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"deno {arguments[0]} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def install() -> None:
    """Fetch the pinned packages into contracts/node_modules; refuses anything that deno.lock does not name."""
    run_deno("install", "--frozen", "--quiet")


def standard_input() -> dict[str, Any]:
    """Return Solidity's standard JSON input: every source under its bare file name."""
    sources = {path.name: {"content": path.read_text()} for path in sorted(SOURCES.glob("*.sol"))}
    return {"language": "Solidity", "sources": sources, "settings": {**SETTINGS, "outputSelection": SELECTION}}


def compile_all() -> dict[str, Any]:
    """Compile and return the compiler's answer; an error, or a warning about a source of ours, ends the build."""
    with tempfile.TemporaryDirectory() as scratch:
        question = Path(scratch) / "input.json"
        question.write_text(json.dumps(standard_input()))
        printed = run_deno("run", "--frozen", "--quiet", "--allow-read", "--allow-env", "compile.js", str(question))
        answer: dict[str, Any] = json.loads(printed)
    complaints = [error for error in answer.get("errors", []) if is_ours(error)]
    if complaints:
        raise SystemExit("\n".join(error["formattedMessage"] for error in complaints))
    return answer


def is_ours(error: dict[str, Any]) -> bool:
    """Whether a message of the compiler must end the build: all but warnings about the pinned libraries."""
    file = (error.get("sourceLocation") or {}).get("file", "")
    return error["severity"] == "error" or not file.startswith("@openzeppelin/")


def artifact(name: str, answer: dict[str, Any], compiler: str) -> bytes:
    """Return the bytes of one artifact file."""
    output = answer["contracts"][f"{name}.sol"][name]
    content = {
        "contractName": name,
        "compiler": {"name": "solc", "version": compiler, "settings": SETTINGS},
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + output["evm"]["deployedBytecode"]["object"],
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def build() -> dict[str, bytes]:
    """Return the content of all artifact files by file name."""
    compiler = json.loads((HERE / "package.json").read_text())["dependencies"]["solc"]
    install()
    answer = compile_all()
    return {f"{name}.json": artifact(name, answer, compiler) for name in CONTRACTS}


def write(files: dict[str, bytes]) -> None:
    """Write the artifacts into the package."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (ARTIFACTS / name).write_bytes(content)


def differing(files: dict[str, bytes]) -> list[str]:
    """Return the names of artifacts that are missing, left over, or not what a fresh build gives."""
    present = {path.name: path.read_bytes() for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in files.keys() | present.keys() if files.get(name) != present.get(name))


def main() -> int:
    """Build, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare with the committed artifacts instead of writing them")
    arguments = parser.parse_args()
    files = build()
    if not arguments.check:
        write(files)
        return 0
    wrong = differing(files)
    if wrong:
        sys.stderr.write(f"these artifacts are not what the sources give; run contracts/build.py: {', '.join(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
