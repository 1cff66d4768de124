"""The examples for Lit's SDK do what their README says, by the commands that it names."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.sdk import Node, find_node, install
from tests.e2e.conftest import ROOT, Place, votive

FOLDER = ROOT / "examples" / "lit-sdk"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.mjs") if path.stem != "votive")
GUARD = ROOT / "tests" / "conformance" / "flows" / "loopback.cjs"
ADDRESS = "0x[0-9a-fA-F]{40}"


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    out: list[str]
    errors: str


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def node() -> Node:
    """Node.js, with the packages of the examples' own lock installed."""
    node = find_node()
    install(node, FOLDER)
    return node


@pytest.fixture(scope="session")
def run(node: Node) -> Run:
    """Run a program of the examples, which may reach this machine only."""

    def run(program: str, *words: object) -> Done:
        command = [node.node, "--require", str(GUARD), f"{program}.mjs", *map(str, words)]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
        return Done(done.returncode, [line for line in done.stdout.splitlines() if "lit-js-sdk:" not in line], done.stderr)

    return run


@pytest.fixture(scope="session")
def described(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `votive lit-config` writes of the network."""
    file = tmp_path_factory.mktemp("lit") / "network.json"
    file.write_text(json.dumps(place.run("lit-config")))
    return file


def account(place: Place, number: int) -> dict[str, Any]:
    found: dict[str, Any] = place.run("status")["accounts"][number]
    return found


def told(pattern: str, lines: list[str]) -> str:
    """The first group of ``pattern`` in the line that has it."""
    found = [match[1] for line in lines if (match := re.search(pattern, line))]
    assert found, f"no line has {pattern}: {lines}"
    return found[0]


def test_the_readme_names_every_program_and_no_other() -> None:
    named = re.findall(r"^\| `([\w-]+)\.mjs` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(named) == PROGRAMS


def test_the_lock_pins_packages_and_names_no_address() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    assert lock[""]["dependencies"] == wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert all("integrity" in entry and "resolved" not in entry for path, entry in lock.items() if path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_say_what_they_need(run: Run, program: str) -> None:
    done = run(program)
    assert done.status == 1
    assert f"node {program}.mjs network.json PRIVATE_KEY" in done.errors


def test_a_key_is_minted_and_signs(run: Run, place: Place, described: Path) -> None:
    done = run("sign", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert told(f"made by ({ADDRESS})", done.out) == told(f"minted ({ADDRESS})", done.out)


def test_an_action_runs_and_signs(run: Run, place: Place, described: Path) -> None:
    done = run("action", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert "response: the sum is 12" in done.out
    assert "logs: added 3 numbers" in done.out
    assert told(f"signed by ({ADDRESS})", done.out) == told(f"the key ({ADDRESS})", done.out)


def test_a_condition_decides_who_reads(run: Run, place: Place, described: Path) -> None:
    done = run("encrypt", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert "who has a coin reads: for few eyes" in done.out
    assert "who has none: refused, NodeAccessControlConditionsReturnedNotAuthorized" in done.out


def test_only_the_program_uses_a_burned_key(run: Run, place: Place, described: Path) -> None:
    done = run("mint-grant-burn", described, account(place, 4)["private_key"])
    assert done.status == 0, done.errors
    assert told(f"4: signed by ({ADDRESS})", done.out) == told(f"key ({ADDRESS})", done.out)
    assert "5: refused, NodeJsExecutionError" in done.out
    assert "without the program: refused, NodeAuthSigScopeTooLimited" in done.out
